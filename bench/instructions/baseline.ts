/** Compares the counts of a run with the committed baseline. */

import type { CaseCounts, Counts } from "./callgrind";

/** The content of bench/instructions.json. */
export interface Baseline {
  /** With its version, e.g. `GCC 12.2.0`. */
  readonly compiler: string;
  /** As `process.arch` names it. */
  readonly arch: string;
  readonly cases: Readonly<Record<string, Counts>>;
}

/** A count may exceed its baseline by this part of it. */
export const MOST_GROWTH = 0.03;

export type Verdict = "same" | "less" | "more" | "new" | "gone";

/** A case of the run, of the baseline, or of both. */
export interface Comparison {
  readonly name: string;
  readonly counts: Counts | undefined;
  readonly baseline: Counts | undefined;
  /** The growth of the count that grew most: 0.05 is 5 % more. NaN if the case is on one side only. */
  readonly change: number;
  readonly verdict: Verdict;
}

/** Every case of the run in its order, then the cases that only the baseline has. */
export function compare(run: readonly CaseCounts[], baseline: Baseline): readonly Comparison[] {
  const known = new Map(Object.entries(baseline.cases));
  const compared = run.map(({ name, ...counts }) => {
    const before = known.get(name);
    known.delete(name);
    return compareCase(name, counts, before);
  });
  return [...compared, ...[...known].map(([name, before]) => compareCase(name, undefined, before))];
}

function compareCase(name: string, counts: Counts | undefined, baseline: Counts | undefined): Comparison {
  if (counts === undefined || baseline === undefined) {
    return { name, counts, baseline, change: NaN, verdict: counts === undefined ? "gone" : "new" };
  }
  const changes = [
    growth(counts.instructions, baseline.instructions),
    growth(counts.calls, baseline.calls),
  ] as const;
  const most = Math.max(...changes);
  const least = Math.min(...changes);
  if (most > MOST_GROWTH) return { name, counts, baseline, change: most, verdict: "more" };
  if (least < -MOST_GROWTH) return { name, counts, baseline, change: least, verdict: "less" };
  return { name, counts, baseline, change: changes[0], verdict: "same" };
}

function growth(count: number, before: number): number {
  return count === before ? 0 : (count - before) / before;
}

/** True if the change needs a new baseline: a count grew too much, or has nothing to be compared with. */
export function fails({ verdict }: Comparison): boolean {
  return verdict !== "same" && verdict !== "less";
}
