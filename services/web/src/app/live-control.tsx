import { isPaused, setPaused, useLive } from '../api/live';
import { useNow } from '../ui/clock';
import { formatRelative } from '../ui/format';
import { Icon } from '../ui/icon';

/**
 * How current the page is, and a button that stops and starts it. A selection stops it too, and only its end starts it
 * again: the person's own pause stays as it was. The width is fixed, since what it says changes each second.
 */
export function LiveControl() {
  const live = useLive();
  const paused = isPaused(live);
  const held = live.holds.size > 0;
  return (
    <button
      type="button"
      className="live"
      data-paused={paused || undefined}
      aria-label={held ? heldLabel : paused ? 'Updates are paused: go on' : 'The page is live: pause updates'}
      aria-disabled={held || undefined}
      title={held ? heldLabel : undefined}
      onClick={() => !held && setPaused(!live.pausedByPerson)}
    >
      <Icon name={paused && !held ? 'play' : 'pause'} />
      <span aria-hidden="true">
        {paused ? 'Paused' : <Updated at={live.answeredAt} failing={live.failing !== undefined} />}
        {held && <span className="wide"> while selecting</span>}
      </span>
    </button>
  );
}

const heldLabel = 'Updates are paused while something is selected';

function Updated({ at, failing }: { at: number; failing: boolean }) {
  const now = useNow();
  if (failing) return 'No connection';
  if (at === 0) return 'Live';
  return (
    <>
      Live · <span className="wide">updated </span>
      {formatRelative(new Date(at), now)}
    </>
  );
}
