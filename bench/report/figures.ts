/** What a report looks up in a result: figures of a metric, contenders beside each other, ratios. */

import type { BenchResult, CaseResult, Contender, Figure, Metric, ScenarioResult, Unit } from "../result";
import { ratioOfRounds, summarize, type Summary } from "../statistics";

/** The contender whose ratios a report shows. */
export const SUBJECT = "hapwire";
/** The contender that the subject is to be ahead of. */
export const PEER = "hap-nodejs";
/** The contender that stands for the least that any could need. */
export const LIMIT = "limit";

/** One case of a {@link MetricTable}. */
export interface MetricRow {
  readonly case: CaseResult;
  readonly metric: Metric;
}

/** One metric of a scenario, over all cases that have it. */
export interface MetricTable {
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  /** Those with a figure, or with a reason for none, in at least one row; in the order of the result. */
  readonly contenders: readonly Contender[];
  readonly rows: readonly MetricRow[];
}

/** The metrics of a scenario, in the order in which they first occur. */
export function tablesOf(result: BenchResult, scenario: ScenarioResult): readonly MetricTable[] {
  const rows = scenario.cases.flatMap((one) => one.metrics.map((metric) => ({ case: one, metric })));
  const names = [...new Set(rows.map(({ metric }) => metric.name))];
  return names.flatMap((name) => {
    const own = rows.filter(({ metric }) => metric.name === name);
    const [first] = own;
    if (first === undefined) return [];
    const present = new Set(own.flatMap(({ metric }) => metric.figures.map(({ contender }) => contender)));
    const contenders = result.contenders.filter((contender) => present.has(contender.name));
    return [{ name, title: first.metric.title, unit: first.metric.unit, contenders, rows: own }];
  });
}

export function figureOf(metric: Metric, contender: string): Figure | undefined {
  return metric.figures.find((figure) => figure.contender === contender);
}

export function summaryOf(metric: Metric, contender: string): Summary | undefined {
  return summarize(figureOf(metric, contender)?.samples ?? []);
}

/** How many times more `other` needs than `contender`, round by round; undefined where one has no figure. */
export function aheadOf(metric: Metric, contender: string, other: string): Summary | undefined {
  return ratioOfRounds(figureOf(metric, other)?.samples ?? [], figureOf(metric, contender)?.samples ?? []);
}

/** How many times more `contender` needs than the limit, round by round; undefined where one has no figure. */
export function ofLimit(metric: Metric, contender: string): Summary | undefined {
  return aheadOf(metric, LIMIT, contender);
}

/** The metric of that name of that case; undefined where the result has none. */
export function findMetric(
  result: BenchResult,
  scenario: string,
  caseName: string,
  metric: string,
): Metric | undefined {
  return result.scenarios
    .find(({ name }) => name === scenario)
    ?.cases.find(({ name }) => name === caseName)
    ?.metrics.find(({ name }) => name === metric);
}

/** A contender's name for people; its plain name where the result does not list it. */
export function titleOf(result: BenchResult, contender: string): string {
  return result.contenders.find(({ name }) => name === contender)?.title ?? contender;
}
