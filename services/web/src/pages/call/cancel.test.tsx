import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { ApiProvider, createApi, type Call, type CallStatus } from '../../api/client';
import { callStatuses, isFinal } from '../../ui/status';
import { CancelButton } from './cancel';

const notify = vi.hoisted(() => vi.fn());
vi.mock('../../ui/announce', () => ({ notify }));

const api = createApi('/v1', { token: () => Promise.resolve('t'), renewed: () => Promise.resolve('t') });
const call = (status: CallStatus) => ({ id: 'call_1', status, cancel_requested: false }) as Call;

beforeAll(() => {
  // jsdom has the element without its methods.
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
});

function show(status: CallStatus) {
  const page = (status: CallStatus) => (
    <ApiProvider value={api}>
      <CancelButton call={call(status)} />
    </ApiProvider>
  );
  const { rerender } = render(page(status));
  return { becomes: (status: CallStatus) => rerender(page(status)) };
}

const press = (name: string) => userEvent.click(screen.getByRole('button', { name }));
const dialog = () => screen.queryByRole('dialog');

beforeEach(() => notify.mockClear());

describe('the dialog before a call is canceled', () => {
  it.each([
    ['queued', 'Cancel this call?', 'It will not be placed.', 'Cancel the call'],
    ['launching', 'Cancel this call?', 'If it has not been dialed, it will not be placed', 'Cancel the call'],
    ['starting', 'Cancel this call?', 'if it has, it is hung up', 'Cancel the call'],
    ['ringing', 'Hang up?', 'It rings. Canceling hangs up now.', 'Hang up'],
    ['in-progress', 'Hang up?', 'hangs up now, in the middle of the talk', 'Hang up'],
  ] as const)('of one that is %s', async (status, title, sentence, verb) => {
    show(status);
    await press('Cancel …');
    expect(screen.queryByRole('dialog', { name: title })?.textContent).toContain(sentence);
    expect(screen.queryByRole('button', { name: verb })).not.toBeNull();
  });

  it('follows the call, and closes when that is over', async () => {
    const { becomes } = show('queued');
    await press('Cancel …');
    becomes('ringing');
    expect(dialog()?.textContent).toContain('It rings.');
    becomes('no-answer');
    expect(dialog()).toBeNull();
    expect(notify).toHaveBeenCalledWith('It ended before it was canceled: no-answer.');
  });

  it.each(callStatuses.filter(isFinal))('isn’t there for one that is %s', (status) => {
    show(status);
    expect(screen.queryByRole('button')).toBeNull();
  });
});

describe('what canceling came to', () => {
  const json = (status: number, body: object) => () =>
    Promise.resolve(new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } }));
  const fetches = vi.fn<(request: Request) => Promise<Response>>();
  const over = { code: 'call_already_final', detail: 'The call is completed, and can’t be canceled.' };
  const away = { code: 'unavailable', detail: 'The store is busy.', request_id: 'req_503' };
  beforeEach(() => vi.stubGlobal('fetch', fetches.mockReset()));

  it.each([
    [200, { status: 'canceled' }, 'Canceled. It will not be placed.'],
    [202, { status: 'ringing' }, 'The agent has been asked to hang up.'],
    [409, over, over.detail],
  ])('%d', async (status, body, sentence) => {
    fetches.mockImplementation(json(status, body));
    show('queued');
    await press('Cancel …');
    await press('Cancel the call');
    await waitFor(() => expect(dialog()).toBeNull());
    expect(notify.mock.calls).toEqual([[sentence]]);
  });

  it('is not told before it is known: the dialog says why, and tries again with the same key', async () => {
    fetches.mockImplementationOnce(json(503, away)).mockImplementation(json(200, { status: 'canceled' }));
    show('queued');
    await press('Cancel …');
    await press('Cancel the call');
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain('The store is busy.');
    expect(alert.textContent).toContain('req_503');
    expect(notify).not.toHaveBeenCalled();
    await press('Cancel the call');
    await waitFor(() => expect(dialog()).toBeNull());
    expect(notify.mock.calls).toEqual([['Canceled. It will not be placed.']]);
    const keys = fetches.mock.calls.map(([request]) => request.headers.get('Idempotency-Key'));
    expect(new Set(keys).size).toBe(1);
    expect(keys).toHaveLength(2);
  });
});
