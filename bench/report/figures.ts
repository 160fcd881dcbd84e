/** Looks up the figures of a result and compares contenders. Every report prints these lines. */

import { HAPNODEJS, HAPWIRE, LIMIT, PORTABLE } from "../contenders";
import type { BenchResult, CaseResult, Metric, ScenarioResult, Unit } from "../result";
import { overlap, ratioOfRounds, summarize, type Summary } from "../statistics";
import { formatFigure, formatRange, NOTHING } from "./format";

/** A metric of a scenario, over all cases that have one with this title. */
export interface MetricTable {
  readonly title: string;
  readonly unit: Unit;
  readonly rows: readonly MetricRow[];
}

/** One metric of one case. */
export interface MetricRow {
  readonly case: CaseResult;
  readonly warm: Metric;
  /** The same metric in a fresh process; undefined if the case has no cold figures. */
  readonly cold: Metric | undefined;
}

/** One line of a {@link MetricRow}: the figures of a contender, or a comparison. */
export interface Line {
  readonly label: string;
  /** The name of the contender; undefined for a comparison. */
  readonly contender?: string;
  readonly warm: Cell;
  readonly cold: Cell;
}

export interface Cell {
  readonly text: string;
  /** From the smallest to the largest; empty if the cell has no range. */
  readonly range: string;
  readonly failed?: boolean;
}

/**
 * One contender beside another. `noise`: their ranges overlap, so a ratio would mean nothing. `same`: every sample of
 * both has the same value. `single`: one of them has a single sample, so nobody knows the noise.
 */
export type Comparison =
  { readonly kind: "apart"; readonly ratio: Summary } | { readonly kind: "noise" | "same" | "single" };

const EMPTY: Cell = { text: NOTHING, range: "" };

/** Names for the columns and rows of reports, without versions. */
const SHORT_TITLES: Readonly<Record<string, string>> = {
  [PORTABLE]: "portable engine",
  [HAPNODEJS]: "HAP-NodeJS",
  [LIMIT]: "the limit",
};

export function shortTitle(contender: string): string {
  return SHORT_TITLES[contender] ?? contender;
}

/** The metrics of a scenario by their titles, in the order in which they first occur. */
export function tablesOf(scenario: ScenarioResult): readonly MetricTable[] {
  const tables = new Map<string, MetricTable & { rows: MetricRow[] }>();
  for (const one of scenario.cases) {
    for (const warm of one.metrics) {
      const { name, title, unit } = warm;
      const table = tables.get(title) ?? { title, unit, rows: [] };
      tables.set(title, table);
      table.rows.push({ case: one, warm, cold: coldMetric(one, name) });
    }
  }
  return [...tables.values()];
}

export function hasCold({ scenarios }: BenchResult): boolean {
  return scenarios.some(({ cases }) => cases.some(({ cold }) => cold !== undefined));
}

/**
 * @param figure - The names of the scenario, the case and the metric: `codec/150/seal`.
 * @returns Undefined if the result has no such metric.
 */
export function findRow(result: BenchResult, figure: string): MetricRow | undefined {
  const [scenario, caseName, metric = ""] = figure.split("/");
  const one = result.scenarios
    .find(({ name }) => name === scenario)
    ?.cases.find(({ name }) => name === caseName);
  const warm = one?.metrics.find(({ name }) => name === metric);
  return one && warm && { case: one, warm, cold: coldMetric(one, metric) };
}

function coldMetric({ cold }: CaseResult, metric: string): Metric | undefined {
  return cold?.find(({ name }) => name === metric);
}

export function samplesOf(metric: Metric | undefined, contender: string): readonly number[] {
  return metric?.figures.find((figure) => figure.contender === contender)?.samples ?? [];
}

export function summaryOf(metric: Metric | undefined, contender: string): Summary | undefined {
  return summarize(samplesOf(metric, contender));
}

/** How many times as much as hapwire HAP-NodeJS needs. @returns Undefined if one of them has no figure. */
export function aheadOfPeer(metric: Metric | undefined): Comparison | undefined {
  return compare(metric, HAPNODEJS, HAPWIRE);
}

/** How many times as much as the limit hapwire needs. @returns Undefined if one of them has no figure. */
export function ofLimit(metric: Metric | undefined): Comparison | undefined {
  return compare(metric, HAPWIRE, LIMIT);
}

/**
 * How many times as much as `other` `contender` needs.
 *
 * @returns Undefined if one of them has no figure, or if the metric is a ratio itself.
 */
export function compare(
  metric: Metric | undefined,
  contender: string,
  other: string,
): Comparison | undefined {
  if (metric === undefined || metric.unit === "ratio") return undefined;
  const samples = [samplesOf(metric, contender), samplesOf(metric, other)] as const;
  const [own, others] = [summarize(samples[0]), summarize(samples[1])];
  if (own === undefined || others === undefined) return undefined;
  if (samples.some(({ length }) => length === 1)) return { kind: "single" };
  if (overlap(own, others)) {
    const hasRange = own.min < own.max || others.min < others.max;
    return { kind: hasRange ? "noise" : "same" };
  }
  const ratio = ratioOfRounds(...samples);
  return ratio && { kind: "apart", ratio };
}

/** The lines of one metric of one case: every contender, then the comparisons. */
export function linesOf({ warm, cold }: MetricRow): readonly Line[] {
  const figures = warm.figures.map(({ contender }): Line => ({
    label: shortTitle(contender),
    contender,
    warm: figureCell(warm, contender),
    cold: figureCell(cold, contender),
  }));
  const comparisons = [
    { label: "ahead of HAP-NodeJS", of: aheadOfPeer },
    { label: "times the limit", of: ofLimit },
  ].flatMap(({ label, of }): Line[] => {
    const both = [of(warm), of(cold)] as const;
    return both.some(Boolean)
      ? [{ label, warm: comparisonCell(both[0]), cold: comparisonCell(both[1]) }]
      : [];
  });
  return [...figures, ...comparisons];
}

export function figureCell(metric: Metric | undefined, contender: string): Cell {
  const figure = metric?.figures.find((each) => each.contender === contender);
  if (metric === undefined || figure === undefined) return EMPTY;
  if (figure.failed !== undefined) return { text: `no figure: ${figure.failed}`, range: "", failed: true };
  const summary = summarize(figure.samples);
  if (summary === undefined) return EMPTY;
  return { text: formatFigure(summary.median, metric.unit), range: formatRange(summary, metric.unit) };
}

export function comparisonCell(comparison: Comparison | undefined): Cell {
  switch (comparison?.kind) {
    case undefined:
      return EMPTY;
    case "noise":
      return { text: "within the noise", range: "" };
    case "same":
      return { text: "the same", range: "" };
    case "single":
      return { text: "a single sample", range: "" };
    case "apart": {
      const { ratio } = comparison;
      return { text: formatFigure(ratio.median, "ratio"), range: formatRange(ratio, "ratio") };
    }
  }
}
