import { describe, expect, it } from 'vitest';

import { limitFrom, rowAt, startOf, withPage, type Pages } from './pages';
import { nextCursor, parseResults, type ResultRow } from './results';

const header =
  'row,phone_number,status,id,attempt,dials,duration,ringing_at,answered_at,ended_at,carrier_reference,reason,cause,message,metadata';

describe('a page of results', () => {
  it('is read with and without the names of the columns', () => {
    const line =
      '2,+442079460958,completed,call_A-000001,1,1,41,2026-03-02T09:13:02.090Z,2026-03-02T09:13:09.681Z,,CA0,,,,"{""a"":""<script>""}"';
    const { rows, more } = parseResults(`${header}\r\n${line}\r\n`, null);
    expect(rows).toEqual([
      {
        row: 2,
        number: '+442079460958',
        status: 'completed',
        id: 'call_A-000001',
        dials: 1,
        duration: 41,
        message: '',
      },
    ]);
    expect(more).toBe(false);
    expect(parseResults(`${line}\r\n`, null).rows).toEqual(rows);
  });

  it('has no duration where nobody answered, and cells as they were before they were made harmless', () => {
    for (const nothing of ['', '0']) {
      const line = `3,+442079460958,failed,call_A-000002,1,1,${nothing},,,,,carrier_error,,'=unclear,{}`;
      expect(parseResults(line, null).rows[0]).toMatchObject({ duration: undefined, message: '=unclear' });
    }
  });

  it('names the next one', () => {
    const link = '</v1/batches/b/results.csv?cursor=YWJj&limit=1000>; rel="next"';
    expect(nextCursor(link)).toBe('YWJj');
    expect(parseResults('', link).more).toBe(true);
    expect(nextCursor(null)).toBeUndefined();
  });
});

describe('pages', () => {
  const page = (start: number, length: number, more = true) => ({
    rows: Array.from({ length }, (_, place) => ({ row: start + place + 2 }) as ResultRow),
    more,
  });
  const none: Pages = new Map();
  const pagesOf = (...pages: [start: number, length: number][]): Pages =>
    new Map(pages.map(([start, length]) => [start, page(start, length)]));

  it('are found by their number, so the last is as near as the first', () => {
    expect([0, 199, 200, 99_999].map((row) => startOf(none, row))).toEqual([0, 0, 200, 99_800]);
    expect(limitFrom(99_800)).toBe(200);
    const pages = pagesOf([0, 200], [99_800, 200]);
    expect([0, 199, 200, 99_799, 99_999].map((row) => rowAt(pages, row)?.row)).toEqual([
      2,
      201,
      undefined,
      undefined,
      100_001,
    ]);
  });

  it('go on where the server ended one early', () => {
    const pages = pagesOf([200, 50], [250, 100]);
    expect([200, 249, 250, 349, 350, 399, 400].map((row) => startOf(pages, row))).toEqual([
      200, 200, 250, 250, 350, 350, 400,
    ]);
    expect(limitFrom(350)).toBe(50);
    expect([249, 250, 350].map((row) => rowAt(pages, row)?.row)).toEqual([251, 252, undefined]);
  });

  it('end with one that may still grow', () => {
    const pages = new Map([[200, page(200, 3, false)]]);
    expect(startOf(pages, 300)).toBe(200);
    expect(rowAt(pages, 300)).toBeUndefined();
    expect(rowAt(withPage(pages, 200, page(200, 150, false), []), 300)?.row).toBe(302);
  });

  it('that hold nothing are not gone round for ever', () => {
    expect(startOf(pagesOf([0, 0]), 7)).toBe(0);
  });

  it('change only where something has changed', () => {
    const pages = pagesOf([0, 200]);
    expect(withPage(pages, 0, pages.get(0) as ReturnType<typeof page>, [])).toBe(pages);
  });

  it('are kept as long as they are seen, and a few others', () => {
    let pages = none;
    for (let start = 0; start < 20_000; start += 200) pages = withPage(pages, start, page(start, 200), [0, start]);
    expect(pages.size).toBe(12);
    expect([...pages.keys()]).toEqual([0, ...Array.from({ length: 11 }, (_, place) => 17_800 + place * 200)]);
  });
});
