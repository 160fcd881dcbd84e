/** Two connections of one server in the same tick share memory: neither loses a byte. */

import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, it } from "node:test";

import { ManualClock } from "../support/clock";
import { Harness, transportEngines, whenClosed } from "../support/harness";
import { holdsBytes, readEvents, sendUntil } from "../support/unread";

const WINDOW = 250;
const FLUSHED = "hapwire:events:flushed";

for (const engine of transportEngines()) {
  describe(`two connections in one tick (${engine})`, () => {
    for (const [how, end] of [
      ["its window ends with an immediate event", "flush"],
      ["it is closed", "close"],
    ] as const) {
      it(`share a coalescing window, which the second keeps if the first leaves it because ${how}`, async (t) => {
        const clock = new ManualClock();
        const harness = await Harness.start(t, { engine, clock });
        const [first, second] = [await harness.connectSecured(), await harness.connectSecured()];
        for (const { connection } of [first, second]) {
          connection.enableEventNotifications(1, 9);
        }
        const closed = whenClosed(first.connection);
        first.connection.sendEvent(1, 9, "waits");
        if (end === "flush") {
          first.connection.sendEvent(1, 9, "at once", true);
        } else {
          first.connection.close();
        }
        second.connection.sendEvent(1, 9, "waits too");
        clock.advance(WINDOW);
        assert.equal(second.connection.stats().eventsPending, 0, "the second one's window never ended");
        assert.deepEqual(await second.controller.nextEvents(), [{ aid: 1, iid: 9, value: "waits too" }]);
        if (end === "close") {
          await closed;
        } else {
          assert.equal((await first.controller.nextEvents()).length, 2);
        }
      });
    }

    it("open windows that end one by one if they opened in different ticks", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const [first, second] = [await harness.connectSecured(), await harness.connectSecured()];
      for (const { connection } of [first, second]) {
        connection.enableEventNotifications(1, 9);
      }
      first.connection.sendEvent(1, 9, 1);
      await Promise.resolve();
      clock.advance(WINDOW - 1);
      second.connection.sendEvent(1, 9, 2);
      clock.advance(1);
      const pending = [first, second].map(({ connection }) => connection.stats().eventsPending);
      assert.deepEqual(pending, [0, 1]);
      clock.advance(WINDOW - 1);
      assert.equal(second.connection.stats().eventsPending, 0);
    });

    it("each get their event, even if a listener of the first one's flush sends further events", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock() });
      const pairs = await harness.connectMany(4);
      pairs.forEach(({ connection }, index) => {
        connection.enableEventNotifications(1, index < 2 ? 9 : 10);
      });
      const sendFurther = (): void => {
        unsubscribe(FLUSHED, sendFurther);
        harness.server.broadcastEvent(1, 10, "from a listener", undefined, true);
      };
      subscribe(FLUSHED, sendFurther);
      harness.server.broadcastEvent(1, 9, "for two", undefined, true);
      const pending = pairs.map(({ connection }) => connection.stats().eventsPending);
      assert.deepEqual(pending, [0, 0, 0, 0]);
      for (const { controller } of pairs) {
        assert.equal((await controller.nextEvents()).length, 1);
      }
    });

    it("write to memory of their own while the kernel has not taken the first one's bytes", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock() });
      const [slow, other] = [await harness.connectSecured(), await harness.connectSecured()];
      other.connection.enableEventNotifications(1, 9);
      const sent = sendUntil(harness, slow, holdsBytes);
      other.connection.sendEvent(1, 9, "y".repeat(8000), true);
      assert.equal((await other.controller.nextEvents()).length, 1);
      await readEvents(slow.controller, sent);
    });
  });
}
