/** What is made of the rounds' figures. */

/** What a list of figures comes down to. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The value in the middle, or the mean of the two there. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = Math.floor(sorted.length / 2);
  const lower = Math.ceil(sorted.length / 2) - 1;
  return ((sorted[lower] ?? NaN) + (sorted[upper] ?? NaN)) / 2;
}

/** The value that so many of a hundred do not exceed. NaN of nothing. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? NaN;
}

/** undefined of nothing. */
export function summarize(values: readonly number[]): Summary | undefined {
  if (values.length === 0) return undefined;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * `numerator / denominator`, round by round: both of a round were taken one after the other, so that what slowed the
 * machine down for a while slowed both.
 *
 * @returns undefined where no round has both, or one has a denominator that is not above 0.
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
