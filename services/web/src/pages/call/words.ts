import type { Call, CallStatus } from '../../api/client';
import { waitingSentence } from '../../ui/status';

interface CancelWords {
  title: string;
  effect: string;
  verb: string;
}

/** What canceling comes to, before and after the dial. */
export function cancelWords(status: CallStatus): CancelWords {
  switch (status) {
    case 'ringing':
      return { title: 'Hang up?', effect: 'It rings. Canceling hangs up now.', verb: 'Hang up' };
    case 'in-progress':
      return {
        title: 'Hang up?',
        effect: 'Somebody is on the phone. Canceling hangs up now, in the middle of the talk.',
        verb: 'Hang up',
      };
    case 'launching':
    case 'starting':
      return {
        title: 'Cancel this call?',
        effect: 'It is about to be placed. If it has not been dialed, it will not be placed; if it has, it is hung up.',
        verb: 'Cancel the call',
      };
    default:
      return { title: 'Cancel this call?', effect: 'It will not be placed.', verb: 'Cancel the call' };
  }
}

/** What the call is doing, or how it ended: one sentence under its number. */
export function sentenceOf(call: Call): string {
  if (call.failure) return call.failure.message;
  if (call.waiting) return `It ${waitingSentence(call.waiting.reason)}.`;
  if (call.cancel_requested && !call.ended_at) return 'It is being hung up.';
  switch (call.status) {
    case 'queued':
      return 'It waits for its turn.';
    case 'launching':
      return 'It has a slot; its task is being started.';
    case 'starting':
      return 'Its task is starting up.';
    case 'ringing':
      return 'The phone rings.';
    case 'in-progress':
      return 'It was answered.';
    case 'completed':
      return 'It was answered, and is over.';
    case 'busy':
      return 'The number was busy.';
    case 'no-answer':
      return 'Nobody answered.';
    case 'failed':
      return 'It failed.';
    case 'canceled':
      return call.dials > 0 ? 'It was canceled, and hung up.' : 'It was canceled, and not placed.';
    case 'expired':
      return 'It did not start in time, and was not placed.';
  }
}
