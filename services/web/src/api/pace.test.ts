import { describe, expect, it } from 'vitest';

import { delayOf, freshPace, paceAfterAnswer, paceAfterFailure, type Pace } from './pace';

const facts = { fast: 1000, hidden: false, retryAfter: undefined, random: 1 };

/** Answers, each as soon as the delay says, and the delays. */
function delays(start: Pace, answers: number, each: { changed: boolean; moving: boolean }): number[] {
  let pace = start;
  let now = 0;
  return Array.from({ length: answers }, () => {
    pace = paceAfterAnswer(pace, { now, ...each });
    const delay = delayOf(pace, facts);
    now += delay;
    return delay;
  });
}

describe('the pace of polling', () => {
  it('is fast while something changes', () => {
    expect(new Set(delays(freshPace(0), 100, { changed: true, moving: true }))).toEqual(new Set([1000]));
  });

  it('watches what moves for 30 s without a change, and then slows down to a minute', () => {
    const all = delays(freshPace(0), 50, { changed: false, moving: true });
    expect(all.slice(0, 30)).toEqual(Array(30).fill(1000));
    expect(all.slice(30, 33)).toEqual([1500, 2250, 3375]);
    expect(all.at(-1)).toBe(60_000);
  });

  it('slows down at once when nothing moves', () => {
    expect(delays(freshPace(0), 3, { changed: false, moving: false })).toEqual([1500, 2250, 3375]);
  });

  it('is fast again after a change', () => {
    const slow = { changedAt: 0, slow: 9, failures: 0 };
    expect(delayOf(paceAfterAnswer(slow, { now: 99_000, changed: true, moving: true }), facts)).toBe(1000);
  });

  it('obeys Retry-After, which wins over what it would do itself', () => {
    const slow = { changedAt: 0, slow: 9, failures: 0 };
    expect(delayOf(slow, { ...facts, retryAfter: 2 })).toBe(2000);
    expect(delayOf(freshPace(0), { ...facts, retryAfter: 30 })).toBe(30_000);
  });

  it('keeps its own pace where Retry-After is 0', () => {
    expect(delayOf(freshPace(0), { ...facts, retryAfter: 0 })).toBe(1000);
    expect(delayOf({ changedAt: 0, slow: 1, failures: 0 }, { ...facts, retryAfter: 0 })).toBe(1500);
  });

  it('asks once a minute in a hidden tab', () => {
    expect(delayOf(freshPace(0), { ...facts, hidden: true })).toBe(60_000);
    expect(delayOf(freshPace(0), { ...facts, hidden: true, retryAfter: 1 })).toBe(60_000);
    expect(delayOf(freshPace(0), { ...facts, hidden: true, retryAfter: 90 })).toBe(90_000);
    expect(delayOf(paceAfterFailure(freshPace(0)), { ...facts, hidden: true, random: 0 })).toBe(60_000);
  });

  it('doubles after each failure, with jitter, up to a minute', () => {
    let pace = freshPace(0);
    const longest = Array.from({ length: 8 }, () => delayOf((pace = paceAfterFailure(pace)), facts));
    expect(longest).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect(delayOf(pace, { ...facts, random: 0 })).toBe(30_000);
    expect(delayOf(paceAfterFailure(freshPace(0)), { ...facts, retryAfter: 5 })).toBe(5000);
    expect(delayOf(paceAfterAnswer(pace, { now: 0, changed: false, moving: true }), facts)).toBe(1000);
  });
});
