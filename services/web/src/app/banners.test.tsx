import { render, screen } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { Capacity } from '../api/client';
import { answered, failed } from '../api/live';
import { networkProblem } from '../api/problem';
import { Banners } from './banners';

const world = vi.hoisted(() => ({
  capacity: undefined as unknown,
  expired: false,
  simulated: true,
  scopes: ['read', 'admin'],
}));

vi.mock('../api/capacity', () => ({ useCapacity: () => ({ data: world.capacity }) }));
vi.mock('../auth/auth', () => ({
  useConfig: () => ({ simulated: world.simulated }),
  useExpired: () => world.expired,
  usePerson: () => ({ sub: 'ada' }),
  useScopes: () => (scope: string) => world.scopes.includes(scope),
  useSession: () => ({}),
}));
vi.mock('@tanstack/react-router', () => ({
  Link: ({ children }: { children: string }) => <a href="/x">{children}</a>,
}));

const stopped: Partial<Capacity> = {
  stopped: true,
  stopped_at: '2026-03-02T09:15:00.000Z',
  stopped_by: 'ada',
  updated_at: '2026-03-02T17:00:00.000Z', // somebody has changed the limit since
};

const said = () => {
  render(<Banners />);
  return screen.queryAllByText(/./, { selector: 'p' }).map(({ textContent }) => textContent);
};

beforeEach(() => {
  Object.assign(world, { capacity: { stopped: false }, expired: false, simulated: true, scopes: ['read', 'admin'] });
});

describe('above each page', () => {
  it('is said that no real phone rings, where calls are simulated', () => {
    expect(said()).toEqual(['A simulated carrier places the calls on this machine. No real phone rings.']);
  });

  it('is nothing where there is nothing to say', () => {
    world.simulated = false;
    expect(said()).toEqual([]);
  });

  it('comes what is most important: a sign-in that ran out, then a server that is away', () => {
    world.capacity = stopped;
    answered(Date.now());
    failed(networkProblem(undefined));
    expect(said()).toEqual([expect.stringMatching(/^The server can’t be reached/)]);
    world.expired = true;
    document.body.replaceChildren();
    expect(said()).toEqual([expect.stringMatching(/^Your sign-in ran out/)]);
  });
});

describe('while all admission is stopped', () => {
  it.each([
    ['you', 'ada'],
    ['whoever did, by id', 'reports-client'],
  ])('is said since when, and that it was %s', (_, by) => {
    world.capacity = { ...stopped, stopped_by: by };
    const shown = by === 'ada' ? 'you' : by;
    expect(said()[0]).toMatch(new RegExp(`^All admission is stopped since .*, by ${shown}\\. Calls under way go on`));
    expect(document.querySelector('time')?.dateTime, 'not when anything was changed last').toBe(stopped.stopped_at);
  });

  it('only who may resume is led there', () => {
    world.capacity = stopped;
    render(<Banners />);
    expect(screen.getByRole('link', { name: 'Resume …' })).toBeTruthy();
    world.scopes = ['read'];
    document.body.replaceChildren();
    render(<Banners />);
    expect(screen.queryByRole('link')).toBeNull();
  });

  it('nobody who may not read is told', () => {
    Object.assign(world, { capacity: stopped, simulated: false, scopes: [] });
    expect(said()).toEqual([]);
  });
});
