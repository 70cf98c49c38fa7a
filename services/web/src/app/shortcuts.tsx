import { useEffect, useRef, useState, useSyncExternalStore } from 'react';

import { Dialog } from '../ui/dialog';

/** One key, or several one after the other: "g c". */
interface Shortcut {
  keys: string;
  does: string;
  run: () => void;
}

const registered = new Set<{ current: Shortcut }>();
const storageKey = 'outdial.shortcuts';
const listeners = new Set<() => void>();
const sequenceTime = 1000; // ms between the keys of one shortcut

function read(): boolean {
  try {
    return localStorage.getItem(storageKey) !== 'off';
  } catch {
    return true;
  }
}

let on = read();

/** Keys without a modifier get in the way of speech input, so they can be switched off (WCAG 2.1.4). */
function setOn(next: boolean) {
  on = next;
  try {
    if (next) localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, 'off');
  } catch {
    // it holds until the page is closed
  }
  for (const listener of listeners) listener();
}

/** While the component is there, the keys do this, and the list of `?` says so. */
export function useShortcut(keys: string, does: string, run: () => void) {
  const shortcut = useRef<Shortcut>({ keys, does, run });
  useEffect(() => {
    shortcut.current = { keys, does, run };
  });
  useEffect(() => {
    registered.add(shortcut);
    return () => void registered.delete(shortcut);
  }, []);
}

/** Somebody types, or a dialog is open. */
function busy(target: EventTarget | null): boolean {
  if (document.querySelector('dialog[open]')) return true;
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button'].includes(target.type);
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Listens for all shortcuts, and shows their list on `?`. */
export function Shortcuts() {
  const [listed, setListed] = useState(false);
  const isOn = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => on,
  );
  useShortcut('?', 'This list', () => setListed(true));

  useEffect(() => {
    let before = '';
    let at = 0;
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
      if (!on || busy(event.target)) return;
      const sequence = event.timeStamp - at < sequenceTime ? `${before} ${event.key}` : event.key;
      const all = [...registered].reverse().map((each) => each.current); // the newest page wins
      const found = all.find(({ keys }) => keys === sequence) ?? all.find(({ keys }) => keys === event.key);
      before = event.key;
      at = event.timeStamp;
      if (!found) return;
      event.preventDefault();
      found.run();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);

  return (
    <Dialog open={listed} title="Keyboard shortcuts" onClose={() => setListed(false)}>
      <dl className="shortcuts">
        {[...registered]
          .map((each) => each.current)
          .map(({ keys, does }) => (
            <div key={keys}>
              <dt>
                {keys.split(' ').map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
      </dl>
      <label className="row">
        <input type="checkbox" checked={isOn} onChange={(event) => setOn(event.target.checked)} />
        Shortcuts are on
      </label>
    </Dialog>
  );
}

/** Opens the list by a button: with shortcuts switched off, `?` does nothing. */
export function ShortcutsButton() {
  return (
    <button
      type="button"
      className="link-button small"
      onClick={() => [...registered].find((each) => each.current.keys === '?')?.current.run()}
    >
      Keyboard shortcuts
    </button>
  );
}
