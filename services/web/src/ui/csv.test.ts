import { describe, expect, it } from 'vitest';

import { csvLines, harmless, unquoted } from './csv';

describe('a cell for a spreadsheet', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['+1+1', "'+1+1"],
    ['-2', "'-2"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', "'\r=1"],
    ['+442079460958', '+442079460958'],
    ['+44 20 7946 0958', "'+44 20 7946 0958"],
    ['020 7946 0958', '020 7946 0958'],
    ['a=b', 'a=b'],
    ['', ''],
  ])('%j is written as %j', (cell, written) => {
    expect(harmless(cell)).toBe(written);
    expect(unquoted(written)).toBe(cell);
  });

  it('is quoted after it was made harmless', () => {
    expect(csvLines([['=HYPERLINK("a","b")', 'x\ny', 'plain']])).toBe(`"'=HYPERLINK(""a"",""b"")","x\ny",plain\r\n`);
  });
});
