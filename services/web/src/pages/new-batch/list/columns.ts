import type { List } from './read';

/** Names by which the number's column is known, as the server knows them (services/internal/intake/columns.go). */
const numberNames = new Set(
  [
    'phone number, phone, phone no, number, telephone, telephone number, telephone no, tel, tel no, tel number',
    'mobile, mobile number, mobile phone, mobile no, cell, cell phone, cell number, msisdn',
    'telefon, telefonnummer, telefonnr, tel nr, rufnummer, mobil, mobilnummer, mobiltelefon, handy, handynummer',
    'téléphone, numéro de téléphone, n° de téléphone, no de téléphone, portable, téléphone portable',
    'teléfono, número de teléfono, móvil, celular, telefono, numero di telefono, cellulare',
    'telefone, número de telefone, telemóvel, telefoon, telefoonnummer, mobiel, mobiel nummer',
    'numer telefonu, komórka, puhelin, puhelinnumero, telefon numarası, cep telefonu',
    'телефон, номер телефона, 電話番号, 电话, 电话号码, 手机, 手机号',
  ].flatMap((names) => names.split(', ').map(plain)),
);
const regionNames = new Set(['region', 'country', 'countrycode']);

/** A name without what people write differently: case, blanks and signs, accents. */
function plain(name: string): string {
  return name
    .normalize('NFD')
    .toLowerCase()
    .replaceAll('ı', 'i')
    .replaceAll(/[^\p{L}\p{Nd}]/gu, '')
    .normalize('NFC');
}

export function looksLikeNumber(cell: string): boolean {
  return /^[+\d\s().\-/'’=]+$/u.test(cell) && cell.replaceAll(/\D/g, '').length >= 6;
}

/** A column of the file, as the person sees it. */
export interface ListColumn {
  /** Its name, or its place where it has none. No two are the same: they are keys of metadata. */
  name: string;
  /** Of its first cells that aren't empty, the share that looks like phone numbers. */
  numbers: number;
  /** And the share that looks like codes of countries. */
  regions: number;
  /** Whether its name says that it holds the numbers. */
  namedNumber: boolean;
  namedRegion: boolean;
  example: string;
}

const looked = 200; // rows

export function columnsOf({ header, rows }: Pick<List, 'header' | 'rows'>): ListColumn[] {
  const some = rows.slice(0, looked);
  const width = header?.cells.length ?? some.reduce((most, { cells }) => Math.max(most, cells.length), 0);
  const names = uniqueNames(Array.from({ length: width }, (_, place) => header?.cells[place]?.trim() ?? ''));
  return names.map((name, place) => {
    const cells = some.map((row) => row.cells[place]?.trim() ?? '').filter((cell) => cell !== '');
    const share = (fits: (cell: string) => boolean) => (cells.length ? cells.filter(fits).length / cells.length : 0);
    return {
      name,
      numbers: share(looksLikeNumber),
      regions: share((cell) => /^[A-Za-z]{2}$/.test(cell)),
      namedNumber: header !== undefined && numberNames.has(plain(name)),
      namedRegion: header !== undefined && regionNames.has(plain(name)),
      example: cells[0] ?? '',
    };
  });
}

/** Columns without a name are called by their place; a name that stands twice gets a number. */
function uniqueNames(names: string[]): string[] {
  const taken = new Set<string>();
  return names.map((written, place) => {
    const name = written || `column ${place + 1}`;
    let unique = name;
    for (let count = 2; taken.has(unique); count++) unique = `${name} ${count}`;
    taken.add(unique);
    return unique;
  });
}

export interface Guess {
  /** The column's place; undefined: the person has to say. */
  number: number | undefined;
  /** Why, or what is missing. */
  because: string;
}

/** Which column holds the numbers: by its name, then by what is in it. Two that may is nobody's guess. */
export function guessNumber(columns: readonly ListColumn[]): Guess {
  const named = columns.filter((column) => column.namedNumber && column.numbers >= 0.5);
  const filled = columns.filter((column) => column.numbers >= 0.5);
  const onlyNamed = columns.filter((column) => column.namedNumber);
  const by = (column: ListColumn, because: string) => ({ number: columns.indexOf(column), because });
  if (named.length === 1 && named[0]) return by(named[0], 'found by its name');
  if (named.length > 1) return { number: undefined, because: mayAll(named) };
  if (filled.length === 1 && filled[0]) return by(filled[0], 'found by what is in it');
  if (filled.length > 1) return { number: undefined, because: mayAll(filled) };
  if (onlyNamed.length === 1 && onlyNamed[0]) return by(onlyNamed[0], 'found by its name');
  const names = columns.map(({ name }) => name).join(', ');
  return { number: undefined, because: `No column seems to hold phone numbers. Right now there are: ${names}.` };
}

const mayAll = (columns: ListColumn[]) =>
  `${columns.map(({ name }) => `“${name}”`).join(' and ')} may all hold the numbers. Choose which is called.`;

/** Which column holds each row's country, if any does. */
export function guessRegion(columns: readonly ListColumn[]): number | undefined {
  const place = columns.findIndex((column) => column.namedRegion && column.regions >= 0.5);
  return place < 0 ? undefined : place;
}
