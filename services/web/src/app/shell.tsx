import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';

import { useDeadLetterCounts } from '../api/dead-letters';
import { usePerson, useScopes, useSession } from '../auth/auth';
import type { Scope } from '../auth/scopes';
import { LiveRegion } from '../ui/announce';
import { DialogNotice } from '../ui/dialog';
import { keepFocus } from '../ui/focus';
import { formatNumber } from '../ui/format';
import { Icon } from '../ui/icon';
import { Banners, SignInAgain } from './banners';
import { LiveControl } from './live-control';
import { Shortcuts, ShortcutsButton, useShortcut } from './shortcuts';
import { useTheme, type Theme } from './theme';

const places = [
  { to: '/calls', label: 'Calls', letter: 'c', scope: 'read' },
  { to: '/call', label: 'Call now', letter: 'n', scope: 'write' },
  { to: '/batches', label: 'Batches', letter: 'b', scope: 'read' },
  { to: '/capacity', label: 'Capacity', letter: 'k', scope: 'read' },
  { to: '/dead-letters', label: 'Dead letters', letter: 'd', scope: 'admin' },
] as const satisfies { to: string; label: string; letter: string; scope: Scope }[];

/** What is around every page. */
export function Shell() {
  const mine = usePlaces();
  useEffect(keepFocus, []);
  return (
    <div className="shell">
      <SkipLink />
      <header className="top">
        <Menu />
        <Link to="/calls" className="brand">
          <img src="/icon.svg" alt="" width="24" height="24" />
          Outdial
        </Link>
        <LiveControl />
        <div className="top-end">
          <ThemePicker />
          <PersonMenu />
        </div>
      </header>
      <nav className="side" aria-label="Pages">
        <Places />
        <ShortcutsButton />
      </nav>
      <main id={mainId} className="main" tabIndex={-1}>
        <Banners />
        <DialogNotice value={<SignInAgain />}>
          <Outlet />
        </DialogNotice>
      </main>
      <LiveRegion />
      <Shortcuts />
      {mine.map((place) => (
        <PlaceShortcut key={place.to} {...place} />
      ))}
    </div>
  );
}

const mainId = 'main';

/** Moves focus itself: a change of the address would be a navigation, with what the page keeps in its history lost. */
function SkipLink() {
  return (
    <a
      className="skip visually-hidden"
      href={`#${mainId}`}
      onClick={(event) => {
        event.preventDefault();
        document.getElementById(mainId)?.focus();
      }}
    >
      Skip to content
    </a>
  );
}

/** The pages that the person's scopes are enough for. */
function usePlaces() {
  const may = useScopes();
  return places.filter(({ scope }) => may(scope));
}

function Places() {
  return (
    <ul className="places">
      {usePlaces().map(({ to, label }) => (
        <li key={to}>
          <Link to={to} activeOptions={{ includeSearch: false }}>
            {label}
            {to === '/dead-letters' && <DeadLetterCount />}
          </Link>
        </li>
      ))}
    </ul>
  );
}

/** How many wait for somebody to decide; nothing, where none does. */
function DeadLetterCount() {
  const { data } = useDeadLetterCounts();
  if (!data || data.total === 0) return null;
  return (
    <span className="place-count number">
      {formatNumber(data.total)}
      {data.counted_up_to !== undefined && '+'}
    </span>
  );
}

function PlaceShortcut({ to, label, letter }: (typeof places)[number]) {
  const navigate = useNavigate();
  useShortcut(`g ${letter}`, label, () => void navigate({ to }));
  return null;
}

/** On narrow windows: the same places, in a menu that closes when one of them is chosen. */
function Menu() {
  const details = useRef<HTMLDetailsElement>(null);
  const { pathname } = useLocation();
  useEffect(() => {
    if (details.current) details.current.open = false;
  }, [pathname]);
  return (
    <details ref={details} className="menu">
      <summary aria-label="Menu">
        <Icon name="menu" />
      </summary>
      <nav className="menu-panel" aria-label="Pages">
        <Places />
        <ShortcutsButton />
        <ThemePicker />
        <PersonMenu />
      </nav>
    </details>
  );
}

function ThemePicker() {
  const [theme, setTheme] = useTheme();
  return (
    <label className="theme">
      <span className="visually-hidden">Theme</span>
      <select value={theme} onChange={(event) => setTheme(event.target.value as Theme)}>
        <option value="system">System theme</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}

function PersonMenu() {
  const session = useSession();
  const { username } = usePerson();
  return (
    <div className="person">
      <span className="person-name">{username ?? 'Signed in'}</span>
      <button type="button" className="link-button" onClick={() => void session.signOut()}>
        Sign out
      </button>
    </div>
  );
}
