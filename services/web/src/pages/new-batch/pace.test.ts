import { describe, expect, it } from 'vitest';

import type { Capacity } from '../../api/client';
import { paceSentence } from './pace';

const capacity = (part: Partial<Capacity>, waiting = 0) =>
  ({ limit: 20, in_use: 0, rate: 1, stopped: false, waiting: { capacity: waiting, rate: 0 }, ...part }) as Capacity;

describe('how long a list will take', () => {
  it.each([
    [
      'is not known where the slots decide and nothing has ended',
      10_000,
      capacity({ limit: 2, rate: 20 }),
      undefined,
      'At 20 launches a second and 2 slots; how long it takes depends on how long calls last.',
    ],
    [
      'goes by how many calls end where the slots decide',
      10_000,
      capacity({ limit: 2, rate: 20 }),
      4,
      'About 1.7 days: as many calls start as end, 4 a minute over the last 30 min.',
    ],
    [
      'counts those that wait already',
      100,
      capacity({ in_use: 20 }, 20),
      10,
      'About 12 min: as many calls start as end, 10 a minute over the last 30 min. 20 calls wait already and go first.',
    ],
    [
      'is as short as launching where all have a slot at once',
      12,
      capacity({ in_use: 8, rate: 0.1 }),
      undefined,
      'At 0.1 launches a second and 20 slots, launching them takes at least 2 min.',
    ],
    [
      'depends on how long calls last where one has no slot at once',
      13,
      capacity({ in_use: 8 }),
      undefined,
      'At 1 launch a second and 20 slots; how long it takes depends on how long calls last.',
    ],
    [
      'is as short as launching where calls end before the slots are full',
      600,
      capacity({ limit: 100 }),
      undefined,
      'At 1 launch a second and 100 slots, launching them takes at least 10 min.',
    ],
    [
      'is as short as launching where the rate was lowered below how fast calls end',
      600,
      capacity({ rate: 1 }),
      90,
      'At 1 launch a second and 20 slots, launching them takes at least 10 min.',
    ],
    ['is not said while admission is stopped', 10, capacity({ stopped: true }), 90, /^All admission is stopped/],
    ['is not said while the limit is 0', 10, capacity({ limit: 0 }), undefined, /^The limit is 0/],
  ])('%s', (_, rows, at, ended, sentence) => {
    expect(paceSentence(rows, at, ended)).toMatch(sentence);
  });

  it('names one call that waits as one', () => {
    expect(paceSentence(5, capacity({}, 1), undefined)).toMatch(/ 1 call waits already and goes first\.$/);
  });
});
