/** Small requests: one characteristic is read again and again. */

import { HAPNODEJS, HAPWIRE, LIMIT, PORTABLE } from "../contenders";
import type { CasePlan } from "../harness/case";
import { CHARACTERISTIC, CHARACTERISTIC_JSON } from "../harness/home";
import { measured } from "../harness/load";
import { REQUEST_LIMIT, REQUEST_METRICS, sendRequests } from "../harness/requests";
import { Seat } from "../harness/seat";
import { connectionCounts, type RunSettings } from "../harness/settings";
import type { Scenario } from "../scenario";

const CONNECTIONS = [8];
/** Requests of a cold sample. */
const COLD_REQUESTS = 200;

export const get: Scenario = {
  name: "get",
  title: "Small encrypted GET",
  how:
    "GET of one characteristic, over connections that take turns or are all busy. CPU time is that of the server's " +
    "process for a request. Latency runs from the request's write to the whole response, as the controller sees it. With " +
    "one in flight, the server wakes up for each request. With one in flight on each connection, the server finds several " +
    `requests when it wakes up. Cold: the first ${String(COLD_REQUESTS)} requests of a fresh process. ${REQUEST_LIMIT}`,
  contenders: [HAPWIRE, PORTABLE, HAPNODEJS, LIMIT],
  cases(settings) {
    return connectionCounts(settings, CONNECTIONS).flatMap((connections) => [
      getCase("one", "one in flight", connections, 1, settings),
      getCase("each", `${String(connections)} in flight`, connections, connections, settings),
    ]);
  },
};

function getCase(
  name: string,
  title: string,
  connections: number,
  inFlight: number,
  settings: RunSettings,
): CasePlan {
  return {
    name,
    title: `${String(connections)} connections, ${title}`,
    metrics: REQUEST_METRICS,
    ...measured(
      {
        start: async (competitor) => Seat.start(competitor, "sealing-http", settings.accessories),
        setUp: async (seat) => seat.connect(connections),
        work: async (seat, times, record) =>
          sendRequests(
            seat.controllers,
            inFlight,
            times,
            async (controller) => controller.get(CHARACTERISTIC, CHARACTERISTIC_JSON),
            record,
          ),
        cold: COLD_REQUESTS,
      },
      settings,
    ),
  };
}
