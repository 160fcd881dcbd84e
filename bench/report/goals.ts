/** Compares a result with the goals, as text for a terminal: `npm run bench -- --goals`. */

import { HAPNODEJS, HAPWIRE, LIMIT, PORTABLE } from "../contenders";
import { GOALS, type Goal } from "../goals";
import type { BenchResult, Metric } from "../result";
import {
  aheadOfPeer,
  compare,
  comparisonCell,
  figureCell,
  findRow,
  ofLimit,
  summaryOf,
  tablesOf,
  type Comparison,
} from "./figures";
import { formatBound } from "./format";
import { columns } from "./table";

/** `unmeasured`: the result lacks a figure that the goal needs. */
export type Verdict = "met" | "missed" | "unmeasured";

/** One bound of a goal. */
export interface Check {
  /** E.g. `at least 12 × ahead of HAP-NodeJS`. */
  readonly wanted: string;
  /** E.g. `13.1 ×`. */
  readonly measured: string;
  readonly verdict: Verdict;
  /** Says that the limit misses this goal too. */
  readonly remark?: string;
}

export interface JudgedGoal {
  readonly goal: Goal;
  readonly checks: readonly Check[];
}

/** A time of one contender that is longer than that of another. */
export interface Slower {
  readonly title: string;
  readonly ratio: number;
}

export function renderGoals(result: BenchResult): string {
  const rows = judgeGoals(result).flatMap(({ goal, checks }) =>
    checks.map(({ wanted, measured, verdict, remark }, index) => [
      index === 0 ? goal.title : "",
      wanted,
      measured,
      remark === undefined ? verdict : `${verdict}: ${remark}`,
    ]),
  );
  return ["Goals", ...columns(rows), ...portableLines(result)].join("\n");
}

/** The portable engine has one goal: HAP-NodeJS is faster than it nowhere. */
function portableLines(result: BenchResult): readonly string[] {
  if (!result.contenders.some(({ name, leftOut }) => name === PORTABLE && leftOut === undefined)) return [];
  const slower = slowerThan(result, PORTABLE, HAPNODEJS);
  const goal = "portable engine, nowhere slower than HAP-NodeJS";
  if (slower.length === 0) return [`  ${goal}: met`];
  return [
    `  ${goal}: missed`,
    ...slower.map(({ title, ratio }) => `    ${title}: ${formatBound(ratio, "ratio")}`),
  ];
}

export function judgeGoals(result: BenchResult, goals: readonly Goal[] = GOALS): readonly JudgedGoal[] {
  return goals.map((goal) => ({ goal, checks: checksOf(goal, findRow(result, goal.figure)?.warm) }));
}

function checksOf(goal: Goal, metric: Metric | undefined): readonly Check[] {
  const { ahead, ofLimit: mostOfLimit, atMost } = goal;
  const checks: Check[] = [];
  if (ahead !== undefined) {
    const wanted = `at least ${formatBound(ahead, "ratio")} ahead of HAP-NodeJS`;
    // Within the noise of HAP-NodeJS, hapwire is not ahead.
    const judged = judge(wanted, aheadOfPeer(metric), (ratio) => ratio !== undefined && ratio >= ahead);
    const remark = judged.verdict === "missed" ? limitRemark(metric, ahead) : undefined;
    checks.push({ ...judged, ...(remark !== undefined && { remark }) });
  }
  if (mostOfLimit !== undefined) {
    const wanted = `at most ${formatBound(mostOfLimit, "ratio")} the limit`;
    // Within the noise of the limit, hapwire has reached it.
    checks.push(judge(wanted, ofLimit(metric), (ratio) => ratio === undefined || ratio <= mostOfLimit));
  }
  if (atMost !== undefined) {
    const median = summaryOf(metric, HAPWIRE)?.median;
    checks.push({
      wanted: `at most ${formatBound(atMost, metric?.unit ?? "count")}`,
      measured: figureCell(metric, HAPWIRE).text,
      verdict: median === undefined ? "unmeasured" : median <= atMost ? "met" : "missed",
    });
  }
  return checks;
}

/** @param holds - Takes undefined if the two contenders cannot be told apart. */
function judge(
  wanted: string,
  comparison: Comparison | undefined,
  holds: (ratio: number | undefined) => boolean,
): Check {
  const measured = comparisonCell(comparison).text;
  if (comparison === undefined || comparison.kind === "single") {
    return { wanted, measured, verdict: "unmeasured" };
  }
  const ratio = comparison.kind === "apart" ? comparison.ratio.median : undefined;
  const verdict = holds(ratio) ? "met" : "missed";
  return { wanted, measured, verdict };
}

/** @returns Undefined if the limit reaches the goal. */
function limitRemark(metric: Metric | undefined, ahead: number): string | undefined {
  const limit = compare(metric, HAPNODEJS, LIMIT);
  if (limit === undefined || limit.kind === "single") return undefined;
  if (limit.kind !== "apart") return "the limit itself is not ahead";
  if (limit.ratio.median >= ahead) return undefined;
  return `the limit itself is ${comparisonCell(limit).text} ahead`;
}

/** The times that `contender` needs more of than `other`, beyond the noise. The largest ratio comes first. */
export function slowerThan(result: BenchResult, contender: string, other: string): readonly Slower[] {
  return result.scenarios
    .flatMap((scenario) =>
      tablesOf(scenario)
        .filter(({ unit }) => unit === "ns" || unit === "us" || unit === "ms")
        .flatMap(({ title, rows }) =>
          rows.flatMap(({ case: one, warm }) => {
            const comparison = compare(warm, contender, other);
            if (comparison?.kind !== "apart" || comparison.ratio.median <= 1) return [];
            return [{ title: `${scenario.title}: ${one.title}, ${title}`, ratio: comparison.ratio.median }];
          }),
        ),
    )
    .toSorted((a, b) => b.ratio - a.ratio);
}
