/** The rules of PROTOCOL's "Events", over TCP, in plaintext and through the secured session, on both engines. */

import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { Socket } from "node:net";
import { describe, it } from "node:test";

import type { EventHub } from "#src/engine/contract";
import { loadEngine } from "#src/engine/load";

import { ManualClock } from "../support/clock";
import { Harness, transportEngines, whenClosed } from "../support/harness";

const WINDOW = 250;
const LIMITS = { maxEvents: 1, maxBytes: 1, maxSubscriptions: 1 };

for (const engine of transportEngines()) {
  describe(`events (${engine})`, () => {
    it("go out as one message when the window ends, newest first", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);
      connection.enableEventNotifications(2, 10);

      harness.server.broadcastEvent(1, 9, true);
      clock.advance(WINDOW - 1);
      harness.server.broadcastEvent(2, 10, "über");
      await controller.get("/nothing-yet");
      assert.deepEqual(controller.events, [], "an event went out before its window had ended");

      clock.advance(1);
      assert.deepEqual(await controller.nextEvents(), [
        { aid: 2, iid: 10, value: "über" },
        { aid: 1, iid: 9, value: true },
      ]);
      const message = controller.messages.at(-1);
      assert.equal(message?.status, 200);
      assert.equal(message.headers.get("content-type"), "application/hap+json");
      assert.equal(
        message.body.toString(),
        '{"characteristics":[{"aid":2,"iid":10,"value":"über"},{"aid":1,"iid":9,"value":true}]}',
      );
    });

    it("open a window anew after a flush", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);

      for (const value of [1, 2]) {
        harness.server.broadcastEvent(1, 9, value);
        clock.advance(WINDOW);
        assert.deepEqual(await controller.nextEvents(), [{ aid: 1, iid: 9, value }]);
      }
    });

    it("open a window of their own after an immediate event has ended the one before", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);
      connection.sendEvent(1, 9, "waits");
      await Promise.resolve();
      clock.advance(100);
      connection.sendEvent(1, 9, "at once", true);
      assert.equal((await controller.nextEvents()).length, 2);
      connection.sendEvent(1, 9, "waits again");
      clock.advance(WINDOW - 1);
      assert.equal(connection.stats().eventsPending, 1, "the window of an earlier event ended this one's");
      clock.advance(1);
      assert.deepEqual(await controller.nextEvents(), [{ aid: 1, iid: 9, value: "waits again" }]);
    });

    it("are not sent twice for equal values, but for every different one", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);

      for (const value of ["on", "on", "off", "off", "on"]) {
        connection.sendEvent(1, 9, value);
      }
      clock.advance(WINDOW);
      assert.deepEqual(
        (await controller.nextEvents()).map(({ value }) => value),
        ["on", "off", "on"],
      );
      assert.equal(connection.stats().eventsDuplicate, 2);
    });

    it("go out at once when immediate, together with all that waits, in order", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);
      connection.enableEventNotifications(1, 10);

      harness.server.broadcastEvent(1, 9, 1);
      harness.server.broadcastEvent(1, 10, 0, undefined, true);
      assert.deepEqual(await controller.nextEvents(), [
        { aid: 1, iid: 10, value: 0 },
        { aid: 1, iid: 9, value: 1 },
      ]);

      // The window of the first is over with it: the next event opens its own.
      harness.server.broadcastEvent(1, 9, 2);
      clock.advance(WINDOW - 1);
      await controller.get("/nothing-yet");
      assert.equal(controller.eventMessages.length, 1);
      clock.advance(1);
      assert.deepEqual(await controller.nextEvents(), [{ aid: 1, iid: 9, value: 2 }]);
    });

    it("are never dropped when immediate, however equal", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock() });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 10);
      let pending: ServerResponse | undefined;
      harness.handler = (_request, response) => {
        pending = response;
        harness.server.broadcastEvent(1, 10, 0, undefined, true);
        harness.server.broadcastEvent(1, 10, 0, undefined, true);
        pending.end();
      };
      await controller.get("/");
      assert.equal((await controller.nextEvents()).length, 2);
    });

    it("do not go to the connection that they came from, nor to one that has not subscribed", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock() });
      const originator = await harness.connectSecured();
      const subscriber = await harness.connectSecured();
      const stranger = await harness.connectSecured();
      originator.connection.enableEventNotifications(1, 9);
      subscriber.connection.enableEventNotifications(1, 9);
      stranger.connection.enableEventNotifications(1, 10);

      harness.server.broadcastEvent(1, 9, 5, originator.connection, true);
      assert.deepEqual(await subscriber.controller.nextEvents(), [{ aid: 1, iid: 9, value: 5 }]);
      await originator.controller.get("/");
      await stranger.controller.get("/");
      assert.deepEqual([...originator.controller.events, ...stranger.controller.events], []);
    });

    it("come if the originator is another server's connection", async (t) => {
      const [harness, elsewhere] = [await Harness.start(t, { engine }), await Harness.start(t, { engine })];
      // Both are the first of their server, and have the same slot in its hub.
      const { controller, connection } = await harness.connectSecured();
      const originator = await elsewhere.connectSecured();
      connection.enableEventNotifications(1, 9);
      harness.server.broadcastEvent(1, 9, 5, originator.connection, true);
      assert.deepEqual(await controller.nextEvents(), [{ aid: 1, iid: 9, value: 5 }]);
    });

    it("are left out when unsubscribed meanwhile, and an empty message is not sent", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);
      connection.enableEventNotifications(1, 10);

      harness.server.broadcastEvent(1, 9, "left out");
      harness.server.broadcastEvent(1, 10, "sent");
      connection.disableEventNotifications(1, 9);
      clock.advance(WINDOW);
      assert.deepEqual(await controller.nextEvents(), [{ aid: 1, iid: 10, value: "sent" }]);

      harness.server.broadcastEvent(1, 10, "left out too");
      connection.clearRegisteredEvents();
      clock.advance(WINDOW);
      await controller.get("/");
      assert.equal(controller.eventMessages.length, 1, "an EVENT with an empty list went out");
      assert.equal(connection.stats().eventsUnsubscribed, 2);
    });

    it("wait while a request's head or body is still coming", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock() });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);

      const request = controller.request("PUT", "/", { body: "0123456789" });
      const bodyAt = request.indexOf("0123456789");
      const pieces = [request.subarray(0, 1), request.subarray(1, bodyAt - 1), request.subarray(bodyAt - 1)];
      let before = connection.stats().framesIn;
      for (const [index, piece] of pieces.slice(0, 2).entries()) {
        controller.write(piece);
        before += 1;
        await untilFrames(connection, before);
        harness.server.broadcastEvent(1, 9, index, undefined, true);
      }
      assert.deepEqual(controller.events, []);
      controller.write(pieces[2] ?? "");
      assert.equal((await controller.nextResponse()).status, 200);
      assert.deepEqual(
        (await controller.nextEvents()).map(({ value }) => value),
        [1, 0],
      );
    });

    it("wait for the body of a request that was answered early", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock() });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);

      const request = controller.request("PUT", "/", { body: "0123456789" });
      controller.write(request.subarray(0, -1));
      assert.equal((await controller.nextResponse()).status, 200);
      harness.server.broadcastEvent(1, 9, "after", undefined, true);
      assert.equal(connection.stats().eventsPending, 1, "an event went out while a body was coming");
      controller.write(request.subarray(-1));
      assert.deepEqual(await controller.nextEvents(), [{ aid: 1, iid: 9, value: "after" }]);
    });

    it("stay out of a streamed response, and follow it at once when immediate", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock() });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);
      harness.handler = (_request, response) => {
        void (async () => {
          for (let part = 0; part < 5; part += 1) {
            await new Promise<void>((resolve) => {
              response.write("part", () => {
                resolve();
              });
            });
            harness.server.broadcastEvent(1, 9, part, undefined, true);
          }
          response.end("end");
        })();
      };
      assert.equal((await controller.get("/")).body.toString(), "partpartpartpartpartend");
      assert.deepEqual(
        (await controller.nextEvents()).map(({ value }) => value),
        [4, 3, 2, 1, 0],
      );
    });

    it("stay out from between the responses of pipelined requests", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock() });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);
      const responses: ServerResponse[] = [];
      const bothArrived = new Promise<void>((resolve) => {
        harness.handler = (_request, response) => {
          if (responses.push(response) === 2) {
            resolve();
          }
        };
      });
      controller.write(Buffer.concat([controller.request("GET", "/a"), controller.request("GET", "/b")]));
      await bothArrived;

      responses[0]?.end("a");
      harness.server.broadcastEvent(1, 9, 1, undefined, true);
      assert.equal((await controller.nextResponse()).body.toString(), "a");
      harness.server.broadcastEvent(1, 9, 2, undefined, true);
      responses[1]?.end("b");
      assert.equal((await controller.nextResponse()).body.toString(), "b");
      assert.deepEqual(
        (await controller.nextEvents()).map(({ value }) => value),
        [2, 1],
      );
    });

    it("follow the response at once when their window ended during it, else when it ends", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);
      harness.handler = (request, response) => {
        if (request.url !== "/") {
          harness.server.broadcastEvent(1, 9, request.url);
          clock.advance(request.url === "/long" ? WINDOW : WINDOW - 1);
        }
        response.end();
      };
      await controller.get("/long");
      assert.deepEqual(await controller.nextEvents(), [{ aid: 1, iid: 9, value: "/long" }]);

      await controller.get("/short");
      await controller.get("/");
      assert.equal(controller.eventMessages.length, 1, "an event went out before its window had ended");
      clock.advance(1);
      assert.deepEqual(await controller.nextEvents(), [{ aid: 1, iid: 9, value: "/short" }]);
    });

    it("of any size are delivered, and what follows one too", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock() });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);
      connection.enableEventNotifications(1, 10);
      const value = "x".repeat(0x200000);
      harness.server.broadcastEvent(1, 9, value);
      harness.server.broadcastEvent(1, 10, "next");
      assert.deepEqual(await controller.nextEvents(), [
        { aid: 1, iid: 10, value: "next" },
        { aid: 1, iid: 9, value },
      ]);
      assert.equal(connection.closeReason, undefined);
    });

    it("sent at once during a slow read leave the connection open, and the newest follows the response", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock() });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);
      harness.handler = (_request, response) => {
        for (let value = 0; value < 4097; value += 1) {
          connection.sendEvent(1, 9, value % 2 === 0, true);
        }
        response.end("read");
      };
      assert.equal((await controller.get("/")).body.toString(), "read");
      const events = await controller.nextEvents();
      assert.deepEqual(events[0], { aid: 1, iid: 9, value: true });
    });

    it("refuse one subscription more than the limit, and name the connection", async (t) => {
      const harness = await Harness.start(t, { engine, maxSubscriptions: 2 });
      const { connection } = await harness.connect();
      connection.enableEventNotifications(1, 9);
      connection.enableEventNotifications(1, 10);
      const { remoteAddress, remotePort } = connection;
      assert.throws(
        () => {
          connection.enableEventNotifications(1, 11);
        },
        {
          name: "HapwireError",
          code: "ERR_HAPWIRE_SUBSCRIPTIONS",
          message: new RegExp(`${remoteAddress}:${String(remotePort)} has 2 subscriptions`),
        },
      );
      connection.enableEventNotifications(1, 9);
      assert.deepEqual([...connection.getRegisteredEvents()], ["1.9", "1.10"]);
      connection.disableEventNotifications(1, 9);
      connection.enableEventNotifications(1, 11);
      assert.deepEqual([...connection.getRegisteredEvents()], ["1.10", "1.11"]);
    });

    it("have their queue in the hub for as long as the connection lasts", async (t) => {
      const hub = Object.getPrototypeOf(loadEngine(engine).createEventHub(LIMITS)) as EventHub;
      const [added, removed] = [t.mock.method(hub, "add").mock, t.mock.method(hub, "remove").mock];
      const harness = await Harness.start(t, { engine });
      for (const { connection } of [await harness.connect(), await harness.connectSecured()]) {
        const closed = whenClosed(connection);
        connection.close();
        await closed;
      }
      assert.deepEqual(
        removed.calls.map((call) => call.arguments[0]),
        added.calls.map((call) => call.result),
      );
    });

    it("close the connection, and nothing else, if they can't be written", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);
      const closed = whenClosed(connection);
      const write = t.mock.method(Socket.prototype, "write", () => {
        throw new Error("a fault of the socket's");
      });
      connection.sendEvent(1, 9, true, true);
      write.mock.restore();
      await closed;
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_SOCKET");
      assert.match(String(connection.closeReason.cause), /a fault of the socket's/);
      assert.deepEqual(harness.server.stats().closed, { ERR_HAPWIRE_SOCKET: 1 });
    });

    it("go out in plaintext before a session has keys, and not at all between the keys and the first frame", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock() });
      const pair = await harness.connect();
      const { controller, connection } = pair;
      connection.enableEventNotifications(1, 9);
      harness.server.broadcastEvent(1, 9, "plain", undefined, true);
      assert.deepEqual(await controller.nextEvents(), [{ aid: 1, iid: 9, value: "plain" }]);

      connection.once("authenticated", () => {
        harness.server.broadcastEvent(1, 9, "a secret", undefined, true);
      });
      await harness.secure(pair);
      assert.deepEqual(await controller.nextEvents(), [{ aid: 1, iid: 9, value: "a secret" }]);
      assert.ok(!Buffer.concat(controller.received).includes("a secret"), "an event went out in plaintext");
    });

    it("carry values of every kind as JSON.stringify writes them", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock() });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);
      const date = { toJSON: (key: string) => `made for ${key}` };
      const values = [
        0,
        -0,
        1e21,
        1e-7,
        0.1,
        2 ** 53,
        -1.5e300,
        5e-324,
        NaN,
        Infinity,
        true,
        false,
        null,
        "",
        '"\\\n\u0001\u2028',
        "\ud800",
        "😀",
        [1, "a", null],
        { a: { b: [] } },
        undefined,
        date,
        () => 0,
      ];
      for (const value of values) {
        connection.sendEvent(1, 9, value, true);
        await controller.nextEvents();
        assert.equal(
          controller.messages.at(-1)?.body.toString(),
          JSON.stringify({ characteristics: [{ aid: 1, iid: 9, value }] }),
        );
      }
      assert.throws(() => {
        connection.sendEvent(1, 9, 1n);
      }, TypeError);
    });
  });
}

/** Waits until the server has opened so many frames of a connection. */
async function untilFrames(connection: { stats(): { framesIn: number } }, count: number): Promise<void> {
  while (connection.stats().framesIn < count) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
