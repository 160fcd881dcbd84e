/** The goals beside what was measured. */

import { GOALS, type Goal } from "../goals";
import type { BenchResult, Metric, Unit } from "../result";
import type { Summary } from "../statistics";
import { aheadOf, findMetric, LIMIT, ofLimit, PEER, SUBJECT, summaryOf, tablesOf } from "./figures";
import { formatBound, formatFigure, formatRatio, NOTHING } from "./format";

/** `unmeasured`: the result has not the figures that it takes. */
export type Verdict = "met" | "missed" | "unmeasured";

/** One thing that a goal asks for. */
export interface Check {
  /** E.g. `at least 12 × ahead of HAP-NodeJS`. */
  readonly wanted: string;
  /** E.g. `13.1 ×`. */
  readonly measured: string;
  readonly verdict: Verdict;
  /** Of a goal that was missed: what says that no server could have reached it in this run. */
  readonly remark?: string;
}

export interface JudgedGoal {
  readonly goal: Goal;
  readonly checks: readonly Check[];
}

/** One metric of a contender that another one needs less for. */
export interface Slower {
  readonly title: string;
  readonly ratio: Summary;
}

export function judgeGoals(result: BenchResult, goals: readonly Goal[] = GOALS): readonly JudgedGoal[] {
  return goals.map((goal) => ({ goal, checks: checksOf(result, goal) }));
}

function checksOf(result: BenchResult, goal: Goal): readonly Check[] {
  const metric = findMetric(result, goal.scenario, goal.case, goal.metric);
  const { ahead, ofLimit: limit, atMost } = goal;
  const checks: Check[] = [];
  if (ahead !== undefined) {
    const measured = metric && aheadOf(metric, SUBJECT, PEER);
    const wanted = `at least ${formatBound(ahead, "ratio")} ahead of HAP-NodeJS`;
    const judged = check(wanted, measured, (median) => median >= ahead);
    const remark = judged.verdict === "missed" ? beyondTheLimit(metric, ahead) : undefined;
    checks.push(remark === undefined ? judged : { ...judged, remark });
  }
  if (limit !== undefined) {
    const measured = metric && ofLimit(metric, SUBJECT);
    const wanted = `at most ${formatBound(limit, "ratio")} the limit`;
    checks.push(check(wanted, measured, (median) => median <= limit));
  }
  if (atMost !== undefined) {
    const unit = metric?.unit ?? "count";
    const measured = metric && summaryOf(metric, SUBJECT);
    checks.push(check(`at most ${formatBound(atMost, unit)}`, measured, (median) => median <= atMost, unit));
  }
  return checks;
}

/** @returns what to say where the limit itself is not so far ahead of HAP-NodeJS. */
function beyondTheLimit(metric: Metric | undefined, ahead: number): string | undefined {
  const limit = metric && aheadOf(metric, LIMIT, PEER);
  return limit !== undefined && limit.median < ahead
    ? `the limit itself is ${formatRatio(limit)} ahead`
    : undefined;
}

function check(
  wanted: string,
  measured: Summary | undefined,
  holds: (median: number) => boolean,
  unit: Unit = "ratio",
): Check {
  if (measured === undefined) return { wanted, measured: NOTHING, verdict: "unmeasured" };
  const verdict = holds(measured.median) ? "met" : "missed";
  return { wanted, measured: formatFigure(measured.median, unit), verdict };
}

/** The times for which `contender` needs more than `other`, most first; the ratio is how many times more. */
export function slowerThan(result: BenchResult, contender: string, other: string): readonly Slower[] {
  return result.scenarios
    .flatMap((scenario) =>
      tablesOf(result, scenario)
        .filter(({ unit }) => unit === "ns" || unit === "us" || unit === "ms")
        .flatMap(({ title, rows }) =>
          rows.flatMap(({ case: one, metric }) => {
            const ratio = aheadOf(metric, other, contender);
            const name = `${scenario.title}: ${one.title}, ${title}`;
            return ratio !== undefined && ratio.median > 1 ? [{ title: name, ratio }] : [];
          }),
        ),
    )
    .toSorted((a, b) => b.ratio.median - a.ratio.median);
}

/** One row of the README's table: a goal's figures. */
export interface Headline {
  readonly title: string;
  readonly metric: Metric;
  readonly ahead: Summary | undefined;
  readonly ofLimit: Summary | undefined;
}

/** The figures that say most, as far as the result has them. */
export function headlinesOf(result: BenchResult, goals: readonly Goal[] = GOALS): readonly Headline[] {
  return goals.flatMap((goal) => {
    if (goal.headline !== true) return [];
    const metric = findMetric(result, goal.scenario, goal.case, goal.metric);
    if (metric === undefined || summaryOf(metric, SUBJECT) === undefined) return [];
    const ahead = aheadOf(metric, SUBJECT, PEER);
    return [{ title: goal.title, metric, ahead, ofLimit: ofLimit(metric, SUBJECT) }];
  });
}
