/** The large response: all accessories with their services. A controller asks for them when it connects. */

import { HAPNODEJS, HAPWIRE, LIMIT, PORTABLE } from "../contenders";
import { ACCESSORIES, accessoriesJson } from "../harness/home";
import { measured } from "../harness/load";
import { REQUEST_LIMIT, REQUEST_METRICS, sendRequests } from "../harness/requests";
import { Seat } from "../harness/seat";
import { connectionCounts } from "../harness/settings";
import type { Scenario } from "../scenario";

const CONNECTIONS = [8];
/** Requests of a cold sample: as many as the controllers of a large home send when the bridge has restarted. */
const COLD_REQUESTS = 20;

export const accessories: Scenario = {
  name: "accessories",
  title: "GET /accessories",
  how:
    "GET /accessories of a large bridge, one in flight, over connections that take turns. CPU time is that of the " +
    "server's process for a request, latency is as the controller sees it. " +
    `Cold: the first ${String(COLD_REQUESTS)} requests of a fresh process. ${REQUEST_LIMIT}`,
  contenders: [HAPWIRE, PORTABLE, HAPNODEJS, LIMIT],
  cases(settings) {
    const body = accessoriesJson(settings.accessories);
    return connectionCounts(settings, CONNECTIONS).map((connections) => ({
      name: String(settings.accessories),
      title: `${String(settings.accessories)} accessories, ${String(Math.round(body.length / 1000))} KB`,
      metrics: REQUEST_METRICS,
      ...measured(
        {
          start: async (competitor) => Seat.start(competitor, "sealing-http", settings.accessories),
          setUp: async (seat) => seat.connect(connections),
          work: async (seat, times, record) =>
            sendRequests(
              seat.controllers,
              1,
              times,
              async (controller) => controller.get(ACCESSORIES, body),
              record,
            ),
          cold: COLD_REQUESTS,
        },
        settings,
      ),
    }));
  },
};
