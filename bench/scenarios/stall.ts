/** How long a burst keeps the server from all else. */

import { HAPNODEJS, HAPWIRE, LIMIT, PORTABLE } from "../contenders";
import { seated } from "../harness/seat";
import { connectionCounts } from "../harness/settings";
import { median } from "../statistics";
import type { Scenario } from "../scenario";

const CONNECTIONS = [32];
const WARM_UP_BURSTS = 20;
const QUICK_WARM_UP_BURSTS = 3;
const BURSTS = 5;
const QUICK_BURSTS = 1;

export const stall: Scenario = {
  name: "stall",
  title: "Longest stall of the event loop",
  how:
    "The longest time between two turns of the server's event loop, from before a burst until every controller has " +
    `every event; the median of ${String(BURSTS)} bursts. It is time by the clock. Limit: the message is there, it is ` +
    "sealed for each connection and given to its socket in one write.",
  contenders: [HAPWIRE, PORTABLE, HAPNODEJS, LIMIT],
  cases(settings) {
    const changes = 10 * settings.accessories;
    return connectionCounts(settings, CONNECTIONS).map((connections) => ({
      name: `${String(changes)}x${String(connections)}`,
      title: `${changes.toLocaleString("en")} changes to ${String(connections)} connections`,
      metrics: [{ name: "stall", title: "longest stall", unit: "ms" }],
      async prepare(competitor) {
        return seated(competitor, "sealed-writes", settings.accessories, async (seat) => {
          await seat.connect(connections);
          await seat.subscribe(changes);
          await seat.burst(changes, settings.quick ? QUICK_WARM_UP_BURSTS : WARM_UP_BURSTS);
          return async () => {
            const stalls: number[] = [];
            while (stalls.length < (settings.quick ? QUICK_BURSTS : BURSTS)) {
              await seat.server.call("startStallClock");
              await seat.burst(changes, 1);
              stalls.push(await seat.server.call("stopStallClock"));
            }
            return { stall: median(stalls) };
          };
        });
      },
    }));
  },
};
