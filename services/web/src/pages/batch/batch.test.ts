import { expect, it } from 'vitest';

import { cancelEffects } from './actions';
import { refusedCsv } from './export';
import { progressPoints } from './progress';

const counts = (waiting: number, completed: number, busy = 0) => ({
  waiting,
  active: 0,
  completed,
  busy,
  'no-answer': busy,
  failed: 0,
  canceled: 0,
  expired: 0,
});
const at = '2026-03-02T09:00:00.000Z';
const now = Date.parse(at) + 90_000;

it('a chart ends with what is now, and has what was seen since the last sample', () => {
  const seen = [-100_000, -30_000].map((before, place) => ({
    at: new Date(now + before).toISOString(),
    counts: counts(8 - place, place + 1),
  }));
  const points = progressPoints([{ at, counts: counts(9, 0) }], seen, { counts: counts(3, 4, 1) }, now);
  expect(points.map((point) => [point.at - now, point.waiting, point.completed, point.notReached])).toEqual([
    [-90_000, 9, 0, 0],
    [-30_000, 7, 2, 0],
    [0, 3, 4, 2],
  ]);
});

it('a chart of a batch that is over ends soon after its last sample, unless the batch goes on again', () => {
  const samples = [
    { at, counts: counts(9, 0) },
    { at: new Date(now).toISOString(), counts: counts(0, 9) },
  ];
  const later = now + 3_600_000;
  const over = progressPoints(samples, [], { counts: counts(0, 9) }, later);
  expect(over.map((point) => [point.at - now, point.completed])).toEqual([
    [-90_000, 0],
    [0, 9],
    [10_000, 9],
  ]);
  expect(progressPoints(samples, [], { counts: counts(1, 8) }, later).at(-1)?.at).toBe(later);
});

it('cancel says in numbers what it does', () => {
  expect(cancelEffects(3265, 14)).toBe(
    '3,265 waiting calls will never be placed; 14 calls under way are hung up. There is no way back.',
  );
  expect(cancelEffects(0, 1)).toBe('1 call under way is hung up. There is no way back.');
});

it('refused rows are exported harmless', () => {
  expect(refusedCsv([{ row: 3, value: '=cmd…', code: 'phone_number_invalid', message: 'Not a number.' }])).toBe(
    "line,number,refused,reason\r\n3,'=cmd…,phone_number_invalid,Not a number.\r\n",
  );
});
