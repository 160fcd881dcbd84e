/** The result as text for a terminal. */

import { HAPNODEJS, HAPWIRE, LIMIT } from "../contenders";
import type { BenchResult, CaseResult, Figure, Metric } from "../result";
import { formatFigure, formatRange, formatRatio } from "./format";
import { ratioOfRounds, summarize } from "../statistics";

/** @returns The whole result, a row for each figure. */
export function renderTable(result: BenchResult): string {
  const { cpu, cores, platform, arch, node, openssl } = result.machine;
  const left = result.contenders.flatMap(({ title, leftOut }) =>
    leftOut === undefined ? [] : [`left out: ${title}: ${leftOut}`],
  );
  return [
    `${cpu}, ${String(cores)} cores, ${platform} ${arch}, Node ${node}, OpenSSL ${openssl}`,
    ...result.contenders.map(({ name, title }) => `  ${name.padEnd(NAME_WIDTH)} ${title}`),
    ...left,
    ...result.scenarios.flatMap(({ title, cases }) => ["", title, ...cases.flatMap(caseRows)]),
  ].join("\n");
}

const NAME_WIDTH = 14;
const FIGURE_WIDTH = 10;

function caseRows({ title, metrics, leftOut = [] }: CaseResult): string[] {
  const rows = metrics.flatMap((metric) => [
    `  ${title}, ${metric.title}`,
    ...metric.figures.map((figure) => `    ${figureRow(figure, metric)}`),
    ...comparisons(metric).map((line) => `    ${line}`),
  ]);
  return [...rows, ...leftOut.map((line) => `    left out: ${line}`)];
}

function figureRow({ contender, samples, failed }: Figure, { unit }: Metric): string {
  if (failed !== undefined) {
    return `${contender.padEnd(NAME_WIDTH)} no figure: ${failed}`;
  }
  const summary = summarize(samples);
  if (summary === undefined) {
    return `${contender.padEnd(NAME_WIDTH)} no figure`;
  }
  const figure = formatFigure(summary.median, unit).padStart(FIGURE_WIDTH);
  return `${contender.padEnd(NAME_WIDTH)} ${figure}  ${formatRange(summary, unit)}`.trimEnd();
}

/** How hapwire compares, round by round. */
function comparisons({ figures, unit }: Metric): string[] {
  if (unit === "ratio") {
    return [];
  }
  const samplesOf = (name: string): readonly number[] =>
    figures.find(({ contender }) => contender === name)?.samples ?? [];
  const own = samplesOf(HAPWIRE);
  const ahead = ratioOfRounds(samplesOf(HAPNODEJS), own);
  const ofLimit = ratioOfRounds(own, samplesOf(LIMIT));
  return [
    ...(ahead === undefined ? [] : [`ahead of HAP-NodeJS: ${formatRatio(ahead)}`]),
    ...(ofLimit === undefined ? [] : [`of the limit: ${formatRatio(ofLimit)}`]),
  ];
}
