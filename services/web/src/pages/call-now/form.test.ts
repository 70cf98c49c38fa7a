import { renderHook } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { Call, Capacity } from '../../api/client';
import type { Limits } from '../../api/limits';
import { agentDraft, agentProblems, agentSettings, emptyAgent, timeLimitHint } from './agent';
import { afterCall, changeDraft, metadataProblem, requestOf, useDraft } from './draft';
import { parse } from './presets';
import { costSentence, pricePerMinute } from './price';
import { turnSentence } from './turn';

const limits: Limits['agent'] = {
  instructions: 4000,
  voice: 100,
  first_words: 5,
  language: 35,
  time_limit: { min: 10, max: 3600, default: 600 },
};

describe('the agent’s settings', () => {
  it('leave out what is empty', () => {
    expect(agentSettings(emptyAgent)).toBeUndefined();
    expect(agentSettings({ ...emptyAgent, voice: ' Ada ', time_limit: '90' })).toEqual({
      voice: 'Ada',
      time_limit: 90,
    });
  });

  it('come back from a call as they were typed', () => {
    const agent = { ...emptyAgent, instructions: 'Ask.', time_limit: '90' };
    expect(agentDraft(agentSettings(agent) as Call['agent'])).toEqual(agent);
  });

  it.each([
    ['nothing wrong', { first_words: 'Hello' }, {}],
    ['an emoji is one character', { first_words: 'Hey 👋' }, {}],
    ['too long', { first_words: 'Hello!!' }, { first_words: '2 characters too many: 5 at most.' }],
    [
      'no language',
      { language: 'german please' },
      { language: expect.stringContaining('Not a language tag') as string },
    ],
    ['too few seconds', { time_limit: '9' }, { time_limit: 'It has to be whole seconds from 10 to 3,600.' }],
    ['half a second', { time_limit: '10.5' }, { time_limit: 'It has to be whole seconds from 10 to 3,600.' }],
    ['not a number', { time_limit: 'ten' }, { time_limit: 'It has to be whole seconds from 10 to 3,600.' }],
  ])('%s', (_, typed, problems) => expect(agentProblems({ ...emptyAgent, ...typed }, limits)).toEqual(problems));

  it('say what the seconds come to', () => {
    expect(timeLimitHint(emptyAgent, limits)).toBe('10 to 3,600 seconds (10:00)');
    expect(timeLimitHint({ ...emptyAgent, time_limit: '95' }, limits)).toBe('10 to 3,600 seconds (1:35)');
    expect(timeLimitHint({ ...emptyAgent, time_limit: 'x' }, limits)).toBe('10 to 3,600 seconds');
  });
});

describe('what is sent', () => {
  const draft = { country: 'DE', number: ' 0151 ', agent: emptyAgent, metadata: [{ key: '', value: '' }] };

  it('is E.164 where the page could read it, and else what was typed with its country', () => {
    expect(requestOf(draft, '+49151')).toEqual({ phone_number: '+49151' });
    expect(requestOf(draft, undefined)).toEqual({ phone_number: '0151', region: 'DE' });
  });

  it.each([
    ['no key', [{ key: '', value: 'x' }], 'Each value needs a key.'],
    [
      'a key twice',
      [
        { key: 'a', value: '1' },
        { key: 'a', value: '2' },
      ],
      'The key a is there twice.',
    ],
    ['a long value', [{ key: 'a', value: '1234' }], 'a: a key may have 2 characters, a value 3.'],
    ['too many', ['a', 'b', 'c'].map((key) => ({ key, value: '' })), '2 keys at most.'],
    ['nothing wrong', [{ key: 'a', value: '1' }], undefined],
  ])('metadata: %s', (_, rows, problem) => {
    expect(metadataProblem(rows, { keys: 2, key: 2, value: 3, batch: 9 })).toBe(problem);
  });
});

describe('after a call', () => {
  const draft = () => renderHook(useDraft).result.current;
  const typed = { number: '0151', agent: { ...emptyAgent, voice: 'Ada' }, metadata: [{ key: 'order', value: '1' }] };

  it('the form has the same words for somebody else', () => {
    changeDraft(typed);
    const sent = draft();
    changeDraft({ agent: { ...emptyAgent, voice: 'Bob' } }); // typed while the call was being placed
    afterCall(sent);
    expect(draft()).toMatchObject({ number: '', agent: { voice: 'Bob' }, metadata: [] });
  });

  it('whoever was typed meanwhile stays', () => {
    changeDraft(typed);
    const sent = draft();
    changeDraft({ number: '0171' });
    afterCall(sent);
    expect(draft()).toMatchObject({ ...typed, number: '0171' });
  });
});

describe('the price', () => {
  const prices = {
    currency: 'EUR',
    per_minute: [
      { prefix: '+49', price: '0.12' },
      { prefix: '+4915', price: '0.1855' },
      { prefix: '+4', price: '0.5' },
    ],
  };

  it('is that of the longest prefix', () => {
    expect(pricePerMinute(prices, '+4915123')).toBe('0.1855');
    expect(pricePerMinute(prices, '+4930')).toBe('0.12');
    expect(pricePerMinute(prices, '+1202')).toBeUndefined();
    expect(pricePerMinute({ ...prices, default: '0.9' }, '+1202')).toBe('0.9');
  });

  it('is counted by begun minutes, and left out where nobody knows it', () => {
    expect(costSentence(prices, '+4930', 90)).toBe('Up to about €0.24, at €0.12 a minute');
    expect(costSentence(prices, '+4930', undefined)).toBe('About €0.12 a minute');
    expect(costSentence(prices, '+1202', 90)).toBeUndefined();
    expect(costSentence(undefined, '+4930', 90)).toBeUndefined();
  });
});

describe('whether it rings now', () => {
  const now = Date.UTC(2026, 0, 1);
  const waiting = { capacity: 0, rate: 0, paused: 0, stopped: 0, backoff: 0, schedule: 0, retry: 0, window: 0 };
  const capacity = (more: Partial<Capacity>) =>
    ({ limit: 20, in_use: 3, rate: 1, stopped: false, waiting, ...more }) as Capacity;

  it.each([
    ['nobody knows', undefined, 'Rings as soon as its turn comes'],
    ['there is a slot', capacity({}), 'Rings now: 3 of 20 slots in use'],
    ['there is none', capacity({ in_use: 20 }), 'Waits: 20 of 20 slots in use'],
    [
      'others wait too',
      capacity({ in_use: 20, waiting: { ...waiting, capacity: 3245 } }),
      'Waits: 20 of 20 slots in use, and 3,245 calls wait',
    ],
    [
      'others wait for the rate',
      capacity({ waiting: { ...waiting, rate: 2 } }),
      'Waits for its turn: 2 calls wait, 3 of 20 slots in use',
    ],
    ['all is stopped', capacity({ stopped: true }), 'Waits: all admission is stopped'],
    [
      'launches are refused',
      capacity({ backoff_until: new Date(now + 60_000).toISOString() }),
      expect.stringContaining('Waits: launches are being refused') as string,
    ],
    [
      'they were refused',
      capacity({ backoff_until: new Date(now - 1).toISOString() }),
      'Rings now: 3 of 20 slots in use',
    ],
  ])('%s', (_, of, sentence) => expect(turnSentence(of, now)).toEqual(sentence));
});

describe('presets', () => {
  it('are read from storage as far as they are presets', () => {
    const stored = [{ name: 'b', agent: { voice: 'Ada', more: 1 } }, { name: '' }, null, 7, { name: 'a', agent: {} }];
    expect(parse(JSON.stringify(stored))).toEqual([
      { name: 'a', agent: emptyAgent },
      { name: 'b', agent: { ...emptyAgent, voice: 'Ada' } },
    ]);
    for (const text of [null, '', 'no json', '{}']) expect(parse(text)).toEqual([]);
  });

  describe('kept', () => {
    beforeEach(() => {
      localStorage.clear();
      vi.resetModules();
    });

    it('replace one of the same name, and hold nothing but name and agent', async () => {
      const { savePreset, deletePreset } = await import('./presets');
      savePreset({ name: 'a', agent: { ...emptyAgent, voice: 'Ada' } });
      savePreset({ name: 'a', agent: { ...emptyAgent, voice: 'Bob' } });
      savePreset({ name: 'b', agent: emptyAgent });
      deletePreset('b');
      expect(JSON.parse(localStorage.getItem('outdial.presets') ?? '')).toEqual([
        { name: 'a', agent: { ...emptyAgent, voice: 'Bob' } },
      ]);
    });
  });
});
