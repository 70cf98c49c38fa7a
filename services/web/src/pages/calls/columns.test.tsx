import { render } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';

import type { Call } from '../../api/client';
import { callColumns } from './columns';

vi.mock('@tanstack/react-router', () => ({ Link: 'a' }));

const at = '2026-03-02T09:00:00.000Z';
const talking = { id: 'call_1', status: 'in-progress', history: [{ status: 'in-progress', at }] } as Call;
const over = { ...talking, status: 'completed', outcome: { answered_at: at, duration: 42 } } as Call;

/** What stands under Duration. */
function duration(call: Call, gone: string[] = []) {
  const column = callColumns(new Set(gone)).find(({ id }) => id === 'duration');
  return render(column?.cell(call)).container.textContent;
}

describe('the duration of a call', () => {
  it('goes on during the talk', () => expect(duration(talking)).toMatch(/:[0-5][0-9]$/));
  it('is that of the talk afterwards', () => expect(duration(over)).toBe('0:42'));
  it('is not known of a talk that the list has no more', () => expect(duration(talking, ['call_1'])).toBe(''));
  it('stays that of a talk that was over', () => expect(duration(over, ['call_1'])).toBe('0:42'));
});
