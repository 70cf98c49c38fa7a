import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeAll, describe, expect, it, vi } from 'vitest';

import { ConfirmDialog } from './dialog';

beforeAll(() => {
  // jsdom has the element without its methods.
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
});

function show(more: object = {}) {
  const onConfirm = vi.fn();
  render(
    <ConfirmDialog
      open
      title="Stop all admission?"
      confirm="Stop"
      danger
      onConfirm={onConfirm}
      onClose={() => undefined}
      {...more}
    >
      <p>No call starts.</p>
    </ConfirmDialog>,
  );
  return { onConfirm, press: () => userEvent.click(screen.getByRole('button', { name: 'Stop' })) };
}

describe('a dialog that asks', () => {
  it('does it when the button is pressed', async () => {
    const { onConfirm, press } = show();
    await press();
    expect(onConfirm).toHaveBeenCalledOnce();
  });

  it('wants the word typed first, and says so', async () => {
    const { onConfirm, press } = show({ typed: 'STOP' });
    await userEvent.type(screen.getByLabelText('Type STOP to confirm'), 'stop');
    await press();
    expect(onConfirm).not.toHaveBeenCalled();
    expect(screen.getByLabelText('Type STOP to confirm')).toHaveProperty('ariaInvalid', 'true');
    await userEvent.clear(screen.getByLabelText('Type STOP to confirm'));
    await userEvent.type(screen.getByLabelText('Type STOP to confirm'), 'STOP{Enter}');
    expect(onConfirm).toHaveBeenCalledOnce();
  });

  it('takes no second press while it is done', async () => {
    const { onConfirm, press } = show({ running: true });
    await press();
    expect(onConfirm).not.toHaveBeenCalled();
  });
});
