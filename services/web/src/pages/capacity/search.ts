import { oneOf, type RawSearch } from '../../app/search';

const spans = { '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000 } as const;
export type Span = keyof typeof spans;
export const spanNames = Object.keys(spans) as Span[];
export const spanLabels: Record<Span, string> = { '1h': 'Last hour', '24h': 'Last 24 hours', '7d': 'Last 7 days' };

export interface CapacitySearch {
  /** What the chart shows; absent: the last 24 hours. */
  span?: Exclude<Span, '24h'>;
}

export const capacitySearch = (raw: RawSearch): CapacitySearch => ({ span: oneOf(raw.span, ['1h', '7d']) });

export const spanOf = ({ span }: CapacitySearch): Span => span ?? '24h';
export const lengthOf = (span: Span): number => spans[span];
