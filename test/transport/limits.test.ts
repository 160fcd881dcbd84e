/** Each limit of the memory and time that a controller can take: met exactly, and exceeded by one. */

import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";

import { runNode } from "../support/child";
import { ManualClock } from "../support/clock";
import type { Controller } from "../support/controller";
import { Harness, transportEngines, whenClosed, type Pair } from "../support/harness";

const KIB = 1024;
/** A frame's length field and its tag, in bytes. */
const FRAME_OVERHEAD = 2 + 16;

/** Waits for the refusal of a request, and for the end of the connection. */
async function expectRefusal(controller: Controller, status: number): Promise<void> {
  const response = await controller.nextResponse();
  assert.equal(response.status, status);
  assert.equal(response.headers.get("connection"), "close");
  await controller.closed;
}

/** Expects that the server has no reason to close a connection: the controller would notice later that it is closed. */
function expectOpen({ connection }: Pair): void {
  assert.equal(connection.closeReason, undefined);
}

/** A head of exactly so many bytes. */
function headOf(size: number): string {
  const start = "GET / HTTP/1.1\r\nX: ";
  return `${start}${"x".repeat(size - start.length - 4)}\r\n\r\n`;
}

for (const engine of transportEngines()) {
  describe(`limits (${engine})`, () => {
    it("maxHeadSize: 431", async (t) => {
      const harness = await Harness.start(t, { engine });
      for (const maker of [() => harness.connect(), () => harness.connectSecured()]) {
        const { controller, connection } = await maker();
        controller.write(headOf(64 * KIB));
        assert.equal((await controller.nextResponse()).status, 200);
        controller.write(headOf(64 * KIB + 1));
        await expectRefusal(controller, 431);
        assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_HEAD_TOO_LARGE");
      }
    });

    it("maxHeadSize, for a head that trickles in", async (t) => {
      const harness = await Harness.start(t, { engine, maxHeadSize: 256 });
      const { controller } = await harness.connect();
      controller.write("GET / HTTP/1.1\r\n");
      // 16 bytes and 16 times 15 are the limit.
      for (let i = 0; i < 17; i += 1) {
        controller.write("X: 3456789012\r\n");
      }
      await expectRefusal(controller, 431);
    });

    it("maxStrangerBodySize before authentication, maxBodySize after it: 413", async (t) => {
      const harness = await Harness.start(t, { engine, maxStrangerBodySize: 1000, maxBodySize: 2000 });
      harness.handler = (request, response) => request.resume().on("end", () => response.end("taken"));
      const stranger = await harness.connect();
      assert.equal((await stranger.controller.fetch("POST", "/", { body: "x".repeat(1000) })).status, 200);
      stranger.controller.send("POST", "/", { body: "x".repeat(1001) });
      await expectRefusal(stranger.controller, 413);
      assert.equal(stranger.connection.closeReason?.code, "ERR_HAPWIRE_BODY_TOO_LARGE");

      const { controller } = await harness.connectSecured();
      assert.equal((await controller.fetch("POST", "/", { body: "x".repeat(2000) })).status, 200);
      controller.send("POST", "/", { body: "x".repeat(2001) });
      await expectRefusal(controller, 413);
    });

    it("maxStrangerBodySize, for a body in chunks", async (t) => {
      const harness = await Harness.start(t, { engine, maxStrangerBodySize: 1000 });
      harness.handler = (request, response) => request.resume().on("end", () => response.end("taken"));
      const { controller } = await harness.connect();
      const headers = { "Transfer-Encoding": "chunked" };
      const chunk = `1f4\r\n${"x".repeat(500)}\r\n`;
      assert.equal(
        (await controller.fetch("POST", "/", { headers, body: `${chunk}${chunk}0\r\n\r\n` })).status,
        200,
      );
      controller.send("POST", "/", { headers, body: `${chunk}${chunk}1\r\nx\r\n` });
      await expectRefusal(controller, 413);
    });

    it("maxBodySize, for lengths and lines that no number and no bound is kept of", async (t) => {
      const harness = await Harness.start(t, { engine });
      let handed = 0;
      harness.handler = (request) => {
        request.on("data", (data: Buffer) => (handed += data.length));
      };
      const chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
      const long = "a".repeat(16 * KIB);
      for (const sent of [
        "POST / HTTP/1.1\r\nContent-Length: 9007199254740993\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1fffffffffffff\r\n\r\n",
        `${chunked}20000000000001\r\n`,
        `${chunked}ffffffffffffffff\r\n`,
        `${chunked}1fffffffffffff\r\n`,
        `${chunked}1\r\na\r\n1ffffffffffffe\r\n`,
        `${chunked}1;${long}\r\na\r\n`,
        `${chunked}1;${long}`,
        `${chunked}1\r\na\r\n0\r\n${long}: a\r\n`,
      ]) {
        for (const maker of [() => harness.connect(), () => harness.connectSecured()]) {
          const { controller, connection } = await maker();
          controller.write(sent);
          const isNumber = !sent.includes("Content-Length: 1f");
          await expectRefusal(controller, isNumber ? 413 : 400);
          const code = isNumber ? "ERR_HAPWIRE_BODY_TOO_LARGE" : "ERR_HAPWIRE_HTTP";
          assert.equal(connection.closeReason?.code, code);
        }
      }
      assert.equal(handed, 0);
    });

    it("headTimeout: 408, and not a moment before", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const pair = await harness.connect();
      const { controller, connection } = pair;
      controller.write("GET / HT");
      await untilBusy(connection);
      clock.advance(59_999);
      controller.write("TP/1.1\r\n\r\n");
      assert.equal((await controller.nextResponse()).status, 200);

      controller.write("GET / HT");
      await untilBusy(connection);
      clock.advance(59_999);
      expectOpen(pair);
      clock.advance(1);
      await expectRefusal(controller, 408);
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_REQUEST_TIMEOUT");
    });

    it("requestTimeout: 408 for a body that does not end, however many bytes come", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const pair = await harness.connectSecured();
      const { controller, connection } = pair;
      const asked = new Promise<void>((resolve) => {
        harness.handler = () => {
          resolve();
        };
      });
      controller.write(controller.request("PUT", "/", { body: "0123456789" }).subarray(0, -5));
      await asked;
      clock.advance(299_999);
      expectOpen(pair);
      clock.advance(1);
      await expectRefusal(controller, 408);
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_REQUEST_TIMEOUT");
    });

    it("requestTimeout: holds for a head too if it is shorter than headTimeout", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock, requestTimeout: 10_000 });
      const pair = await harness.connect();
      const { controller, connection } = pair;
      controller.write("GET / HT");
      await untilBusy(connection);
      clock.advance(9_999);
      expectOpen(pair);
      clock.advance(1);
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_REQUEST_TIMEOUT");
      await expectRefusal(controller, 408);
    });

    it("leaves no timer behind for requests that have arrived", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const { controller, connection } = await harness.connectSecured();
      const before = clock.pending;
      const request = controller.request("PUT", "/", { body: "0123456789" });
      controller.write(request.subarray(0, 20));
      await untilBusy(connection);
      assert.equal(clock.pending, before + 1);
      controller.write(request.subarray(20));
      await controller.nextResponse();
      assert.equal(clock.pending, before);
    });

    it("maxPendingRequests: 503 for the one too many, after the others' responses", async (t) => {
      const harness = await Harness.start(t, { engine, maxPendingRequests: 3 });
      const { controller, connection } = await harness.connectSecured();
      const responses: ServerResponse[] = [];
      const sendAndWait = async (count: number, expected: number): Promise<void> => {
        const arrived = new Promise<void>((resolve) => {
          harness.handler = (_request, response) => {
            if (responses.push(response) === expected) {
              resolve();
            }
          };
        });
        controller.write(Buffer.concat(Array.from({ length: count }, () => controller.request("GET", "/"))));
        await arrived;
      };
      await sendAndWait(3, 3);
      assert.ok(connection.isAuthenticated());
      controller.send("GET", "/one-too-many");
      while (connection.closeReason === undefined) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(connection.closeReason.code, "ERR_HAPWIRE_REQUEST_COUNT");
      assert.equal(responses.length, 3);
      responses.forEach((response) => response.end("served"));
      for (let i = 0; i < 3; i += 1) {
        assert.equal((await controller.nextResponse()).body.toString(), "served");
      }
      await expectRefusal(controller, 503);
    });

    it("maxStrangerPendingRequests: 503 before authentication for requests that are welcome after it", async (t) => {
      const harness = await Harness.start(t, { engine, maxStrangerPendingRequests: 2 });
      const twice = async ({ controller }: Pair): Promise<ServerResponse[]> => {
        const requests = [1, 2, 3].map(() => controller.request("GET", "/"));
        const responses: ServerResponse[] = [];
        await new Promise<void>((resolve) => {
          harness.handler = (_request, response) => {
            if (responses.push(response) === 2) {
              resolve();
            }
          };
          controller.write(Buffer.concat(requests));
        });
        return responses;
      };
      const known = await harness.connectSecured();
      await twice(known);
      assert.equal(known.connection.closeReason, undefined);

      const stranger = await harness.connect();
      const responses = await twice(stranger);
      responses.forEach((response) => response.end("served"));
      assert.equal((await stranger.controller.nextResponse()).status, 200);
      assert.equal((await stranger.controller.nextResponse()).status, 200);
      await expectRefusal(stranger.controller, 503);
      assert.equal(stranger.connection.closeReason?.code, "ERR_HAPWIRE_REQUEST_COUNT");
    });

    it("maxPendingRequests: holds for strangers too if it is less than theirs", async (t) => {
      const harness = await Harness.start(t, { engine, maxPendingRequests: 3 });
      const { controller, connection } = await harness.connect();
      const responses: ServerResponse[] = [];
      harness.handler = (_request, response) => responses.push(response);
      controller.write(Buffer.concat([1, 2, 3, 4].map(() => controller.request("GET", "/"))));
      while (connection.stats().bytesIn === 0) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(responses.length, 3, "more requests than maxPendingRequests reached handlers");
      responses.forEach((response) => response.end("served"));
      for (let i = 0; i < 3; i += 1) {
        assert.equal((await controller.nextResponse()).status, 200);
      }
      await expectRefusal(controller, 503);
    });

    it("hold in a process with a lenient HTTP parser too", async () => {
      const program = `
        const { connect } = require("node:net");
        const { EventedHTTPServer } = require("hapwire");
        const server = new EventedHTTPServer({ engine: "${engine}", maxStrangerBodySize: 10 });
        server.on("request", (_connection, request) => request.on("data", () => console.log("was taken")));
        server.on("connection-closed", ({ closeReason }) => { console.log(closeReason.code); server.destroy(); });
        server.on("listening", (port) => {
          const body = "14\\r\\n" + "x".repeat(20) + "\\r\\n0\\r\\n\\r\\n";
          connect(port, "127.0.0.1").end("POST / HTTP/1.1\\r\\nTransfer-Encoding:\\r\\n chunked\\r\\n\\r\\n" + body);
        });
        server.listen(0, "127.0.0.1");`;
      const { code, stdout, stderr } = await runNode(["--insecure-http-parser", "--eval", program]);
      assert.deepEqual({ code, stdout }, { code: 0, stdout: "ERR_HAPWIRE_HTTP\n" }, stderr);
    });

    it("maxStrangers: the one idle for longest goes", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock, maxStrangers: 3 });
      const [authenticated, oldest, middle, newest] = [
        await harness.connectSecured(),
        ...(await connectOneByOne(harness, clock, 3)),
      ];
      assert.ok(oldest !== undefined && middle !== undefined && newest !== undefined);
      assert.equal(harness.server.connections.size, 4);
      await oldest.controller.get("/");
      clock.advance(1);
      const gone = whenClosed(middle.connection);
      await harness.connect();
      await gone;
      assert.equal(middle.connection.closeReason?.code, "ERR_HAPWIRE_STRANGERS");
      for (const { controller } of [authenticated, oldest, newest]) {
        assert.equal((await controller.get("/")).status, 200);
      }
    });

    it("maxStrangers: those that do not let themselves be closed count too", async (t) => {
      const harness = await Harness.start(t, { engine, clock: new ManualClock(), maxStrangers: 2 });
      const [oldest, newer] = [await harness.connect(), await harness.connect()];
      for (const { controller, connection } of [oldest, newer]) {
        // It does not see that this side has ended.
        controller.socket.pause();
        connection.closeAfterResponses();
      }
      assert.equal(harness.server.connections.size, 2);
      const gone = whenClosed(oldest.connection);
      await harness.connect();
      await gone;
      assert.equal(oldest.connection.closeReason?.code, "ERR_HAPWIRE_STRANGERS");
      assert.equal(harness.server.connections.size, 2);
    });

    it("maxStrangers: nobody keeps a place by a request that never ends", async (t) => {
      const clock = new ManualClock();
      for (const begun of [
        "G",
        "GET / HTTP/1.1\r\nHost: a",
        "PUT / HTTP/1.1\r\nContent-Length: 2\r\n\r\n1",
      ]) {
        const harness = await Harness.start(t, { engine, clock, maxStrangers: 3 });
        harness.handler = (request, response) => request.resume().on("end", () => response.end("taken"));
        const pairs = await connectOneByOne(harness, clock, 3);
        for (const { connection, controller } of pairs) {
          controller.write(begun);
          await untilBusy(connection);
          clock.advance(1);
        }
        const [oldest] = pairs;
        assert.ok(oldest !== undefined);
        const gone = whenClosed(oldest.connection);
        const { controller } = await harness.connect();
        assert.equal((await controller.get("/")).status, 200);
        await gone;
        assert.equal(oldest.connection.closeReason?.code, "ERR_HAPWIRE_STRANGERS");
        assert.equal(harness.server.connections.size, 3);
      }
    });

    it("maxStrangers: nobody keeps a place by not reading a response", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock, maxStrangers: 2 });
      const pairs = await connectOneByOne(harness, clock, 2);
      for (const { controller } of pairs) {
        const answered = new Promise<void>((resolve) => {
          harness.handler = (_request, response) => {
            response.end(Buffer.alloc(16 * KIB * KIB));
            resolve();
          };
        });
        controller.socket.pause();
        controller.send("GET", "/large");
        await answered;
        clock.advance(1);
      }
      harness.handler = (_request, response) => response.end("served");
      const { controller } = await harness.connect();
      assert.equal((await controller.get("/")).status, 200, "strangers that do not read kept a new one out");
      const [oldest, newer] = pairs.map(({ connection }) => connection.closeReason?.code);
      assert.deepEqual([oldest, newer], ["ERR_HAPWIRE_STRANGERS", undefined]);
    });

    it("maxStrangers: 503 for the new one if all others are in a request", async (t) => {
      const harness = await Harness.start(t, { engine, maxStrangers: 2 });
      for (let i = 0; i < 2; i += 1) {
        const { controller } = await harness.connect();
        const asked = new Promise<void>((resolve) => {
          harness.handler = () => {
            resolve();
          };
        });
        controller.send("GET", "/slow");
        await asked;
      }
      const { controller, connection } = await harness.connect();
      await Promise.all([whenClosed(connection), expectRefusal(controller, 503)]);
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_STRANGERS");
      assert.equal(harness.server.stats().connections, 2);
    });

    it("strangerIdleTimeout: closes connections that have not authenticated, and no others", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const stranger = await harness.connect();
      const authenticated = await harness.connectSecured();
      clock.advance(10 * 60_000 - 1);
      expectOpen(stranger);
      const gone = whenClosed(stranger.connection);
      clock.advance(1);
      assert.equal(stranger.connection.closeReason?.code, "ERR_HAPWIRE_IDLE");
      await gone;
      assert.equal((await authenticated.controller.get("/")).status, 200);
    });

    it("idleTimeout: is kept if it is shorter than strangerIdleTimeout", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock, idleTimeout: 60_000, idleSweepThreshold: 1 });
      const { connection } = await harness.connectSecured();
      const gone = whenClosed(connection);
      clock.advance(59_999);
      assert.ok(connection.isAuthenticated());
      clock.advance(1);
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_IDLE");
      await gone;
    });

    it("no limit of strangers' holds for a connection that the accessory has subscribed", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock, maxStrangers: 1, maxStrangerBodySize: 10 });
      const subscriber = await harness.connect();
      harness.handler = (_request, response, connection) => {
        connection.enableEventNotifications(1, 9);
        response.end();
      };
      await subscriber.controller.get("/subscribe");
      const stranger = await harness.connect();
      const gone = whenClosed(stranger.connection);
      clock.advance(10 * 60_000);
      await gone;

      await harness.connect();
      const body = "x".repeat(11);
      assert.equal((await subscriber.controller.fetch("PUT", "/", { body })).status, 200);
      harness.server.broadcastEvent(1, 9, "still listening", undefined, true);
      assert.equal((await subscriber.controller.nextEvents()).length, 1);
    });

    it("maxFramesPerSegment: closes on a flood of frames", async (t) => {
      const harness = await Harness.start(t, { engine, maxFramesPerSegment: 10 });
      const { controller, connection } = await harness.connectSecured();
      const frames = (count: number): Buffer =>
        Buffer.concat(Array.from({ length: count }, () => controller.seal(controller.request("GET", "/"))));
      controller.socket.write(frames(10));
      for (let i = 0; i < 10; i += 1) {
        await controller.nextResponse();
      }
      const closed = whenClosed(connection);
      controller.socket.write(frames(11));
      await closed;
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_FRAME_COUNT");
    });

    it("maxUnsentBytes: cuts responses into whole frames, whatever its value", async (t) => {
      const harness = await Harness.start(t, { engine, maxUnsentBytes: 1500 });
      const { controller, connection } = await harness.connectSecured();
      harness.handler = (_request, response) => response.end(Buffer.alloc(100 * KIB));
      const before = connection.stats();
      assert.equal((await controller.get("/")).body.length, 100 * KIB);
      const { bytesOut, framesOut } = connection.stats();
      const frames = framesOut - before.framesOut;
      const plaintext = bytesOut - before.bytesOut - frames * FRAME_OVERHEAD;
      assert.equal(frames, Math.ceil(plaintext / KIB), "some frames were not full");
    });

    it("maxUnsentBytes: no more of a response is sealed than the controller has yet to take", async (t) => {
      const harness = await Harness.start(t, { engine, maxUnsentBytes: 64 * KIB });
      const { controller, connection } = await harness.connectSecured();
      const size = 16 * KIB * KIB;
      const asked = new Promise<void>((resolve) => {
        harness.handler = (_request, response) => {
          response.end(Buffer.alloc(size));
          resolve();
        };
      });
      controller.socket.pause();
      controller.send("GET", "/");
      await asked;
      let sealed = -1;
      while (connection.stats().framesOut !== sealed) {
        sealed = connection.stats().framesOut;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.ok(sealed < size / KIB, "the whole response was sealed");
      controller.socket.resume();
      assert.equal((await controller.nextResponse()).body.length, size);
    });
  });
}

async function connectOneByOne(
  harness: Harness,
  clock: ManualClock,
  count: number,
): ReturnType<Harness["connectMany"]> {
  const pairs = [];
  for (let i = 0; i < count; i += 1) {
    pairs.push(await harness.connect());
    clock.advance(1);
  }
  return pairs;
}

async function untilBusy(connection: { readonly busy: boolean }): Promise<void> {
  while (!connection.busy) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
