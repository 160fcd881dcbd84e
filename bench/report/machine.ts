/** On what a run was taken, in words: the same in every report. Names of hosts and people are not part of a result. */

import type { BenchResult } from "../result";
import { formatFigure } from "./format";

/** Pairs of what it is and what it says. */
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

/** The most rounds that a figure of the result has. */
export function roundsOf({ scenarios }: BenchResult): number {
  const counts = scenarios.flatMap(({ cases }) =>
    cases.flatMap(({ metrics }) =>
      metrics.flatMap(({ figures }) => figures.map(({ samples }) => samples.length)),
    ),
  );
  return Math.max(0, ...counts);
}

/** How to read the figures of any report. */
export function describeMethod(result: BenchResult): string {
  const rounds = roundsOf(result);
  return (
    `Less is better in every figure. The contenders took turns, ${String(rounds)} ` +
    `${rounds === 1 ? "round" : "rounds"} of each; a figure is the median of the rounds, with the smallest and the ` +
    `largest. Ratios are medians too, of the ratios within each round. The load does not sleep while the CPU time of a ` +
    `server is measured, where there is a core for it: to wake it would be billed to the server.`
  );
}
