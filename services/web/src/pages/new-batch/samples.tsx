import { countryName, usePhoneLibrary } from '../../ui/phone';
import { Table, type Column } from '../../ui/table';
import { readNumber, type PhoneLibrary } from '../call-now/number';
import type { Row } from './list/read';
import type { Columns, ListFile } from './state';

/** The first rows as they will be understood, which changes as the columns are chosen. */
export function Samples({ list: { facts }, columns }: { list: ListFile; columns: Columns }) {
  const library = usePhoneLibrary();
  const cell = ({ cells }: Row, place: number | undefined) => (place === undefined ? '' : (cells[place] ?? '')).trim();
  const shown: Column<Row>[] = [
    { id: 'line', head: 'Line', cell: ({ line }) => line },
    {
      id: 'written',
      head: 'Number as written',
      cell: (row) => <span className="cell">{cell(row, columns.number)}</span>,
    },
    {
      id: 'read',
      head: 'Read as',
      plain: true,
      cell: (row) => (
        <Read
          library={library}
          text={cell(row, columns.number)}
          country={cell(row, columns.region) || columns.country}
        />
      ),
    },
    ...columns.metadata.map((place) => ({
      id: `metadata-${place}`,
      head: facts.columns[place]?.name ?? '',
      cell: (row: Row) => <span className="cell">{cell(row, place)}</span>,
    })),
  ];
  return (
    <div className="samples">
      <h3>The first rows</h3>
      <div className="samples-scroll" tabIndex={0} role="region" aria-label="The first rows as they are read">
        <Table
          label="The first rows, as they are read"
          columns={shown}
          rows={facts.samples}
          keyOf={({ line }) => String(line)}
        />
      </div>
    </div>
  );
}

interface ReadProps {
  library: PhoneLibrary | undefined;
  text: string;
  country: string;
}

/** What this page makes of a number. The server has the last word, in the check. */
function Read({ library, text, country }: ReadProps) {
  if (text === '') return <span className="field-error">No number</span>;
  if (!library) return null;
  const code = country.toUpperCase();
  if (!text.startsWith('+') && !library.isSupportedCountry(code)) {
    return <span className="field-error">Needs a country</span>;
  }
  const reading = readNumber(library, { text, country: code }, countryName);
  if (!reading.e164) return <span className="field-error">{reading.says}</span>;
  return (
    <span className="sample-read">
      <span className="number nowrap">{reading.e164}</span>
      <span className="muted">{reading.says}</span>
    </span>
  );
}
