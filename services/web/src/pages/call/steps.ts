import type { Call, CallStatus, Schemas } from '../../api/client';
import { isFinal } from '../../ui/status';

type Outcome = Schemas['Outcome'];

export interface Step {
  status: CallStatus;
  at: string;
  cause: string;
  /** When the next one began. Undefined: it goes on, or it is the end. */
  until?: string;
  /** Whether its clock still runs. */
  running: boolean;
  /** What happened during it without ending it, such as a request to cancel. */
  notes: { at: string; cause: string }[];
}

export interface Attempt {
  number: number;
  steps: Step[];
  latest: boolean;
  /** Why another attempt followed. */
  next?: string;
}

/** The history by attempts, oldest first; each step lasts until the next one begins, whichever attempt that belongs to. */
export function attemptsOf({ history, status, outcome }: Pick<Call, 'history' | 'status' | 'outcome'>): Attempt[] {
  const attempts: Attempt[] = [];
  let step: Step | undefined;
  for (const entry of history) {
    const attempt = attempts.at(-1);
    const same = attempt?.number === entry.attempt;
    if (same && step?.status === entry.status) {
      step.notes.push({ at: entry.at, cause: entry.cause });
      continue;
    }
    const gap = attempt !== undefined && entry.attempt > attempt.number + 1; // left out of a very long history
    if (step && !isFinal(step.status) && !gap) step.until = entry.at;
    step = { status: entry.status, at: entry.at, cause: entry.cause, running: false, notes: [] };
    if (same) attempt.steps.push(step);
    else attempts.push({ number: entry.attempt, steps: [step], latest: false });
    if (attempt && !same && !gap) attempt.next = entry.cause;
  }
  const last = attempts.at(-1);
  if (!last || !step) return attempts;
  step.running = !isFinal(status);
  return [...attempts.slice(0, -1), { ...last, latest: true, steps: asTheCarrierSays(last.steps, outcome) }];
}

/**
 * Ringing, talk and end happen at the carrier, whose times are the call's outcome. The
 * history has when the news of them came, and two clocks of one talk would disagree.
 */
function asTheCarrierSays(steps: Step[], outcome: Outcome = {}): Step[] {
  const began = Date.parse(steps[0]?.at ?? '');
  const carriers = ({ status }: Step) =>
    status === 'ringing' ? outcome.ringing_at : status === 'in-progress' ? outcome.answered_at : endOf(status, outcome);
  const timed = steps.map((step) => {
    const at = carriers(step);
    return at && Date.parse(at) >= began ? { ...step, at } : step; // not of an earlier attempt
  });
  return timed.map((step, place) => ({ ...step, until: step.until && (timed[place + 1]?.at ?? step.until) }));
}

const endOf = (status: CallStatus, outcome: Outcome) => (isFinal(status) ? outcome.ended_at : undefined);

const causes: Record<string, string> = {
  created: 'submitted',
  admitted: 'got a slot',
  task_started: 'its task has started',
  carrier: 'says the carrier',
  cancel_requested: 'somebody asked to cancel it',
  canceled: 'somebody canceled it',
  batch_canceled: 'its batch was canceled',
  no_capacity: 'there was no room to launch it',
  start_timeout: 'its task did not start in time',
  task_stopped: 'its task stopped before it could dial',
  not_dialed: 'the agent ended without dialing',
  task_lost: 'its task is gone; what became of the dial is being found out',
  redriven: 'it was redriven',
  launch_refused: 'the launch was refused for good',
  launch_tries_used: 'the launch was tried as often as allowed',
  agent_lost: 'the agent was lost during the call',
  agent_error: 'the agent could not go on',
  carrier_error: 'the carrier refused it or broke it off',
  carrier_unclear: 'the carrier never said what became of it',
  last_start_passed: 'it did not start in time',
  busy: 'the number was busy',
  'no-answer': 'nobody answered',
  failed: 'it failed',
};

/** The cause of a step in words; a cause that is new to this page stands for itself. */
export const causeSentence = (cause: string) => causes[cause] ?? cause;
