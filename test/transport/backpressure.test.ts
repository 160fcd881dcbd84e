/** Controllers that do not read: memory is bounded, nothing is lost silently, and others do not notice. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { EventedHTTPServer, type HAPConnection } from "hapwire";

import { ManualClock } from "../support/clock";
import type { Controller } from "../support/controller";
import { Harness, transportEngines, whenClosed, type Pair } from "../support/harness";

/** Larger than the kernel's buffers of a socket on loopback. */
const MORE_THAN_THE_KERNEL_TAKES = 16 * 1024 * 1024;

/** Makes a controller stop reading, with a response on its way that the socket cannot take. */
async function stall(harness: Harness, { controller, connection }: Pair): Promise<void> {
  const { handler } = harness;
  const answered = new Promise<void>((resolve) => {
    harness.handler = (_request, response) => {
      response.end(Buffer.alloc(MORE_THAN_THE_KERNEL_TAKES));
      resolve();
    };
  });
  controller.socket.pause();
  controller.send("GET", "/large");
  await answered;
  harness.handler = handler;
  assert.ok(connection.stats().bytesOut < MORE_THAN_THE_KERNEL_TAKES, "the kernel took it all");
}

/** Makes a controller stop reading, with nothing under way but the last message, which the socket cannot take whole. */
async function stallIdle({ controller, connection }: Pair): Promise<void> {
  connection.enableEventNotifications(1, 9);
  controller.socket.pause();
  const text = "x".repeat(200_000);
  // Waiting bytes go out when the kernel takes a little more. There is no room left only if they stay for a while.
  for (let sent = 0; connection.stats().eventsPending < 20; sent += 1) {
    connection.sendEvent(1, 9, `${text}${String(sent)}`, true);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function resume(controller: Controller): Promise<void> {
  controller.socket.resume();
  assert.equal((await controller.nextResponse()).body.length, MORE_THAN_THE_KERNEL_TAKES);
}

for (const engine of transportEngines()) {
  describe(`backpressure (${engine})`, () => {
    it("keeps events in the queue while the socket is full; they come after the response, once and in order", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const pair = await harness.connectSecured();
      pair.connection.enableEventNotifications(1, 9);
      await stall(harness, pair);
      for (let value = 0; value < 1000; value += 1) {
        harness.server.broadcastEvent(1, 9, value, undefined, value % 100 === 0);
        clock.advance(10);
      }
      assert.equal(pair.connection.stats().eventsPending, 1000);
      await resume(pair.controller);
      const values = (await pair.controller.receiveEvents(1000)).map(({ value }) => value);
      assert.deepEqual(
        values,
        Array.from({ length: 1000 }, (_, index) => index),
      );
    });

    it("does not touch one controller's queue when others are sent events", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connectSecured();
      const other = await harness.connectSecured();
      await stall(harness, pair);
      harness.handler = (_request, response) => response.end(Buffer.alloc(200_000, "other"));
      for (let i = 0; i < 3; i += 1) {
        assert.deepEqual((await other.controller.get("/")).body, Buffer.alloc(200_000, "other"));
      }
      await resume(pair.controller);
    });

    it("collapses the queue at its bound to the newest values and the immediate events", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock(), maxQueuedEvents: 10 });
      const pair = await harness.connectSecured();
      pair.connection.enableEventNotifications(1, 9);
      pair.connection.enableEventNotifications(1, 10);
      await stall(harness, pair);
      harness.server.broadcastEvent(1, 10, "pressed", undefined, true);
      for (let value = 1; value <= 9; value += 1) {
        harness.server.broadcastEvent(1, 9, value);
      }
      assert.equal(pair.connection.stats().eventsPending, 10, "the queue collapsed before its bound");
      harness.server.broadcastEvent(1, 9, 10);
      assert.equal(pair.connection.stats().eventsPending, 2);
      assert.equal(pair.connection.stats().eventsCollapsed, 9);
      await resume(pair.controller);
      assert.deepEqual(await pair.controller.nextEvents(), [
        { aid: 1, iid: 9, value: 10 },
        { aid: 1, iid: 10, value: "pressed" },
      ]);
    });

    it("collapses immediate events too, and keeps the connection", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock(), maxQueuedEvents: 10 });
      const pair = await harness.connectSecured();
      pair.connection.enableEventNotifications(1, 10);
      await stall(harness, pair);
      for (let value = 0; value < 1000; value += 1) {
        harness.server.broadcastEvent(1, 10, value, undefined, true);
      }
      await resume(pair.controller);
      const events = await pair.controller.nextEvents();
      assert.deepEqual(events[0], { aid: 1, iid: 10, value: 999 });
      assert.ok(events.length <= 10);
    });

    it("closes the connection if even the newest values are too many bytes", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock(), maxQueuedEventBytes: 1000 });
      const pair = await harness.connectSecured();
      const other = await harness.connectSecured();
      for (const { connection } of [pair, other]) {
        connection.enableEventNotifications(1, 9);
        connection.enableEventNotifications(1, 10);
      }
      await stall(harness, pair);
      const closed = whenClosed(pair.connection);
      harness.server.broadcastEvent(1, 9, "x".repeat(1000));
      harness.server.broadcastEvent(1, 10, true);
      await closed;
      assert.equal(pair.connection.closeReason?.code, "ERR_HAPWIRE_EVENT_OVERFLOW");
      assert.deepEqual(harness.server.stats().closed, { ERR_HAPWIRE_EVENT_OVERFLOW: 1 });
      assert.equal((await other.controller.nextEvents()).length, 2);
    });

    it("bounds the queue by bytes too", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock, maxQueuedEventBytes: 1000 });
      const pair = await harness.connectSecured();
      pair.connection.enableEventNotifications(1, 9);
      await stall(harness, pair);
      for (let value = 0; value < 100; value += 1) {
        harness.server.broadcastEvent(1, 9, `${"x".repeat(200)}${String(value)}`);
        assert.ok(
          pair.connection.stats().eventBytesPending <= 1000 + 250,
          "more than the bound and one event",
        );
      }
      await resume(pair.controller);
      clock.advance(250);
      const events = await pair.controller.nextEvents();
      assert.match(String(events[0]?.value), /x99$/);
    });

    it("gives up a controller that takes nothing for the stall timeout, and not a moment before", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const pair = await harness.connectSecured();
      await stall(harness, pair);
      clock.advance(59_999);
      assert.ok(!pair.controller.isClosed);
      const closed = whenClosed(pair.connection);
      clock.advance(1);
      await closed;
      assert.equal(pair.connection.closeReason?.code, "ERR_HAPWIRE_STALLED");
    });

    it("gives up at the stall timeout a controller that does not take the last bytes", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock, maxQueuedEventBytes: 2 ** 24 });
      const pair = await harness.connectSecured();
      await stallIdle(pair);
      pair.connection.closeAfterResponses();
      clock.advance(59_999);
      assert.equal(harness.server.connections.size, 1);
      const closed = whenClosed(pair.connection);
      clock.advance(1);
      await closed;
      assert.equal(pair.connection.closeReason?.code, "ERR_HAPWIRE_STALLED");
    });

    it("closes at once a controller that does not take the last bytes, when told to", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock, maxQueuedEventBytes: 2 ** 24 });
      const other = await harness.connectSecured("other");
      const ways: ((connection: HAPConnection) => void)[] = [
        (connection) => {
          connection.close();
        },
        () => {
          EventedHTTPServer.destroyExistingConnectionsAfterUnpair(other.connection, "user");
        },
        () => {
          harness.server.stop();
        },
      ];
      for (const close of ways) {
        const pair = await harness.connectSecured();
        await stallIdle(pair);
        pair.connection.closeAfterResponses();
        const closed = whenClosed(pair.connection);
        close(pair.connection);
        await closed;
        assert.equal(pair.connection.closeReason, undefined);
      }
    });

    it("does not wait past the deadline of close() for a controller that takes nothing", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock, maxQueuedEventBytes: 2 ** 24 });
      const pair = await harness.connectSecured();
      await stallIdle(pair);
      const down = harness.server.close({ deadline: 1000 });
      clock.advance(999);
      assert.equal(harness.server.connections.size, 1);
      clock.advance(1);
      await down;
    });

    it("does not give up a controller that reads again in time", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const pair = await harness.connectSecured();
      await stall(harness, pair);
      clock.advance(59_999);
      await resume(pair.controller);
      clock.advance(60_000);
      assert.equal((await pair.controller.get("/")).status, 200);
    });

    it("grows by less than 8 MB for 300,000 events of 200 bytes to a controller that does not read", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const sleeper = await harness.connectSecured();
      const reader = await harness.connectSecured();
      for (const { connection } of [sleeper, reader]) {
        connection.enableEventNotifications(1, 9);
      }
      sleeper.controller.socket.pause();
      const text = "x".repeat(190);
      // The reader's messages are counted, not kept: what grows must be the server's.
      let received = 0;
      reader.controller.socket.on("data", (segment: Buffer) => (received += segment.length));
      const run = async (events: number): Promise<void> => {
        for (let sent = 0; sent < events; sent += 1) {
          harness.server.broadcastEvent(1, 9, `${text}${String(sent % 7)}`);
          if (sent % 500 === 499) {
            clock.advance(250);
            reader.controller.send("GET", "/round-trip");
            await reader.controller.responseAfterEvents();
            reader.controller.forget();
          }
        }
      };
      await run(20_000);
      const before = await memory();
      await run(300_000);
      const growth = (await memory()) - before;
      assert.ok(growth < 8 * 1024 * 1024, `grew by ${String(growth)} bytes`);
      assert.ok(received > 300_000 * 200, "the other controller did not get every event");
      const { eventsDelivered, eventsCollapsed } = reader.connection.stats();
      assert.deepEqual([eventsDelivered, eventsCollapsed], [320_000, 0]);
      assert.ok(sleeper.connection.stats().eventsCollapsed > 0);
    });
  });
}

/**
 * What the process holds, in bytes: the heap and all that lies outside of it. Collected a few times, since the memory of
 * buffers is given back some turns of the event loop after they are.
 */
async function memory(): Promise<number> {
  for (let i = 0; i < 5; i += 1) {
    global.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
