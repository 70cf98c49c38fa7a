import { formatBytes } from './state';
import type { Progress } from './upload';

/** How much of the list is sent; then what the server does with it. */
export function SendProgress({ progress, after }: { progress: Progress | undefined; after: string }) {
  if (!progress) return <span className="small muted">Getting ready …</span>;
  const { sent, total } = progress;
  const said = sent < total ? `${formatBytes(sent)} of ${formatBytes(total)} sent` : `${after} …`;
  return (
    <span className="send-progress">
      <progress aria-label="Sending the list" max={total} value={sent < total ? sent : undefined} />
      <span className="small number" role="status">
        {said}
      </span>
    </span>
  );
}
