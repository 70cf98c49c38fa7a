import { describe, expect, it } from 'vitest';

import { cursorOf, pageOf, rowAt, rowsRead, withPage, type Pages } from './pages';
import { nextCursor, parseResults, type ResultRow } from './results';

const header =
  'row,phone_number,status,id,attempt,dials,duration,ringing_at,answered_at,ended_at,carrier_reference,reason,cause,message,metadata';

describe('a page of results', () => {
  it('is read with and without the names of the columns', () => {
    const line =
      '2,+442079460958,completed,call_A-000001,1,1,41,2026-03-02T09:13:02.090Z,2026-03-02T09:13:09.681Z,,CA0,,,,"{""a"":""<script>""}"';
    const { rows, next } = parseResults(`${header}\r\n${line}\r\n`, null);
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
    expect(next).toBeUndefined();
    expect(parseResults(`${line}\r\n`, null).rows).toEqual(rows);
  });

  it('has no duration where nobody answered, and cells as they were before they were made harmless', () => {
    const line = "3,+442079460958,failed,call_A-000002,1,1,0,,,,,carrier_error,,'=unclear,{}";
    expect(parseResults(line, null).rows[0]).toMatchObject({ duration: undefined, message: '=unclear' });
  });

  it('names the next one', () => {
    expect(nextCursor('</v1/batches/b/results.csv?cursor=YWJj&limit=1000>; rel="next"')).toBe('YWJj');
    expect(nextCursor(null)).toBeUndefined();
  });
});

describe('pages', () => {
  const page = (from: number, length: number, next?: string) => ({
    rows: Array.from({ length }, (_, place) => ({ row: from + place }) as ResultRow),
    next,
  });
  const pages: Pages = [page(2, 3, 'b'), page(5, 2, 'c')];

  it('are found by a row, though they differ in length', () => {
    expect([0, 2, 3, 4].map((row) => pageOf(pages, row))).toEqual([0, 0, 1, 1]);
    expect([0, 2, 3, 4, 5].map((row) => rowAt(pages, row)?.row)).toEqual([2, 4, 5, 6, undefined]);
    expect(rowsRead(pages)).toBe(5);
  });

  it('are read one after the other on the way to a row', () => {
    expect(pageOf(pages, 50_000)).toBe(2);
    expect([0, 1, 2].map((place) => cursorOf(pages, place))).toEqual([undefined, 'b', 'c']);
    expect(pageOf([], 50_000)).toBe(0);
  });

  it('end with one that may still grow', () => {
    const all = withPage(pages, 2, page(7, 1));
    expect(pageOf(all, 50_000)).toBe(2);
    expect(rowAt(withPage(all, 2, page(7, 2)), 6)?.row).toBe(8);
  });

  it('change only where something has changed', () => {
    expect(withPage(pages, 1, pages[1] as Pages[number])).toBe(pages);
    expect(withPage(pages, 7, page(1, 1))).toBe(pages);
  });
});
