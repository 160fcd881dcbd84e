/** Timers: which of them run, what restarts them, and that each ends with its cause. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";

import { ManualClock } from "../support/clock";
import { Harness, transportEngines, whenClosed, type Pair } from "../support/harness";
import { patient } from "../support/patience";
import { holdsBytes, isFull, readEvents, sendUntil } from "../support/unread";

const MINUTE = 60_000;
/** Of a test that waits for a timer of Node's. */
const LIMIT = { timeout: patient(10_000) };

function closeCode({ connection }: Pair): string | undefined {
  return connection.closeReason?.code;
}

async function untilBusy({ connection }: Pair): Promise<void> {
  while (!connection.busy) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

for (const engine of transportEngines()) {
  describe(`timers (${engine})`, () => {
    it("a reset is noticed within two seconds while a handler reads nothing", LIMIT, async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const pair = await harness.connectSecured();
      const asked = new Promise<void>((resolve) => {
        harness.handler = () => {
          resolve();
        };
      });
      const { socket } = pair.controller;
      pair.controller.send("PUT", "/", { body: "x".repeat(8_000_000) });
      await asked;
      while (!harness.socketOf(pair).isPaused()) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      const reset = once(socket, "close");
      socket.resetAndDestroy();
      await reset;
      const closed = whenClosed(pair.connection);
      clock.advance(2000);
      await closed;
      assert.equal(closeCode(pair), "ERR_HAPWIRE_SOCKET");
    });

    it("a handler's own timeout runs while the handler reads nothing", LIMIT, async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const pair = await harness.connectSecured();
      const asked = new Promise<void>((resolve) => {
        harness.handler = (request) => {
          request.setTimeout(60_000);
          resolve();
        };
      });
      pair.controller.send("PUT", "/", { body: "x".repeat(1_000_000) });
      await asked;
      const socket = harness.socketOf(pair);
      while (!socket.isPaused()) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      const write = t.mock.method(socket, "write").mock;
      clock.advance(5000);
      assert.equal(write.callCount(), 0, "Node takes each write for activity, so the timeout never fires");
    });

    it("Node's HTTP server sets none between requests, and promises the controller none", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connectSecured();
      const { headers } = await pair.controller.get("/");
      assert.equal(headers.get("keep-alive"), undefined, "the response announces the end of the connection");
      assert.equal(harness.socketOf(pair).timeout ?? 0, 0, "silence after a response closes the connection");
    });

    it(
      "a handler's own response.setTimeout() calls back, and the response may still be sent",
      LIMIT,
      async (t) => {
        const harness = await Harness.start(t, { engine });
        const { controller } = await harness.connectSecured();
        harness.handler = (_request, response) => {
          response.setTimeout(20, () => response.end("late"));
        };
        assert.equal((await controller.get("/")).body.toString(), "late");
      },
    );

    it(
      "a handler's own response.setTimeout() closes the connection if nobody listens for it",
      LIMIT,
      async (t) => {
        const harness = await Harness.start(t, { engine });
        const { controller, connection } = await harness.connectSecured();
        harness.handler = (_request, response) => response.setTimeout(20);
        const closed = whenClosed(connection);
        controller.send("GET", "/");
        await closed;
      },
    );

    it("the deadline of close() does not reach the connections of a server that listens again", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      await harness.connectSecured();
      await harness.server.close({ deadline: 5000 });
      harness.server.listen(0, "127.0.0.1");
      await once(harness.server, "listening");
      const { controller, connection } = await harness.connectSecured();
      clock.advance(5000);
      assert.ok(connection.isAuthenticated(), "the deadline of an earlier close() closed the connection");
      assert.equal((await controller.get("/")).status, 200);
    });

    it("the stall timeout runs for a last piece that the socket took and the kernel did not", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const pair = await harness.connectSecured();
      sendUntil(harness, pair, holdsBytes);
      pair.connection.closeAfterResponses();
      clock.advance(MINUTE - 1);
      assert.equal(closeCode(pair), undefined);
      clock.advance(1);
      assert.equal(closeCode(pair), "ERR_HAPWIRE_STALLED");
    });

    it("the stall timeout runs anew each time that a controller stops reading", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const pair = await harness.connectSecured();
      const sent = sendUntil(harness, pair, isFull);
      clock.advance(MINUTE - 1);
      const drained = once(harness.socketOf(pair), "drain");
      await readEvents(pair.controller, sent);
      await drained;
      assert.equal(pair.connection.lastSocketOperation, clock.now(), "taking data is no silence");
      sendUntil(harness, pair, isFull);
      clock.advance(MINUTE - 1);
      assert.equal(closeCode(pair), undefined);
      clock.advance(1);
      assert.equal(closeCode(pair), "ERR_HAPWIRE_STALLED");
    });

    it("the linger timeout alone runs once a controller has taken the last bytes", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock, stallTimeout: 1000, lingerTimeout: 5000 });
      const pair = await harness.connectSecured();
      const { controller, connection } = pair;
      // It does not answer the end of the accessory's side with its own.
      controller.socket.allowHalfOpen = true;
      const sent = sendUntil(harness, pair, holdsBytes);
      connection.closeAfterResponses();
      const socket = harness.socketOf(pair);
      const ended = once(socket, "finish");
      await readEvents(controller, sent);
      await ended;
      clock.advance(4999);
      assert.ok(!socket.destroyed);
      const closed = whenClosed(connection);
      clock.advance(1);
      assert.ok(socket.destroyed, "a controller that does not close its side keeps its socket");
      await closed;
      assert.equal(connection.closeReason, undefined);
    });

    it("the idle timeout restarts with each event that a controller is sent", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock, idleTimeout: MINUTE, idleSweepThreshold: 1 });
      const pair = await harness.connectSecured();
      const { controller, connection } = pair;
      connection.enableEventNotifications(1, 9);
      clock.advance(MINUTE - 1);
      connection.sendEvent(1, 9, true, true);
      await controller.nextEvents();
      assert.equal(connection.lastSocketOperation, clock.now());
      clock.advance(MINUTE - 1);
      assert.equal(closeCode(pair), undefined, "a controller that gets events was taken for an idle one");
      clock.advance(1);
      assert.equal(closeCode(pair), "ERR_HAPWIRE_IDLE");
    });

    it("the head timeout starts anew with each request, even if a segment ends one and begins the next", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const pair = await harness.connectSecured();
      const { controller } = pair;
      controller.write("GET /1 HT");
      await untilBusy(pair);
      for (let round = 0; round < 3; round += 1) {
        clock.advance(MINUTE - 1);
        controller.write("TP/1.1\r\n\r\nGET /2 HT");
        assert.equal((await controller.nextResponse()).status, 200);
      }
      clock.advance(MINUTE - 1);
      controller.write("TP/1.1\r\n\r\n");
      assert.equal((await controller.nextResponse()).status, 200);
    });

    it("the timer of a timed write ends with its connection, and keeps no process alive", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { connection } = await harness.connectSecured();
      const before = timeouts();
      connection.timedWriteTimeout = setTimeout(() => undefined, 60 * MINUTE);
      t.after(() => {
        clearTimeout(connection.timedWriteTimeout);
      });
      assert.equal(timeouts(), before + 1);
      const closed = whenClosed(connection);
      connection.close();
      await closed;
      assert.equal(timeouts(), before, "the timer of a timed write outlives its connection");
    });
  });
}

/** How many timers keep this process alive. */
function timeouts(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}
