import type { CallStatus, Schemas } from '../../api/client';

/** The six groups in which charts and bars show calls, from the bottom up: neighbours differ for everybody's eyes. */
export const groups = [
  { key: 'completed', head: 'Completed', statuses: ['completed'] },
  { key: 'notReached', head: 'Not reached', statuses: ['busy', 'no-answer'] },
  { key: 'onCall', head: 'On a call', statuses: ['launching', 'starting', 'ringing', 'in-progress'] },
  { key: 'failed', head: 'Failed', statuses: ['failed'] },
  { key: 'canceled', head: 'Canceled, expired', statuses: ['canceled', 'expired'] },
  { key: 'waiting', head: 'Waiting', statuses: ['queued'] },
] as const satisfies { key: string; head: string; statuses: CallStatus[] }[];

export type Group = (typeof groups)[number]['key'];
export const groupKeys: readonly Group[] = groups.map(({ key }) => key);
export type GroupCounts = Record<Group, number>;

const classes: Record<Group, string> = {
  completed: 'group-completed',
  notReached: 'group-not-reached',
  onCall: 'group-on-a-call',
  failed: 'group-failed',
  canceled: 'group-canceled',
  waiting: 'group-waiting',
};

/** The class that gives a group its colour, as --fill. */
export const groupClass = (group: Group) => classes[group];

/** A batch's counts by group. */
export const byGroup = (counts: Schemas['BatchCounts']): GroupCounts => ({
  completed: counts.completed,
  notReached: counts.busy + counts['no-answer'],
  onCall: counts.active,
  failed: counts.failed,
  canceled: counts.canceled + counts.expired,
  waiting: counts.waiting,
});
