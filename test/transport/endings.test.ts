/** The end of a connection: earlier requests are answered whole, later ones are refused, and both take bounded time. */

import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import { describe, it } from "node:test";

import { ManualClock } from "../support/clock";
import type { Controller } from "../support/controller";
import { Harness, transportEngines, whenClosed } from "../support/harness";
import { expectWiped } from "../support/session-watch";

const MINUTE = 60_000;
const CHUNKED = { "Transfer-Encoding": "chunked" };
/** Bytes of a body: enough for the HTTP parser to pause if nobody reads it, too few to pause the socket. */
const PAUSES_THE_PARSER = 70_000;

/** A handler that keeps requests until they are to be answered. */
class Keeper {
  readonly urls: string[] = [];
  readonly #responses: ServerResponse[] = [];
  readonly #awaited: [count: number, resolve: () => void][] = [];

  constructor(harness: Harness) {
    harness.handler = (request, response) => {
      this.urls.push(request.url ?? "");
      this.#responses.push(response);
      for (const [count, resolve] of this.#awaited) {
        if (this.#responses.length >= count) {
          resolve();
        }
      }
    };
  }

  /** Waits until there are so many. */
  async has(count: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#awaited.push([count, resolve]);
      if (this.#responses.length >= count) {
        resolve();
      }
    });
  }

  /** Answers the oldest one with its URL, once its body is there. */
  answer(): void {
    const response = this.#responses.shift();
    assert.ok(response !== undefined);
    response.req.resume().on("end", () => response.end(response.req.url));
  }
}

/** Waits until the server has seen all bytes of the controller, and its end if it was sent too. */
async function untilSeen(harness: Harness, controller: Controller): Promise<void> {
  if (controller.socket.writableEnded && !controller.socket.writableFinished) {
    await once(controller.socket, "finish");
  }
  // What another connection sends later is seen later.
  const { handler } = harness;
  harness.handler = (_request, response) => response.end();
  const other = await harness.connect();
  await other.controller.get("/");
  await other.controller.get("/");
  harness.handler = handler;
  const gone = whenClosed(other.connection);
  other.connection.close();
  await gone;
}

async function* failing(fault: Error): AsyncGenerator<string> {
  yield "the first half";
  await Promise.reject(fault);
}

async function expectBodies(controller: Controller, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) {
    assert.equal((await controller.nextResponse()).body.toString(), body);
  }
}

/** Expects a refusal, and nothing after it. */
async function expectRefusal(controller: Controller, status: number): Promise<void> {
  const response = await controller.nextResponse();
  assert.deepEqual([response.status, response.headers.get("connection")], [status, "close"]);
  await expectEnd(controller);
}

async function expectEnd(controller: Controller): Promise<void> {
  const { length } = controller.messages;
  await controller.closed;
  assert.equal(controller.messages.length, length);
}

for (const engine of transportEngines()) {
  describe(`endings (${engine})`, () => {
    it("answer requests that came before the controller closed its sending side", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connectSecured();
      const keeper = new Keeper(harness);
      controller.send("GET", "/1");
      controller.send("GET", "/2");
      controller.socket.end();
      await keeper.has(2);
      await untilSeen(harness, controller);
      assert.ok(connection.isAuthenticated());
      keeper.answer();
      keeper.answer();
      await expectBodies(controller, ["/1", "/2"]);
      await expectEnd(controller);
    });

    it("answer requests that are read only after the controller has closed its sending side", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller } = await harness.connectSecured();
      const keeper = new Keeper(harness);
      const request = controller.request("PUT", "/1", { body: "x".repeat(PAUSES_THE_PARSER) });
      controller.write(request.subarray(0, -1));
      await keeper.has(1);
      await untilSeen(harness, controller);
      controller.write(Buffer.concat([request.subarray(-1), controller.request("GET", "/2")]));
      controller.socket.end();
      await untilSeen(harness, controller);
      keeper.answer();
      await keeper.has(1);
      keeper.answer();
      await expectBodies(controller, ["/1", "/2"]);
      await expectEnd(controller);
    });

    it("answer the requests before one that the controller has not sent whole, and abort that one", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connectSecured();
      const keeper = new Keeper(harness);
      controller.send("GET", "/1");
      controller.write(controller.request("PUT", "/2", { body: "half" }).subarray(0, -2));
      controller.socket.end();
      await keeper.has(2);
      await untilSeen(harness, controller);
      const closed = whenClosed(connection);
      keeper.answer();
      await expectBodies(controller, ["/1"]);
      await closed;
      await expectEnd(controller);
    });

    it("do not wait for ever for a handler that never answers", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const { controller, connection } = await harness.connectSecured();
      const keeper = new Keeper(harness);
      controller.send("GET", "/1");
      await keeper.has(1);
      // A controller that still sends may wait for as long as it likes.
      clock.advance(60 * MINUTE);
      controller.socket.end();
      await untilSeen(harness, controller);
      const closed = whenClosed(connection);
      clock.advance(10 * MINUTE - 1);
      assert.ok(connection.isAuthenticated());
      clock.advance(1);
      await closed;
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_IDLE");
    });

    it("are the handler's if it destroys its response, and its error is not the controller's", async (t) => {
      const harness = await Harness.start(t, { engine });
      const fault = new Error("a fault of the device's");
      const handlers: Harness["handler"][] = [
        (_request, response) => response.destroy(fault),
        (_request, response) => {
          pipeline(Readable.from(failing(fault)), response, () => undefined);
        },
      ];
      for (const handler of handlers) {
        const { controller, connection } = await harness.connectSecured();
        harness.handler = handler;
        const closed = whenClosed(connection);
        controller.send("GET", "/");
        await closed;
        assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_HANDLER");
        assert.equal(connection.closeReason.cause, fault);
      }
      const { controller, connection } = await harness.connectSecured();
      harness.handler = (_request, response) => response.destroy();
      const closed = whenClosed(connection);
      controller.send("GET", "/");
      await closed;
      assert.equal(connection.closeReason, undefined);
      assert.deepEqual(harness.server.stats().closed, { ERR_HAPWIRE_HANDLER: 2 });
    });

    it("have the first reason, whatever comes after it", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connectSecured();
      const keeper = new Keeper(harness);
      controller.write(Buffer.concat([controller.request("GET", "/1"), Buffer.from("NOT HTTP\r\n\r\n")]));
      await keeper.has(1);
      await untilSeen(harness, controller);
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_HTTP");
      const closed = whenClosed(connection);
      controller.socket.resetAndDestroy();
      await closed;
      assert.equal(
        connection.closeReason.code,
        "ERR_HAPWIRE_HTTP",
        "a reset took the place of the first reason",
      );
      assert.deepEqual(harness.server.stats().closed, { ERR_HAPWIRE_HTTP: 1 });
    });

    it("leave no pending events in the statistics, neither the server's nor the connection's", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock() });
      const { connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);
      harness.server.broadcastEvent(1, 9, "waits");
      assert.equal(harness.server.stats().total.eventsPending, 1);
      const closed = whenClosed(connection);
      connection.close();
      await closed;
      const { eventsQueued, eventsPending, eventBytesPending } = harness.server.stats().total;
      assert.deepEqual(
        { eventsQueued, eventsPending, eventBytesPending },
        {
          eventsQueued: 1,
          eventsPending: 0,
          eventBytesPending: 0,
        },
      );
    });

    it("wipe the session's keys", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connect();
      const keys = await harness.secure(pair);
      const closed = whenClosed(pair.connection);
      pair.controller.destroy();
      await closed;
      expectWiped(keys);
    });

    it("count the responses that are given up, in the figures of the server too", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connectSecured();
      const keeper = new Keeper(harness);
      controller.send("GET", "/1");
      controller.send("GET", "/2");
      await keeper.has(2);
      const { requests, responses } = connection.stats();
      assert.equal(requests - responses, 2);
      const closed = whenClosed(connection);
      controller.socket.resetAndDestroy();
      await closed;
      assert.equal(connection.stats().responses, requests);
      assert.equal(harness.server.stats().total.responses, requests);
    });

    it("receive the rest of a request that a handler has, and none after it", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connectSecured();
      const keeper = new Keeper(harness);
      const request = controller.request("PUT", "/1", { body: "0123456789" });
      controller.write(request.subarray(0, -5));
      await keeper.has(1);
      const down = harness.server.close();
      assert.ok(connection.isAuthenticated(), "HAP-NodeJS looks at it when the body is there");
      const { framesIn } = connection.stats();
      controller.write(request.subarray(-5, -2));
      while (connection.stats().framesIn === framesIn) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      controller.write(Buffer.concat([request.subarray(-2), controller.request("GET", "/2")]));
      controller.send("GET", "/3");
      keeper.answer();
      await expectBodies(controller, ["/1"]);
      await expectEnd(controller);
      await down;
      assert.deepEqual(keeper.urls, ["/1"]);
    });

    it("refuse a request behind the responses to those before it", async (t) => {
      const harness = await Harness.start(t, { engine, maxBodySize: 100 });
      for (const [refused, status, code] of [
        ["NOT HTTP\r\n\r\n", 400, "ERR_HAPWIRE_HTTP"],
        ["PUT /3 HTTP/1.1\r\nContent-Length: 101\r\n\r\n", 413, "ERR_HAPWIRE_BODY_TOO_LARGE"],
        ["PUT /3 HTTP/1.1\r\nContent-Length: 1e1\r\n\r\n", 400, "ERR_HAPWIRE_HTTP"],
        [`GET /3 HTTP/1.1\r\nX: ${"x".repeat(70_000)}`, 431, "ERR_HAPWIRE_HEAD_TOO_LARGE"],
      ] as const) {
        const { controller, connection } = await harness.connectSecured();
        const keeper = new Keeper(harness);
        const [first, second] = [controller.request("GET", "/1"), controller.request("GET", "/2")];
        controller.write(Buffer.concat([first, second, Buffer.from(refused)]));
        await keeper.has(2);
        controller.send("GET", "/4");
        await untilSeen(harness, controller);
        keeper.answer();
        keeper.answer();
        await expectBodies(controller, ["/1", "/2"]);
        await expectRefusal(controller, status);
        assert.equal(connection.closeReason?.code, code);
        assert.deepEqual(keeper.urls, ["/1", "/2"]);
      }
    });

    it("refuse a request that a handler has, if it has not begun to answer", async (t) => {
      const harness = await Harness.start(t, { engine, maxBodySize: 100 });
      for (const [body, status] of [
        ["64\r\n", 413],
        ["5\r\nhello, no line end", 400],
      ] as const) {
        const { controller } = await harness.connectSecured();
        const keeper = new Keeper(harness);
        controller.send("GET", "/1");
        controller.send("PUT", "/2", { headers: CHUNKED, body: "1\r\nx\r\n" });
        await keeper.has(2);
        controller.write(body);
        await untilSeen(harness, controller);
        keeper.answer();
        await expectBodies(controller, ["/1"]);
        await expectRefusal(controller, status);
      }
    });

    it("write no refusal if the request was answered before its fault", async (t) => {
      const harness = await Harness.start(t, { engine, maxBodySize: 100 });
      for (const body of ["64\r\n", "zz\r\n", "5\r\nhello, no line end"]) {
        const { controller, connection } = await harness.connectSecured();
        harness.handler = (_request, response) => response.end("early");
        controller.send("PUT", "/", { headers: CHUNKED, body: "1\r\nx\r\n" });
        await expectBodies(controller, ["early"]);
        controller.write(body);
        await expectEnd(controller);
        assert.ok(connection.closeReason !== undefined);
      }
    });

    it("send the rest of a response that a handler has begun, to a request at fault", async (t) => {
      const harness = await Harness.start(t, { engine, maxBodySize: 100 });
      const { controller } = await harness.connectSecured();
      harness.handler = (_request, response) => {
        response.writeHead(200, { "Content-Length": 4 });
        response.write("whol");
      };
      controller.send("PUT", "/", { headers: CHUNKED, body: "1\r\nx\r\n" });
      await expectBodies(controller, ["whol"]);
      controller.write("64\r\n");
      await expectEnd(controller);
    });
  });
}
