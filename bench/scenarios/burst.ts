/** A burst: many changes at once, to all controllers that have subscribed. */

import { HAPNODEJS, HAPWIRE, LIMIT, PORTABLE } from "../contenders";
import type { CasePlan } from "../harness/case";
import { burstLoad } from "../harness/burst-load";
import { measured } from "../harness/load";
import { connectionCounts, type RunSettings } from "../harness/settings";
import type { Scenario } from "../scenario";

const CONNECTIONS = [8, 32, 128];
const QUICK_CONNECTIONS = [32];
/** Bursts of a cold sample, and its most connections: no home has more controllers. */
const COLD_BURSTS = 5;
const MAX_COLD_CONNECTIONS = 32;

export const burst: Scenario = {
  name: "burst",
  title: "Burst of changes",
  how:
    "CPU time of the server's process for one burst, from the first broadcast until every controller has every event. " +
    "Events gather for 1 ms instead of 250, so that a run does not consist of waiting. " +
    `Cold: the first ${String(COLD_BURSTS)} bursts of a fresh process. ` +
    "Limit: a ready message is sealed for each connection and given to its socket in one write.",
  contenders: [HAPWIRE, PORTABLE, HAPNODEJS, LIMIT],
  cases(settings) {
    const connections = connectionCounts(settings, settings.quick ? QUICK_CONNECTIONS : CONNECTIONS);
    return [settings.accessories, 10 * settings.accessories].flatMap((changes) =>
      connections.map((count) => burstCase(changes, count, settings)),
    );
  },
};

function burstCase(changes: number, connections: number, settings: RunSettings): CasePlan {
  return {
    name: `${String(changes)}x${String(connections)}`,
    title: `${changes.toLocaleString("en")} changes to ${String(connections)} connections`,
    metrics: [{ name: "cpu", title: "CPU time of a burst", unit: "us" }],
    ...measured(
      {
        ...burstLoad(changes, connections, settings),
        ...(connections <= MAX_COLD_CONNECTIONS && { cold: COLD_BURSTS }),
      },
      settings,
    ),
  };
}
