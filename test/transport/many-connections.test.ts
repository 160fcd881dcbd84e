/** As many connections as fill the engine's table of signals, one fewer and one more: an event reaches all of them. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Harness, transportEngines, type Pair } from "../support/harness";
import { patient } from "../support/patience";

/** Powers of two, in which tables grow, and their neighbours. */
const COUNTS = [63, 64, 65, 66, 127, 128, 129];

for (const engine of transportEngines()) {
  describe(`many connections (${engine})`, { timeout: patient(60_000) }, () => {
    it("all get an event that is sent to all of them", async (t) => {
      const harness = await Harness.start(t, { engine, coalescingDelay: 0 });
      const pairs: Pair[] = [];
      for (const count of COUNTS) {
        while (pairs.length < count) {
          const pair = await harness.connect();
          pair.connection.enableEventNotifications(1, 9);
          pairs.push(pair);
        }
        assert.doesNotThrow(
          () => {
            harness.server.broadcastEvent(1, 9, count);
          },
          `broadcastEvent() with ${String(count)} connections`,
        );
        const events = await Promise.all(pairs.map(async ({ controller }) => controller.nextEvents()));
        assert.deepEqual(events, Array(count).fill([{ aid: 1, iid: 9, value: count }]));
      }
    });
  });
}
