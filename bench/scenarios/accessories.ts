/** The large answer: all accessories with their services, as a controller asks for when it connects. */

import { HAPNODEJS, HAPWIRE, LIMIT, PORTABLE } from "../contenders";
import { ACCESSORIES, accessoriesJson } from "../harness/home";
import { requestSample, REQUEST_METRICS } from "../harness/requests";
import { seated } from "../harness/seat";
import { connectionCounts } from "../harness/settings";
import type { Scenario } from "../scenario";

const CONNECTIONS = [8];

export const accessories: Scenario = {
  name: "accessories",
  title: "GET /accessories",
  how:
    "GET /accessories of a large bridge, one in flight, over connections that take turns. CPU time of the server's " +
    "process for a request; latency as the controller sees it. Limit: Node's http in plaintext, which also seals " +
    "the bytes of each answer, for nobody.",
  contenders: [HAPWIRE, PORTABLE, HAPNODEJS, LIMIT],
  cases(settings) {
    const body = accessoriesJson(settings.accessories);
    return connectionCounts(settings, CONNECTIONS).map((connections) => ({
      name: String(settings.accessories),
      title: `${String(settings.accessories)} accessories, ${String(Math.round(body.length / 1000))} KB`,
      metrics: REQUEST_METRICS,
      async prepare(competitor) {
        return seated(competitor, "sealing-http", settings.accessories, async (seat) => {
          await seat.connect(connections);
          return requestSample(seat, settings, { path: ACCESSORIES, body, inFlight: 1 });
        });
      },
    }));
  },
};
