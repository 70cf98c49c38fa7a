import { describe, expect, it } from 'vitest';

import { changeOf, changesIn, holds } from './change';
import { settingsSentence } from './words';

describe('a change of the settings', () => {
  const present = { limit: 12, rate: 0.5 };

  it.each([
    [{}, {}],
    [{ limit: 12, rate: 0.5 }, {}],
    [{ limit: 20 }, { limit: 20 }],
    [{ limit: 0, rate: 0.5 }, { limit: 0 }],
    [
      { limit: 20, rate: 2 },
      { limit: 20, rate: 2 },
    ],
    [{ limit: undefined, rate: 2 }, { rate: 2 }],
  ])('to %o sends %o', (wanted, sent) => {
    expect(changesIn(wanted, present)).toEqual(sent);
  });

  it('is undone in what it changed, and no more', () => {
    expect(changeOf({ rate: 2 }, present)).toEqual({ was: { rate: 0.5 }, is: { rate: 2 } });
    expect(settingsSentence({ rate: 0.5 })).toBe('0.5 a second');
    expect(settingsSentence({ limit: 0 })).toBe('0 calls at the same time');
  });

  it.each([
    [true, 'as it was left', { limit: 20, rate: 0.5 }],
    [true, 'beside a change of the rest by somebody else', { limit: 20, rate: 9 }],
    [false, 'when somebody else has changed the same', { limit: 5, rate: 0.5 }],
  ])('holds: %s, %s', (held, _, now) => {
    expect(holds(changeOf({ limit: 20 }, present), now)).toBe(held);
  });
});
