import { fireEvent, render, screen } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { parseSearch } from '../../app/search';
import { callStatuses } from '../../ui/status';
import { Filters } from './filters';
import { callsSearch, type CallsSearch } from './search';

const navigate = vi.hoisted(() => vi.fn());
vi.mock('@tanstack/react-router', () => ({ useNavigate: () => navigate }));
vi.mock('../../ui/media', () => ({ useMedia: () => true }));

const field = (label: string) => screen.getByLabelText<HTMLInputElement>(label);
const from = '2026-01-02T03:04:05.000Z';

function show(search: CallsSearch) {
  const { rerender } = render(<Filters search={search} />);
  return (next: CallsSearch) => rerender(<Filters search={next} />);
}

describe('the filters', () => {
  beforeEach(() => navigate.mockClear());

  it('follow the address, and the field with focus keeps it', () => {
    const go = show({});
    const number = field('Number');
    number.focus();
    fireEvent.change(number, { target: { value: '+1 (202) 555-0199' } });
    fireEvent.submit(number);
    expect(navigate).toHaveBeenCalledWith(
      expect.objectContaining({ search: expect.objectContaining({ number: '+12025550199' }) as unknown }),
    );
    go({ number: '+12025550199', batch: 'batch_1' });
    expect([field('Number').value, field('Batch').value]).toEqual(['+12025550199', 'batch_1']);
    expect(document.activeElement).toBe(number);
    go({});
    expect([field('Number').value, field('Batch').value]).toEqual(['', '']);
  });

  it('say what is wrong with a number until it is another', () => {
    const go = show({});
    fireEvent.change(field('Number'), { target: { value: '555' } });
    fireEvent.submit(field('Number'));
    expect(screen.queryByText(/With its country code/)).not.toBeNull();
    go({ number: '+12025550199' });
    expect(screen.queryByText(/With its country code/)).toBeNull();
  });

  it('show the times of the address, also after Back and Clear filters', () => {
    const go = show({ from });
    expect(field('From').value).not.toBe('');
    go({});
    expect(field('From').value).toBe('');
    go({ since: '1h' });
    expect(screen.queryByLabelText('From')).toBeNull();
    go({ from });
    expect(field('From').value).not.toBe('');
  });

  it('with every status chosen are none: the list is of all calls', () => {
    const [last = 'queued', ...others] = [...callStatuses].reverse();
    show({ status: others });
    fireEvent.click(screen.getByRole('button', { name: last }));
    expect(navigate).toHaveBeenCalledWith(
      expect.objectContaining({ search: expect.objectContaining({ status: undefined }) as unknown }),
    );
    const typed = parseSearch(`?${callStatuses.map((status) => `status=${status}`).join('&')}`);
    expect(callsSearch(typed).status).toBeUndefined();
  });

  it('keep the statuses in their order, whichever was pressed first', () => {
    show({ status: ['completed', 'failed'] });
    fireEvent.click(screen.getByRole('button', { name: 'queued' }));
    expect(navigate).toHaveBeenCalledWith(
      expect.objectContaining({
        search: expect.objectContaining({ status: ['queued', 'completed', 'failed'] }) as unknown,
      }),
    );
  });

  it('leave the address alone when a time is only passed through', () => {
    show({ from, cursor: 'page 2' });
    fireEvent.blur(field('From'));
    fireEvent.blur(field('Before'));
    expect(navigate).not.toHaveBeenCalled();
    fireEvent.change(field('From'), { target: { value: '2026-01-03T00:00' } });
    fireEvent.blur(field('From'));
    expect(navigate).toHaveBeenCalledOnce();
  });
});
