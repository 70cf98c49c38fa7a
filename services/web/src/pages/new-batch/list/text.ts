/** A file's bytes as text, whatever program has written them. */

/** What cannot be read as a list. `message` is the sentence for people. */
export class ListError extends Error {}

export interface Text {
  /** Lines end in "\n", whatever they ended in. */
  text: string;
  /** As TextDecoder calls it. */
  encoding: string;
}

/** Encodings to choose from, where the file isn't Unicode: which one it is can't be told from its bytes. */
export const olderEncodings = [
  'windows-1252',
  'windows-1250',
  'windows-1251',
  'windows-1253',
  'windows-1254',
  'iso-8859-2',
  'macintosh',
  'shift_jis',
  'gb18030',
  'big5',
  'euc-kr',
];

export function decode(bytes: Uint8Array, asked?: string): Text {
  if (isWorkbook(bytes)) {
    throw new ListError(
      'This is a spreadsheet’s workbook, such as .xlsx, and not a CSV file. In the spreadsheet, save it as “CSV UTF-8”.',
    );
  }
  const encoding = asked ?? encodingOf(bytes);
  const text = new TextDecoder(encoding).decode(bytes); // takes the byte-order mark off
  if (/\0/.test(text.slice(0, 1000))) {
    throw new ListError('This is not a text file. Save the list as “CSV UTF-8”, and choose that file.');
  }
  return { text: text.replaceAll(/\r\n?/g, '\n'), encoding };
}

function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return 'utf-8';
  } catch {
    return 'windows-1252'; // what spreadsheets in the west of Europe and in America write
  }
}

/** A ZIP archive, as .xlsx and .ods are, or an OLE one, as .xls is. */
const isWorkbook = ([a, b, c, d]: Uint8Array) =>
  (a === 0x50 && b === 0x4b && c === 0x03 && d === 0x04) || (a === 0xd0 && b === 0xcf && c === 0x11 && d === 0xe0);

export type Separator = ',' | ';' | '\t' | '|';

/** What the line "sep=;" says, which spreadsheets write and read; else what the first line has most of. */
export function separatorOf(text: string): { separator: Separator; skip: number } {
  const line = text.slice(0, text.indexOf('\n') < 0 ? undefined : text.indexOf('\n'));
  const said = /^"?sep=([,;\t|])"?\s*$/i.exec(line)?.[1];
  if (said) return { separator: said as Separator, skip: 1 };
  const first = text.split('\n', 50).find((each) => /[^ ,;\t|]/.test(each)) ?? '';
  const outside = first.replaceAll(/"[^"]*"/g, '');
  const times = (separator: string) => outside.split(separator).length;
  const most = ([',', ';', '\t', '|'] as const).reduce((best, each) => (times(each) > times(best) ? each : best));
  return { separator: most, skip: 0 };
}
