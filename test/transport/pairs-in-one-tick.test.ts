/** Two connections of one server in the same tick: neither loses what it shares with the other. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ManualClock } from "../support/clock";
import { Harness, transportEngines, whenClosed } from "../support/harness";

const WINDOW = 250;

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

    it("write to memory of their own while the kernel has not taken what the first one wrote", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock() });
      const [slow, other] = [await harness.connectSecured(), await harness.connectSecured()];
      for (const { connection } of [slow, other]) {
        connection.enableEventNotifications(1, 9);
      }
      slow.controller.socket.pause();
      // Large enough for memory that is used again, small enough to stay below the socket's high-water mark.
      const text = "x".repeat(8000);
      const socket = harness.socketOf(slow);
      let sent = 0;
      for (; socket.writableLength === 0; sent += 1) {
        slow.connection.sendEvent(1, 9, `${text}${String(sent)}`, true);
      }
      other.connection.sendEvent(1, 9, "y".repeat(8000), true);
      assert.equal((await other.controller.nextEvents()).length, 1);
      slow.controller.socket.resume();
      const values = (await slow.controller.receiveEvents(sent)).map(({ value }) => value);
      assert.deepEqual(
        values,
        Array.from({ length: sent }, (_, index) => `${text}${String(index)}`),
      );
    });
  });
}
