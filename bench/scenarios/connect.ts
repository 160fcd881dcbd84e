/** Short visits: a controller connects, is secured, sends one request and leaves. */

import { HAPNODEJS, HAPWIRE, LIMIT, PORTABLE } from "../contenders";
import { CHARACTERISTIC, CHARACTERISTIC_JSON } from "../harness/home";
import { measured } from "../harness/load";
import { Seat } from "../harness/seat";
import { connectionCounts } from "../harness/settings";
import type { Scenario } from "../scenario";

const CONNECTIONS = [32];
/** Waves of a cold sample. */
const COLD_WAVES = 5;

export const connect: Scenario = {
  name: "connect",
  title: "Connect, first request, close",
  how:
    "Waves of controllers that connect together, send the last request of pair-verify and a first request through the " +
    "secured session, and close. CPU time of the server's process for one controller, until its connection has closed. " +
    "The arithmetic of pair-verify is not included. " +
    `Cold: the first ${String(COLD_WAVES)} waves of a fresh process. ` +
    "Limit: Node's http with the same requests in plaintext.",
  contenders: [HAPWIRE, PORTABLE, HAPNODEJS, LIMIT],
  cases(settings) {
    return connectionCounts(settings, CONNECTIONS).map((connections) => ({
      name: String(connections),
      title: `${String(connections)} connections at a time`,
      metrics: [{ name: "cpu", title: "CPU time of a connection", unit: "us" }],
      ...measured(
        {
          start: async (competitor) => Seat.start(competitor, "http", settings.accessories),
          async work(seat, times) {
            for (let i = 0; i < times; i += 1) {
              await Promise.all(Array.from({ length: connections }, async () => visit(seat)));
            }
            await seat.server.call("whenEmpty");
          },
          units: connections,
          cold: COLD_WAVES,
        },
        settings,
      ),
    }));
  },
};

async function visit(seat: Seat): Promise<void> {
  const controller = await seat.open();
  await controller.get(CHARACTERISTIC, CHARACTERISTIC_JSON);
  controller.close();
}
