import { describe, expect, it } from 'vitest';

import { columnsOf, guessNumber, guessRegion } from './columns';
import { compose, composeRefused, type Mapping } from './compose';
import { readList, type ReadOptions } from './read';

const bytes = (text: string) => new TextEncoder().encode(text);
const read = (text: string, options?: ReadOptions, most = 100) => readList(bytes(text), most, options);
const cellsOf = (text: string, options?: ReadOptions) => read(text, options).rows.map(({ cells }) => cells);

describe('a file as people have it', () => {
  it.each([
    ['commas', 'phone,name\n+12025550143,Ada\n', ','],
    ['semicolons, with commas in the cells', 'phone;"name, first";x\n+12025550143;Ada;\n', ';'],
    ['tabs', 'phone\tname\n+12025550143\tAda\n', '\t'],
    ['what the first line says', 'sep=|\nphone|name,x,y\n+12025550143|Ada\n', '|'],
  ])('has cells between %s', (_, text, separator) => {
    const list = read(text);
    expect(list.separator).toBe(separator);
    expect(list.rows[0]?.cells.slice(0, 2)).toEqual(['+12025550143', 'Ada']);
  });

  it('keeps every cell as text', () => {
    expect(cellsOf('phone,code,x\n0152012345,1e5,="007"\n')).toEqual([['0152012345', '1e5', '007']]);
  });

  it('ends lines in any way, and counts them as a spreadsheet does', () => {
    const list = read('phone,note\r\n\r\n+12025550143,"two\r\nlines"\r\n,\r\n+12025550144,x\r');
    expect(list.rows.map(({ line }) => line)).toEqual([3, 6]);
    expect(list.rows[0]?.cells[1]).toBe('two\nlines');
  });

  it('may have no names of columns', () => {
    const list = read('+12025550143\n+12025550144\n');
    expect([list.header, list.rows.length]).toEqual([undefined, 2]);
    expect(read('+12025550143\n+12025550144\n', { header: true }).rows).toHaveLength(1);
  });

  it.each([
    ['utf-8', bytes('\uFEFFphone,name\n+12025550143,Zoë\n')],
    ['windows-1252', Uint8Array.from([...bytes('phone,name\n+12025550143,Zo'), 0xeb])],
    ['utf-16le', Uint8Array.from([0xff, 0xfe, ...utf16('phone,name\n+12025550143,Zoë')])],
  ])('is %s', (encoding, file) => {
    const list = readList(file, 10);
    expect(list.encoding).toBe(encoding);
    expect(list.header?.cells[0]).toBe('phone');
    expect(list.rows[0]?.cells[1]).toBe('Zoë');
  });
});

const utf16 = (text: string) => [...text].flatMap((each) => [each.charCodeAt(0) & 0xff, each.charCodeAt(0) >> 8]);

describe('a file that is no list says one thing', () => {
  it.each([
    ['a workbook', Uint8Array.from([0x50, 0x4b, 0x03, 0x04, 0, 0]), /workbook/],
    ['an image', Uint8Array.from([0x89, 0x50, 0, 0, 0, 1]), /not a text file/],
    ['nothing', bytes(' \n,,\n'), /is empty/],
    ['names only', bytes('phone,name\n'), /no row under the names of the columns \(phone, name\)/],
    ['too many rows', bytes('phone\n1\n2\n3\n'), /3 rows.*at most 2/],
    ['an open quote', bytes('phone,name\n+12025550143,"Ada\n+12025550144,x\n'), /opens in line 2 is never closed/],
  ])('%s', (_, file, sentence) => {
    expect(() => readList(file, 2)).toThrow(sentence);
  });
});

const guess = (text: string) => guessNumber(columnsOf(read(text)));

describe('the number’s column', () => {
  it.each([
    ['by its name', 'id,Telefon-Nr.\n123456789,+12025550143\n', 1],
    ['by its name, whatever the accents', 'nom,NUMÉRO DE TÉLÉPHONE\nAda,+12025550143\n', 1],
    ['by what is in it', 'who,where to\nAda,020 7946 0958\n', 1],
    ['not where two may', 'phone,mobile\n+12025550143,+12025550144\n', undefined],
    ['the one that is filled', 'phone,mobile\n,+12025550144\n,+12025550145\n', 1],
    ['not where none may', 'who,where\nAda,London\n', undefined],
  ])('is found %s', (_, text, place) => {
    expect(guess(text).number).toBe(place);
  });

  it('that can’t be told is asked for, with the names', () => {
    expect(guess('phone,mobile\n+12025550143,+12025550144\n').because).toMatch(/“phone” and “mobile”/);
    expect(guess('who,where\nAda,London\n').because).toMatch(/Right now there are: who, where/);
  });

  it('is beside one of countries only where that holds codes', () => {
    expect(guessRegion(columnsOf(read('phone,country\n1234567,GB\n')))).toBe(1);
    expect(guessRegion(columnsOf(read('phone,country\n1234567,England\n')))).toBeUndefined();
  });
});

const mapped = (text: string, mapping: Mapping) => compose(read(text), mapping);
const plainMapping: Mapping = { number: 0, region: undefined, metadata: [1] };

describe('what is sent', () => {
  it('has the used columns only, each row in its line', () => {
    const { csv } = mapped('secret;tel;name\n\nx;+12025550143;Ada\ny;"+12025550144";"a ""b"", c"\n', {
      number: 1,
      region: undefined,
      metadata: [2],
    });
    expect(csv).toBe('phone_number,region,name\n\n+12025550143,,Ada\n+12025550144,,"a ""b"", c"\n');
  });

  it('keeps the line where a dropped cell had several', () => {
    const { csv } = mapped('phone,name,note\n1234567,Ada,"a\nb\nc"\n1234568,Bob,\n', plainMapping);
    expect(csv.split('\n').indexOf('1234568,,Bob')).toBe(4); // the fifth line
  });

  it('is understood where a column has the name that the numbers get', () => {
    const list = 'tel,phone_number\n+12025550143,12345\n';
    expect(mapped(list, plainMapping)).toEqual({
      csv: 'phone_number 2,region,phone_number\n+12025550143,,12345\n',
      numberColumn: 'phone_number 2',
    });
  });

  it('has names of columns where the file has none, one line further', () => {
    expect(mapped('+12025550143,Ada\n', plainMapping).csv).toBe('phone_number,region,column 2\n+12025550143,,Ada\n');
  });

  it('has the cells that no column is for, so that the row is refused', () => {
    expect(mapped('phone,name\n1234567,Ada,Bob\n', plainMapping).csv).toContain('1234567,,Ada,Bob\n');
    expect(mapped('phone,name\n1234567,Ada,,\n', plainMapping).csv).toContain('1234567,,Ada\n');
  });

  it('reads the same again', () => {
    const text = 'phone,note\n1234567,"=1+1"\n1234568,"<script>alert(1)</script>, ""x"""\n';
    const again = read(mapped(text, plainMapping).csv);
    expect(again.rows.map(({ cells }) => cells[2])).toEqual(['=1+1', '<script>alert(1)</script>, "x"']);
  });
});

it('refused rows can be mended: the cells as they came, harmless in a spreadsheet', () => {
  const list = read('phone,name,line\n12,=1+1,7\n+12025550143,Ada,8\n');
  expect(composeRefused(list, [{ line: 2, code: 'phone_number_invalid', message: 'Too short.' }])).toBe(
    "phone,name,line,line 2,refused,reason\r\n12,'=1+1,7,2,phone_number_invalid,Too short.\r\n",
  );
});
