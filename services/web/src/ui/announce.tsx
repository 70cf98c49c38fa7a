import { useSyncExternalStore } from 'react';

import { Icon } from './icon';

/** What screen readers are told, politely; and notices that everybody sees until they are closed. */
export interface Notice {
  id: number;
  text: string;
  tone: 'info' | 'problem';
}

interface Said {
  polite: string;
  notices: readonly Notice[];
}

let said: Said = { polite: '', notices: [] };
let pending: ReturnType<typeof setTimeout> | undefined;
let lastId = 0;
const listeners = new Set<() => void>();

function change(next: Partial<Said>) {
  said = { ...said, ...next };
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** For screen readers only. Of several in half a second, the last is said. */
export function announce(text: string) {
  clearTimeout(pending);
  change({ polite: '' }); // the same words again are news only to a region that was empty
  pending = setTimeout(() => change({ polite: text }), 500);
}

/** What an action has come to, for everybody, until it is closed: "209 redriven, 3 skipped". */
export function notify(text: string, tone: Notice['tone'] = 'info') {
  lastId += 1;
  change({ notices: [...said.notices.slice(-2), { id: lastId, text, tone }] });
}

const close = (id: number) => change({ notices: said.notices.filter((notice) => notice.id !== id) });

export function LiveRegion() {
  const { polite, notices } = useSyncExternalStore(subscribe, () => said);
  return (
    <>
      <div className="visually-hidden" aria-live="polite">
        {polite}
      </div>
      <div className="notices" role="status">
        {notices.map((notice) => (
          <div key={notice.id} className="notice" data-tone={notice.tone}>
            <Icon name={notice.tone === 'info' ? 'info' : 'warning'} />
            <p>{notice.text}</p>
            <button
              type="button"
              className="icon-button"
              aria-label="Close this notice"
              onClick={() => close(notice.id)}
            >
              <Icon name="close" />
            </button>
          </div>
        ))}
      </div>
    </>
  );
}
