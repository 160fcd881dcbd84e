/** Statistics over the samples of the rounds. */

/** A list of samples in three numbers. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The value in the middle, or the mean of the two values there. NaN if the list is empty. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = Math.floor(sorted.length / 2);
  const lower = Math.ceil(sorted.length / 2) - 1;
  return ((sorted[lower] ?? NaN) + (sorted[upper] ?? NaN)) / 2;
}

/** The smallest value that `percent` of the values do not exceed. NaN if the list is empty. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? NaN;
}

/** @returns Undefined if the list is empty. */
export function summarize(values: readonly number[]): Summary | undefined {
  if (values.length === 0) return undefined;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** True if the two ranges, each from its smallest to its largest sample, have a value in common. */
export function overlap(one: Summary, other: Summary): boolean {
  return one.min <= other.max && other.min <= one.max;
}

/**
 * Divides `numerator` by `denominator`, round by round. The samples of a round follow each other, so a machine that
 * slows down for a while slows both.
 *
 * @returns Undefined if no round has both samples, or if a denominator is not above 0.
 */
export function ratioOfRounds(
  numerator: readonly number[],
  denominator: readonly number[],
): Summary | undefined {
  const rounds = Math.min(numerator.length, denominator.length);
  const divisors = denominator.slice(0, rounds);
  if (divisors.some((value) => !(value > 0))) return undefined;
  return summarize(divisors.map((divisor, round) => (numerator[round] ?? NaN) / divisor));
}
