/** Where focus can go when what had it has vanished: the page's table, the page's heading, or an element. */
export type Place = 'table' | 'heading' | HTMLElement;

const places = { table: 'main table', heading: 'main h1' } as const;

let wanted: Place | undefined;

/**
 * Says where focus goes if the button that was pressed vanishes, by itself or with its dialog. Call it in what the
 * button does, or after its answer. Without it, focus goes to the nearest heading or table (see keepFocus), which is
 * mostly right. A person who has gone elsewhere meanwhile stays there.
 */
export function focusAfter(place: Place) {
  wanted = place;
}

/**
 * Gives focus a place whenever what has it is removed. Otherwise it would be nowhere: screen readers
 * would begin again at the top of the document, and say nothing.
 */
export function keepFocus(): () => void {
  let trail: Element[] = []; // what has focus, and all that is around it
  const remember = ({ target }: FocusEvent) => {
    trail = target instanceof Element ? [target, ...around(target)] : [];
  };
  const forget = () => {
    wanted = undefined; // it was of what the person did before
  };
  const leave = ({ target }: PointerEvent) => {
    forget();
    if (!trail[0]?.contains(target as Node)) trail = []; // a press beside everything takes focus away by itself
  };
  const mend = () => {
    if (trail[0]?.isConnected !== false || document.activeElement !== document.body) return;
    // An open dialog keeps all else out of reach. Then this is tried again when it has closed.
    if (candidates(wanted, trail).some(takesFocus)) forget();
  };

  const observer = new MutationObserver(mend);
  observer.observe(document.body, { childList: true, subtree: true, attributeFilter: ['open'] });
  document.addEventListener('focusin', remember);
  document.addEventListener('keydown', forget, true);
  document.addEventListener('pointerdown', leave, true);
  return () => {
    observer.disconnect();
    document.removeEventListener('focusin', remember);
    document.removeEventListener('keydown', forget, true);
    document.removeEventListener('pointerdown', leave, true);
  };
}

function around(element: Element): Element[] {
  const parent = element.parentElement;
  return parent ? [parent, ...around(parent)] : [];
}

/** What the action wants, and the headings and tables of what is still there, the closest part first. */
function candidates(place: Place | undefined, trail: Element[]): HTMLElement[] {
  const first = typeof place === 'string' ? document.querySelector<HTMLElement>(places[place]) : place;
  const there = trail.filter((part) => part.isConnected);
  const others = there.flatMap((part) => [...part.querySelectorAll<HTMLElement>('h1, h2, h3, table')]);
  return first ? [first, ...others] : others;
}

/** Whether it could be given focus: not, where it is gone or hidden. */
function takesFocus(element: HTMLElement): boolean {
  if (!element.hasAttribute('tabindex')) element.tabIndex = -1;
  element.focus({ preventScroll: true }); // what the person looks at stays where it is
  return document.activeElement === element;
}
