import { describe, expect, it } from 'vitest';

import { formatDuration, formatFull, formatRelative } from './format';

describe('durations', () => {
  it.each([
    [0, '0:00'],
    [42.9, '0:42'],
    [61, '1:01'],
    [3723, '1:02:03'],
    [-5, '0:00'],
  ])('%s s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});

describe('times', () => {
  const now = Date.parse('2026-03-02T12:00:00Z');
  it('are relative to one clock, and never in the future by a clock that is slow', () => {
    expect(formatRelative(new Date(now - 400), now)).toBe('now');
    expect(formatRelative(new Date(now + 400), now)).toBe('now');
    expect(formatRelative(new Date(now - 3000), now)).toMatch(/^3 ?s.* ago$/);
    expect(formatRelative(new Date(now - 7_200_000), now)).toMatch(/^2 ?h.* ago$/);
  });
  it('have UTC in their title', () => {
    expect(formatFull(new Date(now))).toContain('2026-03-02 12:00:00.000Z');
  });
});
