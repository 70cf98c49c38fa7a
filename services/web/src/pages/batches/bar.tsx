import { byGroup, groupClass, groups, type GroupCounts } from '../../ui/chart/groups';
import type { Schemas } from '../../api/client';
import { formatNumber } from '../../ui/format';

/** How a batch's calls stand, as one bar. The legend, or the numbers beside it, say the same in words. */
export function GroupBar({ counts }: { counts: Schemas['BatchCounts'] }) {
  const numbers = byGroup(counts);
  return (
    <div className="group-bar" role="img" aria-label={groupSentence(numbers)}>
      {groups
        .filter(({ key }) => numbers[key] > 0)
        .map(({ key }) => (
          <span key={key} className={groupClass(key)} style={{ flexGrow: numbers[key] }} />
        ))}
    </div>
  );
}

/** "completed 5,120, not reached 1,273, waiting 3,265". */
export const groupSentence = (numbers: GroupCounts) =>
  groups
    .filter(({ key }) => numbers[key] > 0)
    .map(({ key, head }) => `${head.toLowerCase()} ${formatNumber(numbers[key])}`)
    .join(', ');
