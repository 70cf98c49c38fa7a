import type { Schemas } from '../../api/client';
import { one, oneOf, type RawSearch } from '../../app/search';

export type Cause = Schemas['FailureCause'];
const causes: readonly Cause[] = ['launch_refused', 'launch_tries_used'];

/** What the list shows, which is the address of the page. */
export interface DeadLettersSearch {
  cause?: Cause;
  batch?: string;
  cursor?: string;
  /** A redrive of all, whose progress is shown. */
  redrive?: string;
}

export function deadLettersSearch(raw: RawSearch): DeadLettersSearch {
  return { cause: oneOf(raw.cause, causes), batch: one(raw.batch), cursor: one(raw.cursor), redrive: one(raw.redrive) };
}

/** The filter as the API takes it, for the list, the counts and a redrive of all. */
export const filterOf = ({ cause, batch }: DeadLettersSearch) => ({ cause, batch });

/** The filter in words: "of cause launch_refused, of batch_01…". */
export const filterSentence = ({ cause, batch }: DeadLettersSearch): string =>
  [cause && `of cause ${cause}`, batch && `of ${batch}`].filter(Boolean).join(', ');
