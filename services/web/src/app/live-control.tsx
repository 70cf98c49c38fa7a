import { isPaused, setPaused, useLive } from '../api/live';
import { useNow } from '../ui/clock';
import { formatRelative } from '../ui/format';
import { Icon } from '../ui/icon';

/** How current the page is, and a button that stops and starts it. Its width is fixed: it changes each second. */
export function LiveControl() {
  const live = useLive();
  const paused = isPaused(live);
  return (
    <button
      type="button"
      className="live"
      data-paused={paused || undefined}
      aria-label={paused ? 'Updates are paused: go on' : 'The page is live: pause updates'}
      title={live.holds.size > 0 ? 'Paused while something is selected' : undefined}
      onClick={() => setPaused(!live.pausedByPerson)}
    >
      <Icon name={paused ? 'play' : 'pause'} />
      <span aria-hidden="true">
        {paused ? 'Paused' : <Updated at={live.answeredAt} failing={live.failing !== undefined} />}
      </span>
    </button>
  );
}

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
