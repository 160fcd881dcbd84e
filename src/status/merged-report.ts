/** One status report about all processes of a Homebridge. */

import { mergeHistories } from "./history";
import type { ProcessReport, ProcessReports } from "./process-report";
import type { Quantiles, StatusReport, User } from "./report";
import type { UserNumbers } from "./users";

/** As many as one process reports. */
const MAX_FINDINGS = 40;

/**
 * Joins the reports of all processes. The event loop and the request times are those of the slowest process.
 *
 * @param users - Numbers the users anew: each process counts its own. Pass the same object with each call, so that a user
 *   keeps a number.
 * @returns Undefined if no process has answered.
 */
export function mergeReports({ processes }: ProcessReports, users: UserNumbers): StatusReport | undefined {
  const [first] = processes;
  if (first === undefined) {
    return undefined;
  }
  const renumbered = <Row extends { user: User | null }>(row: Row): Row =>
    row.user === null ? row : { ...row, user: { ...row.user, number: users.numberOf(row.user.id) } };
  const { hapwire, node, pid, uptime, time } = first;
  return {
    hapwire,
    node,
    pid,
    uptime,
    time,
    requestTime: slowest(processes),
    history: mergeHistories(processes.map(({ history }) => history)),
    why: processes
      .flatMap(({ why }) => why)
      .sort((a, b) => b.weight - a.weight)
      .slice(0, MAX_FINDINGS)
      .map(renumbered),
    servers: processes.flatMap(({ servers }) =>
      servers.map((server) => ({
        ...server,
        slow: server.slow.map(renumbered),
        connections: server.connections.map(renumbered),
      })),
    ),
  };
}

function slowest(processes: readonly ProcessReport[]): Quantiles {
  return processes
    .map(({ requestTime }) => requestTime)
    .reduce((worst, times) => ((times.p99 ?? 0) > (worst.p99 ?? 0) ? times : worst));
}
