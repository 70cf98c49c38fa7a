import { useCapacity } from '../../api/capacity';
import type { Capacity } from '../../api/client';
import { formatNumber } from '../../ui/format';

/** "14 of 20 slots in use · 3,265 waiting (capacity 3,245, retry 20)". Its height is there before the numbers are. */
export function CapacityStrip() {
  const { data } = useCapacity();
  return <p className="strip small muted number">{data ? sentence(data) : '\u00a0'}</p>;
}

function sentence({ in_use, limit, waiting }: Capacity): string {
  const reasons = Object.entries(waiting).filter(([, calls]) => calls > 0);
  const total = reasons.reduce((sum, [, calls]) => sum + calls, 0);
  const detail = reasons.map(([reason, calls]) => `${reason} ${formatNumber(calls)}`).join(', ');
  const slots = `${formatNumber(in_use)} of ${formatNumber(limit)} slots in use`;
  return `${slots} · ${formatNumber(total)} waiting${detail && ` (${detail})`}`;
}
