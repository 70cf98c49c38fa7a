import type { Schemas } from '../../api/client';
import { formatNumber } from '../../ui/format';

const sentences: Record<Schemas['RefusalCode'], string> = {
  phone_number_missing: 'There is no number.',
  phone_number_invalid: 'The number can’t be valid.',
  number_not_callable: 'A short, premium-rate, shared-cost or emergency number.',
  duplicate_number: 'The number stood in an earlier row.',
  metadata_invalid: 'Metadata that is too much, or too long.',
  csv_malformed: 'More cells than there are columns, or a quote where none may be.',
};

const sentenceOf = (code: string) => sentences[code as Schemas['RefusalCode']] as string | undefined;

/** Refused rows by code, the most frequent first. */
export function RefusedByCode({ counts }: { counts: Schemas['RefusedByCode'] }) {
  const codes = Object.entries(counts).sort(([, one], [, other]) => other - one);
  return (
    <dl className="refused-by-code">
      {codes.map(([code, rows]) => (
        <div key={code}>
          <dd className="number">{formatNumber(rows)}</dd>
          <dt>
            <code>{code}</code> <span className="muted">{sentenceOf(code)}</span>
          </dt>
        </div>
      ))}
    </dl>
  );
}

interface RefusedProps {
  rows: readonly Schemas['RefusedRow'][];
  /** The number's cell, where we have the file itself; else as the server masks it. */
  cellOf?: (row: number) => string | undefined;
}

/** Refused rows alone, by their line in the file: the reason above the cell's own text. */
export function RefusedRows({ rows, cellOf }: RefusedProps) {
  return (
    <div className="refused-scroll" tabIndex={0} role="region" aria-label="Refused rows">
      <table className="refused-rows" aria-label="Refused rows">
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col">Reason, and the number as written</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ row, value, message }, place) => (
            <tr key={place}>
              <th scope="row" className="number">
                {formatNumber(row)}
              </th>
              <td>
                <span className="refused-reason">{message}</span>
                <span className="cell">{(cellOf?.(row) ?? value) || <span className="muted">(empty)</span>}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
