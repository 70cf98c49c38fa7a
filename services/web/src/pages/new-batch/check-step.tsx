import '../batches/refusals.css';

import { useEffect, useState } from 'react';

import type { Schemas } from '../../api/client';
import { announce } from '../../ui/announce';
import { Button } from '../../ui/button';
import { saveCsv } from '../../ui/csv';
import { count, formatNumber } from '../../ui/format';
import { RefusedByCode, RefusedRows } from '../batches/refusals';
import type { ListReader } from './list/reader';
import type { Columns, ListFile } from './state';
import { StepPanel } from './steps';

interface Props {
  list: ListFile;
  columns: Columns;
  preview: Schemas['BatchPreview'];
  reader: () => ListReader;
  onBack: () => void;
  onNext: () => void;
}

const sumOf = (counts: Schemas['RefusedByCode']) => Object.values(counts).reduce((sum, rows) => sum + rows, 0);

/** What the server says of the list: how many are called, and the bad rows alone. */
export function CheckStep({ list, columns, preview, reader, onBack, onNext }: Props) {
  const { rows, refused, refused_by_code, refused_rows } = preview;
  const found = useRows(reader, preview);
  const explained = refused_rows.map((refusal) => explain(refusal, found?.get(refusal.row), list));
  const sentence = checkSentence(preview);
  useEffect(() => announce(sentence), [sentence]);
  const download = async () => {
    const refusals = explained.map(({ row, code, message }) => ({ line: row, code, message }));
    saveCsv(`refused rows of ${list.file.name}`, await reader().ask('refused', refusals));
  };
  return (
    <StepPanel title="Check">
      <p className="check-figure number">{sentence}</p>
      {refused > 0 && (
        <>
          {rows > 0 && (
            <p className="muted">
              Refused rows don’t stop the others. To mend them, download them and submit them as another batch.
            </p>
          )}
          {rows === 0 && <p>No row can be called: go back and choose other columns or a country, or mend the file.</p>}
          <RefusedByCode counts={refused_by_code} />
          {sumOf(refused_by_code) < refused && (
            <p className="small muted">These are the codes of the first {formatNumber(sumOf(refused_by_code))} rows.</p>
          )}
          <div className="row refused-head">
            <span className="small muted">
              {refused_rows.length < refused
                ? `Only the first ${formatNumber(refused_rows.length)} of ${count(refused, 'refused row')}`
                : count(refused, 'refused row')}
              , by their lines in the file
            </span>
            <Button
              onClick={() => void download()}
            >{`Download ${refused_rows.length === 1 ? 'this row' : `these ${formatNumber(refused_rows.length)} rows`}`}</Button>
          </div>
          <RefusedRows rows={explained} cellOf={(row) => cellOf(found?.get(row), columns.number)} />
        </>
      )}
      {refused === 0 && <p className="muted">No row is refused.</p>}
      <div className="row">
        {rows > 0 && (
          <Button kind="primary" onClick={onNext}>
            {`Go on with ${count(rows, 'call')}`}
          </Button>
        )}
        <Button onClick={onBack}>Back to the columns</Button>
      </div>
    </StepPanel>
  );
}

/** "9,872 will be called · 128 rows refused · 40 numbers twice". */
export function checkSentence({ rows, refused, refused_by_code }: Schemas['BatchPreview']): string {
  const twice = refused_by_code.duplicate_number ?? 0;
  return [
    `${formatNumber(rows)} will be called`,
    refused > 0 && `${count(refused, 'row')} refused`,
    twice > 0 && `${count(twice, 'number')} twice`,
  ]
    .filter(Boolean)
    .join(' · ');
}

/** The refused rows as the file has them: the server masks what it sends back. */
function useRows(reader: () => ListReader, { refused_rows }: Schemas['BatchPreview']) {
  const [rows, setRows] = useState<Map<number, string[]>>();
  useEffect(() => {
    let current = true;
    const lines = refused_rows.map(({ row }) => row);
    reader()
      .ask('rows', lines)
      .then(
        (found) => current && setRows(new Map(found.map(({ line, cells }) => [line, cells]))),
        () => undefined, // the masked ones are shown then
      );
    return () => {
      current = false;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the reader is the page's for its whole life
  }, [refused_rows]);
  return rows;
}

const cellOf = (cells: string[] | undefined, number: number | undefined) =>
  number === undefined ? undefined : cells?.[number];

/** The server counts the cells of what it was sent; the person counts those of the file. */
function explain(
  refusal: Schemas['RefusedRow'],
  cells: string[] | undefined,
  { facts }: ListFile,
): Schemas['RefusedRow'] {
  if (refusal.code !== 'csv_malformed' || !cells || cells.length <= facts.columns.length) return refusal;
  const separator = separatorNames[facts.separator];
  const message = `The row has ${cells.length} cells, but there are ${facts.columns.length} columns. If a cell holds a ${separator}, put it in quotes.`;
  return { ...refusal, message };
}

const separatorNames = { ',': 'comma', ';': 'semicolon', '\t': 'tab', '|': 'bar' };
