/** Immediate events, such as those of a button: each is sent by itself, to every controller. */

import { HAPNODEJS, HAPWIRE, LIMIT, PORTABLE } from "../contenders";
import { measured } from "../harness/load";
import { Seat } from "../harness/seat";
import { connectionCounts } from "../harness/settings";
import type { Scenario } from "../scenario";

const CONNECTIONS = [32];
/** Events that are on their way to the controllers at most. */
const ROW = 200;
/** Events of a cold sample. */
const COLD_EVENTS = 200;

export const immediate: Scenario = {
  name: "immediate",
  title: "Immediate events",
  how:
    "Events with immediate delivery, one in each turn of the event loop. CPU time of the server's process for one event " +
    `to all connections. Cold: the first ${String(COLD_EVENTS)} events of a fresh process. ` +
    "Limit: a ready message is sealed for each connection and given to its socket in one write.",
  contenders: [HAPWIRE, PORTABLE, HAPNODEJS, LIMIT],
  cases(settings) {
    return connectionCounts(settings, CONNECTIONS).map((connections) => ({
      name: String(connections),
      title: `one a turn, ${String(connections)} connections`,
      metrics: [{ name: "cpu", title: "CPU time of an event", unit: "us" }],
      ...measured(
        {
          start: async (competitor) => Seat.start(competitor, "sealed-writes", settings.accessories),
          async setUp(seat) {
            await seat.connect(connections);
            await seat.subscribe(settings.accessories);
          },
          async work(seat, times) {
            for (let left = times; left > 0; left -= ROW) {
              await seat.immediates(settings.accessories, Math.min(left, ROW));
            }
          },
          cold: COLD_EVENTS,
        },
        settings,
      ),
    }));
  },
};
