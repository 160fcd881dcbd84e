/** What one can see of a running server: stats and diagnostics channels. */

import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, it, type TestContext } from "node:test";

import type { ConnectionClosedMessage, EventsFlushedMessage, RefusalMessage, RequestMessage } from "hapwire";

import { runNode } from "../support/child";
import { ManualClock } from "../support/clock";
import { Harness, whenClosed } from "../support/harness";

const CHANNELS = [
  "hapwire:server:listening",
  "hapwire:server:closed",
  "hapwire:connection:opened",
  "hapwire:connection:closed",
  "hapwire:connection:refused",
  "hapwire:request",
  "hapwire:events:flushed",
];

/** Listens on all channels for the time of a test. */
function record(t: TestContext): [channel: string, message: unknown][] {
  const messages: [string, unknown][] = [];
  const listener = (message: unknown, name: string | symbol): void => {
    messages.push([String(name), message]);
  };
  for (const channel of CHANNELS) {
    subscribe(channel, listener);
    t.after(() => unsubscribe(channel, listener));
  }
  return messages;
}

describe("diagnostics channels", () => {
  it("tell of connections, requests, flushes, refusals and close reasons, in their order", async (t) => {
    const messages = record(t);
    const harness = await Harness.start(t, { clock: new ManualClock() });
    const { controller, connection } = await harness.connect();
    connection.enableEventNotifications(1, 9);
    await controller.get("/path");
    connection.sendEvent(1, 9, true, true);
    await controller.nextEvents();
    const closed = whenClosed(connection);
    controller.write("NO HTTP\r\n\r\n");
    await closed;

    assert.deepEqual(
      messages.map(([channel]) => channel),
      [
        "hapwire:server:listening",
        "hapwire:connection:opened",
        "hapwire:request",
        "hapwire:events:flushed",
        "hapwire:connection:refused",
        "hapwire:connection:closed",
      ],
    );
    const [, , request, flushed, refused, end] = messages.map(([, message]) => message) as [
      unknown,
      unknown,
      RequestMessage,
      EventsFlushedMessage,
      RefusalMessage,
      ConnectionClosedMessage,
    ];
    assert.equal(request.request.url, "/path");
    assert.ok(flushed.bytes > 100);
    assert.equal(refused.reason.code, "ERR_HAPWIRE_HTTP");
    assert.equal(end.reason, refused.reason);
    assert.equal(end.connection, connection);
  });
});

describe("the diagnostics channels of a connection that is refused as it comes", () => {
  it("tell first that it was opened", async (t) => {
    const harness = await Harness.start(t, { maxStrangers: 1 });
    const served = new Promise<void>((resolve) => {
      harness.handler = () => {
        resolve();
      };
    });
    const { controller } = await harness.connect();
    controller.send("GET", "/slow");
    await served;
    const messages = record(t);
    const refused = await harness.connect();
    await whenClosed(refused.connection);
    assert.deepEqual(
      messages.map(([channel]) => channel),
      ["hapwire:connection:opened", "hapwire:connection:refused", "hapwire:connection:closed"],
    );
  });
});

describe("what DEBUG shows of a connection", () => {
  it("names each request, and the end", async () => {
    const program = `
      const { get } = require("node:http");
      const { EventedHTTPServer } = require("hapwire");
      const server = new EventedHTTPServer();
      server.on("request", (_connection, _request, response) => response.end());
      server.on("connection-closed", () => server.destroy());
      server.on("listening", (port) => get({ port, path: "/debugged", agent: false }).end());
      server.listen(0, "127.0.0.1");`;
    const { stderr } = await runNode(["--eval", program], { env: { DEBUG: "hapwire:connection" } });
    assert.match(stderr, /connection 127\.0\.0\.1:\d+ GET \/debugged/);
    assert.match(stderr, /connection 127\.0\.0\.1:\d+ closed/);
  });
});

describe("the diagnostics channels of a server", () => {
  it("tell when it listens, and once when it does no more", async (t) => {
    const messages = record(t);
    const harness = await Harness.start(t);
    await harness.connect();
    await harness.server.close();
    const { server } = harness;
    assert.deepEqual(
      messages.filter(([channel]) => channel.startsWith("hapwire:server")),
      [
        ["hapwire:server:listening", { server }],
        ["hapwire:server:closed", { server }],
      ],
    );
  });
});

describe("a connection closed from this side", () => {
  it("keeps its first reason if a response is on its way", async (t) => {
    const messages = record(t);
    const harness = await Harness.start(t);
    const { controller, connection } = await harness.connectSecured();
    const asked = new Promise<void>((resolve) => {
      harness.handler = (_request, response) => {
        response.end(Buffer.alloc(16 * 1024 * 1024));
        resolve();
      };
    });
    controller.socket.pause();
    controller.send("GET", "/");
    await asked;
    const closed = whenClosed(connection);
    connection.close();
    await closed;
    // Node's streams tell of errors some ticks later.
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(connection.closeReason, undefined);
    assert.ok(!messages.some(([channel]) => channel === "hapwire:connection:refused"));
    assert.deepEqual(harness.server.stats().closed, {});
  });
});

describe("stats", () => {
  it("count the work of a connection, and add up closed connections", async (t) => {
    const clock = new ManualClock();
    const harness = await Harness.start(t, { clock });
    const first = await harness.connectSecured();
    first.connection.enableEventNotifications(1, 9);
    for (const value of [1, 1, 2]) {
      harness.server.broadcastEvent(1, 9, value);
    }
    assert.equal(first.connection.stats().eventsPending, 2);
    clock.advance(250);
    await first.controller.nextEvents();
    const stats = first.connection.stats();
    const { requests, responses, framesIn, framesOut, eventsQueued, eventsDuplicate, eventMessages } = stats;
    assert.deepEqual(
      { requests, responses, framesIn, framesOut, eventsQueued, eventsDuplicate, eventMessages },
      {
        requests: 2,
        responses: 2,
        framesIn: 1,
        framesOut: 2,
        eventsQueued: 2,
        eventsDuplicate: 1,
        eventMessages: 1,
      },
    );
    assert.equal(stats.bytesIn, first.controller.socket.bytesWritten);
    assert.equal(stats.bytesOut, first.controller.socket.bytesRead);

    const gone = whenClosed(first.connection);
    first.controller.destroy();
    await gone;
    assert.deepEqual(first.connection.stats(), stats, "the figures of a closed connection changed");
    await harness.connectSecured();
    await harness.connect();
    const server = harness.server.stats();
    assert.deepEqual([server.accepted, server.connections, server.authenticated], [3, 2, 1]);
    assert.equal(server.total.requests, 4);
    assert.equal(server.total.eventsDelivered, 2);
  });
});
