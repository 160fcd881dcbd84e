/** How long a burst keeps the server from all other work. */

import { HAPNODEJS, HAPWIRE, LIMIT, PORTABLE } from "../contenders";
import { stallOf } from "../harness/cost";
import { startReady } from "../harness/load";
import { Seat } from "../harness/seat";
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
    `every event: the median of ${String(BURSTS)} bursts, by the clock. ` +
    "Limit: a ready message is sealed for each connection and given to its socket in one write.",
  contenders: [HAPWIRE, PORTABLE, HAPNODEJS, LIMIT],
  cases(settings) {
    const changes = 10 * settings.accessories;
    return connectionCounts(settings, CONNECTIONS).map((connections) => ({
      name: `${String(changes)}x${String(connections)}`,
      title: `${changes.toLocaleString("en")} changes to ${String(connections)} connections`,
      metrics: [{ name: "stall", title: "longest stall", unit: "ms" }],
      async prepare(competitor) {
        const seat = await startReady(
          {
            start: async () => Seat.start(competitor, "sealed-writes", settings.accessories),
            async setUp(started) {
              await started.connect(connections);
              await started.subscribe(changes);
              await started.burst(changes, settings.quick ? QUICK_WARM_UP_BURSTS : WARM_UP_BURSTS);
            },
          },
          competitor,
        );
        return {
          async sample() {
            const stalls: number[] = [];
            while (stalls.length < (settings.quick ? QUICK_BURSTS : BURSTS)) {
              stalls.push(await stallOf(seat.server, async () => seat.burst(changes, 1)));
            }
            return { stall: median(stalls) };
          },
          close: async () => seat.close(),
        };
      },
    }));
  },
};
