import type { CallStatus, Schemas } from '../api/client';
import { Icon, type IconName } from './icon';

export const callStatuses = [
  'queued',
  'launching',
  'starting',
  'ringing',
  'in-progress',
  'completed',
  'busy',
  'no-answer',
  'failed',
  'canceled',
  'expired',
] as const satisfies readonly CallStatus[];

const finals: readonly CallStatus[] = ['completed', 'busy', 'no-answer', 'failed', 'canceled', 'expired'];

/** Whether a call in this status is over. A dead letter that is redriven begins again. */
export const isFinal = (status: CallStatus) => finals.includes(status);

const icons: Record<CallStatus | Schemas['BatchStatus'], IconName> = {
  queued: 'clock',
  launching: 'ring',
  starting: 'ring',
  ringing: 'bell',
  'in-progress': 'handset',
  completed: 'tick',
  busy: 'minus',
  'no-answer': 'missed',
  failed: 'octagon',
  canceled: 'slash',
  expired: 'hourglass',
  active: 'play',
  paused: 'pause',
};

/** A status of a call or a batch: the API's own word, with an icon, so that colour says nothing alone. */
export function StatusChip({ status }: { status: CallStatus | Schemas['BatchStatus'] }) {
  return (
    <span className="chip" data-status={status}>
      <Icon name={icons[status]} dashed={status === 'launching' || status === 'starting'} />
      {status}
    </span>
  );
}

const reasons: Record<Schemas['WaitingReason'], string> = {
  schedule: 'waits for its time',
  retry: 'waits for its next attempt',
  window: 'waits for a time at which it may be placed',
  capacity: 'waits for a free slot',
  rate: 'waits for the launch rate',
  paused: 'waits: its batch is paused',
  stopped: 'waits: all admission is stopped',
  backoff: 'waits: launches are being refused',
};

/** Why a call waits, as a sentence without its end. */
export const waitingSentence = (reason: Schemas['WaitingReason']) => reasons[reason];
