/** One status report about all processes of a Homebridge. */

import type { ProcessReport, ProcessReports } from "./process-report";
import type { LoopDelay, Quantiles, StatusReport } from "./report";

/** As many as one process reports. */
const MAX_FINDINGS = 40;

/**
 * Joins the reports of all processes. The event loop and the request times are those of the slowest process.
 *
 * @returns undefined if no process has answered.
 */
export function mergeReports({ processes }: ProcessReports): StatusReport | undefined {
  const [first] = processes;
  if (first === undefined) {
    return undefined;
  }
  const { hapwire, node, pid, uptime, time } = first;
  return {
    hapwire,
    node,
    pid,
    uptime,
    time,
    requestTime: slowest(processes, ({ requestTime }) => requestTime, "p99"),
    loopDelay: slowest(processes, ({ loopDelay }) => loopDelay, "max"),
    why: processes
      .flatMap(({ why }) => why)
      .sort((a, b) => b.weight - a.weight)
      .slice(0, MAX_FINDINGS),
    servers: processes.flatMap(({ servers }) => servers),
  };
}

function slowest<Key extends string, Times extends (Quantiles | LoopDelay) & Record<Key, number | null>>(
  processes: readonly ProcessReport[],
  timesOf: (report: ProcessReport) => Times,
  key: Key,
): Times {
  return processes
    .map(timesOf)
    .reduce((worst, times) => ((times[key] ?? 0) > (worst[key] ?? 0) ? times : worst));
}
