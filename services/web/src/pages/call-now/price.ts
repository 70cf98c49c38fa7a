import type { Limits } from '../../api/limits';

type Prices = NonNullable<Limits['prices']>;

/** What a minute to this number costs: of several prefixes that fit, the longest counts. */
export function pricePerMinute(prices: Prices, e164: string): string | undefined {
  const fits = prices.per_minute.filter(({ prefix }) => e164.startsWith(prefix));
  const longest = fits.reduce<Prices['per_minute'][number] | undefined>(
    (best, each) => (best && best.prefix.length >= each.prefix.length ? best : each),
    undefined,
  );
  return longest?.price ?? prices.default;
}

/** "€0.12 a minute, up to about €1.20"; undefined where nobody has said what it costs. */
export function costSentence(prices: Prices | undefined, e164: string, seconds: number | undefined) {
  const price = prices && pricePerMinute(prices, e164);
  if (!price) return undefined;
  const money = (amount: number, digits: number) =>
    new Intl.NumberFormat(undefined, {
      style: 'currency',
      currency: prices.currency,
      maximumFractionDigits: digits,
    }).format(amount);
  const perMinute = `${money(Number(price), 4)} a minute`;
  if (seconds === undefined) return `About ${perMinute}`;
  return `Up to about ${money(Number(price) * Math.ceil(seconds / 60), 2)}, at ${perMinute}`;
}
