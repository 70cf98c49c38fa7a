import { describe, expect, it } from 'vitest';

import type { Call, CallStatus } from '../../api/client';
import { callStatuses } from '../../ui/status';
import { cancelWords, sentenceOf } from './words';

const call = (status: CallStatus, more: Partial<Call> = {}) => ({ status, dials: 0, ...more }) as Call;

describe('what canceling comes to', () => {
  it.each([
    ['queued', 'It will not be placed.'],
    ['starting', 'about to be placed'],
    ['ringing', 'hangs up now'],
    ['in-progress', 'in the middle of the talk'],
  ] as const)('%s', (status, words) => expect(cancelWords(status).effect).toContain(words));
});

describe('the sentence of a call', () => {
  it('exists for every status', () => {
    for (const status of callStatuses) expect(sentenceOf(call(status))).toMatch(/\.$/);
  });

  it.each([
    ['why it waits', call('queued', { waiting: { reason: 'capacity' } }), 'It waits for a free slot.'],
    ['the server’s, when it failed', call('failed', { failure: { reason: 'agent_lost', message: 'Lost.' } }), 'Lost.'],
    ['that it is being hung up', call('in-progress', { cancel_requested: true }), 'It is being hung up.'],
    ['canceled before the dial', call('canceled'), 'It was canceled, and not placed.'],
    ['canceled after it', call('canceled', { dials: 1 }), 'It was canceled, and hung up.'],
  ])('%s', (_, of, words) => expect(sentenceOf(of)).toBe(words));
});
