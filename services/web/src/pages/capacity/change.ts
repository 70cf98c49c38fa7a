import type { Settings } from './words';

/** What of the settings somebody wants other than it is. Only that is sent: the rest may be changed by others meanwhile. */
export function changesIn(wanted: Partial<Settings>, present: Settings): Partial<Settings> {
  const changes: Partial<Settings> = {};
  for (const field of ['limit', 'rate'] as const) {
    if (wanted[field] !== undefined && wanted[field] !== present[field]) changes[field] = wanted[field];
  }
  return changes;
}

export interface Change {
  /** What was changed, before and afterwards. */
  was: Partial<Settings>;
  is: Partial<Settings>;
}

export const changeOf = (is: Partial<Settings>, { limit, rate }: Settings): Change => ({
  was: { ...('limit' in is && { limit }), ...('rate' in is && { rate }) },
  is,
});

/** Whether a change still holds. What somebody else has set since isn't there to be undone. */
export const holds = ({ is }: Change, present: Settings): boolean => Object.keys(changesIn(is, present)).length === 0;
