/** Explains how to read a result, and describes its machine. Results contain no names of hosts or people. */

import type { BenchResult } from "../result";
import { hasCold } from "./figures";
import { formatFigure } from "./format";

/** With fewer rounds, a range from smallest to largest says little. */
const FEWEST_ROUNDS = 3;

/** Pairs of a name and a value. */
export function describeMachine({ machine, taken }: BenchResult): readonly (readonly [string, string])[] {
  const cores = `${String(machine.cores)} ${machine.cores === 1 ? "core" : "cores"}`;
  return [
    ["Processor", `${machine.cpu}, ${cores}`],
    ["Memory", formatFigure(machine.memory, "bytes")],
    ["System", `${machine.platform} ${machine.kernel}, ${machine.arch}`],
    ["Node.js", `${machine.node}, OpenSSL ${machine.openssl}`],
    ["hapwire", machine.hapwire],
    ["Date", taken.slice(0, 10)],
  ];
}

/** The largest number of samples of one figure. */
function roundsOf({ scenarios }: BenchResult): number {
  const counts = scenarios.flatMap(({ cases }) =>
    cases.flatMap(({ metrics }) =>
      metrics.flatMap(({ figures }) => figures.map(({ samples }) => samples.length)),
    ),
  );
  return Math.max(0, ...counts);
}

/** The mark of a result whose samples are short or few. @returns Undefined for a whole run. */
export function firstLook(result: BenchResult): string | undefined {
  const rounds = roundsOf(result);
  const why =
    result.quick === true
      ? "the run was made with --quick: short samples and few cases"
      : rounds < FEWEST_ROUNDS
        ? `the run has ${String(rounds)} ${rounds === 1 ? "round" : "rounds"}`
        : undefined;
  return why && `A first look, not a measurement to quote: ${why}.`;
}

/** Sentences that explain the figures of any report. */
export function describeMethod(result: BenchResult): readonly string[] {
  const rounds = roundsOf(result);
  return [
    "Less is better in every figure.",
    `The contenders take turns, ${String(rounds)} ${rounds === 1 ? "round" : "rounds"} each. ` +
      "A figure is the median of the rounds, with the smallest and the largest. " +
      "A ratio is the median of the ratios within each round.",
    NOISE,
    ...(hasCold(result) ? [COLD] : []),
    "The load stays busy while the CPU time of a server is measured, if there is a core for it. " +
      "Otherwise the server would pay for waking the load.",
  ];
}

export const NOISE =
  '"Within the noise" stands in place of a ratio if the ranges of the two contenders overlap.';

/** Explains the column "cold". */
export const COLD =
  "A warm figure comes from a process whose code is compiled. A cold figure comes from a fresh process without a " +
  "warm-up, one process for each sample. Most bridges idle, so most of their code runs cold.";
