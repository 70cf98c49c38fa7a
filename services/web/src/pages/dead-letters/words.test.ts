import { describe, expect, it } from 'vitest';

import type { Schemas } from '../../api/client';
import { parseSearch, stringifySearch } from '../../app/search';
import { deadLettersSearch, filterSentence } from './search';
import { allText, effectSentence, resultSentence, skippedByCode, totalOf, totalText } from './words';

const counts = {
  total: 212,
  causes: [{ cause: 'launch_refused', count: 209 }],
} as Schemas['DeadLetterCounts'];

describe('how many dead letters there are', () => {
  it('is known for all and for each cause', () => {
    expect(totalOf(counts)).toEqual({ calls: 212, more: false });
    expect(totalOf(counts, 'launch_refused')).toEqual({ calls: 209, more: false });
    expect(totalOf(counts, 'launch_tries_used')).toEqual({ calls: 0, more: false });
    expect(totalOf(undefined)).toBeUndefined();
  });

  it('says so when not all were counted', () => {
    const total = totalOf({ ...counts, total: 5000, counted_up_to: 5000 });
    expect(total && totalText(total)).toBe('5,000+');
    expect(total && allText(total)).toBe('all 5,000+ that match');
    expect(allText({ calls: 1, more: false })).toBe('the one that matches');
  });
});

describe('what came of a redrive', () => {
  it.each([
    [3, {}, '3 redriven'],
    [0, { not_dead_lettered: 0 }, '0 redriven'],
    [209, { batch_canceled: 3 }, '209 redriven, 3 skipped: batch canceled meanwhile'],
    [
      1209,
      { batch_canceled: 2, not_dead_lettered: 1 },
      '1,209 redriven, 3 skipped: 2 batch canceled meanwhile, 1 not a dead letter any more',
    ],
    [1, { new_code: 1 }, '1 redriven, 1 skipped: new_code'],
  ])('%d, %j', (redriven, skipped, sentence) => {
    expect(resultSentence(redriven, skipped)).toBe(sentence);
  });

  it('counts the skipped of chosen calls by code', () => {
    const skipped = (code: Schemas['SkipCode']) => ({ id: 'call_1', code, message: '' });
    const result = { redriven: [], skipped: [skipped('batch_canceled'), skipped('batch_canceled')] };
    expect(skippedByCode(result)).toEqual({ batch_canceled: 2 });
  });

  it('says before what it does', () => {
    expect(effectSentence(1)).toMatch(/^It waits for a slot as a new attempt/);
    expect(effectSentence(2)).toMatch(/^Each of the 2 calls waits for a slot as a new attempt/);
  });
});

describe('the address of the page', () => {
  it('holds the filter and the redrive that is followed', () => {
    const query = '?cause=launch_refused&batch=batch_1&cursor=c&redrive=redrive_1';
    expect(stringifySearch({ ...deadLettersSearch(parseSearch(query)) })).toBe(query);
    expect(stringifySearch({ ...deadLettersSearch(parseSearch('?cause=bad_luck')) })).toBe('');
  });

  it('can be said', () => {
    expect(filterSentence({ cause: 'launch_refused', batch: 'batch_1' })).toBe('of cause launch_refused, of batch_1');
    expect(filterSentence({})).toBe('');
  });
});
