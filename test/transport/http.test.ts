/** HTTP through the transport: every kind of request and response has its result, and tracks no event into itself. */

import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { inspect } from "node:util";

import { Harness, transportEngines, whenClosed, type Pair } from "../support/harness";
import { patient } from "../support/patience";
import { holdsBytes, readEvents, sendUntil } from "../support/unread";

/** A frame's length field and its tag, in bytes. */
const FRAME_OVERHEAD = 2 + 16;
/** Of a test that waits for a handler to be called back. */
const LIMIT = { timeout: patient(10_000) };

/** Sends an immediate event and expects it next: nothing of the exchange before it is left in the way. */
async function expectEventNext({ controller, connection }: Pair): Promise<void> {
  connection.enableEventNotifications(7, 7);
  connection.sendEvent(7, 7, "next", true);
  assert.deepEqual(await controller.nextEvents(), [{ aid: 7, iid: 7, value: "next" }]);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}

/** Writes chunks one after the other, each of them filled with its number, from the same memory. */
function writeFromOneBuffer(response: ServerResponse, size: number, count: number): void {
  const chunk = Buffer.alloc(size);
  const write = (index: number): void => {
    if (index === count) {
      response.end();
    } else {
      response.write(chunk.fill(index), () => {
        write(index + 1);
      });
    }
  };
  write(0);
}

const IS_BUN = process.versions["bun"] !== undefined;
const SKIP_ON_BUN = { skip: IS_BUN };
const BUN_CALLS_EARLY = IS_BUN ? " (skipped: Bun's http calls back before the stream has the chunk)" : "";
const BUN_SENDS_TWO_FRAMES = IS_BUN ? " (skipped: Bun's http writes head and body apart)" : "";

for (const engine of transportEngines()) {
  describe(`HTTP (${engine})`, () => {
    it("streams requests and responses, of fixed length and chunked", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connectSecured();
      harness.handler = (request, response) => {
        if (request.url === "/fixed") {
          response.setHeader("Content-Length", String(request.headers["content-length"]));
        }
        request.pipe(response);
      };
      const body = "0123456789".repeat(20_000);
      assert.equal((await pair.controller.fetch("POST", "/fixed", { body })).body.toString(), body);
      const chunked = `${body.length.toString(16)};note=1\r\n${body}\r\n0\r\nTrailer: yes\r\n\r\n`;
      const headers = { "Transfer-Encoding": "chunked" };
      const response = await pair.controller.fetch("POST", "/chunked", { headers, body: chunked });
      assert.equal(response.headers.get("transfer-encoding"), "chunked");
      assert.equal(response.body.toString(), body);
      await expectEventNext(pair);
    });

    it("follows chunked requests cut into single bytes", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connect();
      harness.handler = (request, response) => {
        void bodyOf(request).then((body) => response.end(body));
      };
      const headers = { "Transfer-Encoding": "chunked" };
      const body = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
      for (const byte of pair.controller.request("POST", "/", { headers, body })) {
        await new Promise((resolve) => pair.controller.socket.write(Uint8Array.of(byte), resolve));
      }
      assert.equal((await pair.controller.nextResponse()).body.toString(), "hello world");
      await expectEventNext(pair);
    });

    for (const secured of [false, true]) {
      it(`sends no memory as it was found for a body that is shorter than it says (${secured ? "secured" : "plaintext"})`, async (t) => {
        const harness = await Harness.start(t, { engine });
        const { controller, connection } = await (secured ? harness.connectSecured() : harness.connect());
        harness.handler = (_request, response) => {
          response.end(Object.defineProperty(Buffer.from("abc"), "length", { value: 1000 }));
        };
        const closed = whenClosed(connection);
        controller.send("GET", "/");
        await assert.rejects(controller.next(), /connection was closed before the next message/);
        await closed;
        // Bun has sent the head by then, Node has not.
        const [, body = ""] = controller.unfinished.toString("latin1").split("\r\n\r\n");
        assert.equal(body, "");
        assert.ok(connection.closeReason?.cause instanceof TypeError);
      });
    }

    it("sends what texts in base64 and hex stand for, and no memory behind it", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller } = await harness.connectSecured();
      const body = Buffer.from("a camera's snapshot".repeat(40));
      const lines = body.toString("base64").replace(/.{76}/g, "$&\r\n");
      harness.handler = (_request, response) => {
        response.setHeader("Content-Length", body.length).end(lines, "base64");
      };
      assert.deepEqual((await controller.get("/")).body, body);
      harness.handler = (_request, response) => {
        response.setHeader("Content-Length", 0).end("no hex".repeat(1000), "hex");
      };
      await controller.get("/");
      harness.handler = (_request, response) => response.end("next");
      assert.equal((await controller.get("/")).body.toString(), "next");
    });

    it(
      `leaves a handler its memory once a write has called back${BUN_CALLS_EARLY}`,
      SKIP_ON_BUN,
      async (t) => {
        const harness = await Harness.start(t, { engine });
        const size = 8000;
        const count = 64;
        for (const pair of [await harness.connect(), await harness.connectSecured()]) {
          const { controller } = pair;
          const handled = new Promise<void>((resolve) => {
            harness.handler = (_request, response) => {
              response.writeHead(200, { "Content-Length": count * size }).flushHeaders();
              // The kernel is full: the first chunk is still in the socket when the second one is written.
              writeFromOneBuffer(response, size, count);
              setImmediate(resolve);
            };
          });
          const events = sendUntil(harness, pair, holdsBytes);
          controller.send("GET", "/");
          await handled;
          await readEvents(controller, events);
          const { body } = await controller.nextResponse();
          const expected = Array.from({ length: count }, (_, index) => Buffer.alloc(size, index));
          assert.ok(body.equals(Buffer.concat(expected)), "a chunk was overwritten before it went out");
        }
      },
    );

    it(
      "tells a handler that its response did not go out, if the connection closes first",
      LIMIT,
      async (t) => {
        const harness = await Harness.start(t, { engine });
        const { controller, connection } = await harness.connectSecured();
        const written = new Promise<unknown>((resolve) => {
          harness.handler = (_request, response) => {
            response.write(Buffer.alloc(16 * 1024 * 1024), resolve);
            // By then the first part of it is on its way.
            setImmediate(() => {
              connection.close();
            });
          };
        });
        controller.socket.pause();
        controller.send("GET", "/");
        assert.ok((await written) instanceof Error);
      },
    );

    it("answers HEAD and 204 without a body", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connectSecured();
      harness.handler = (request, response) => {
        response.writeHead(
          request.method === "HEAD" ? 200 : 204,
          request.method === "HEAD" ? { "Content-Length": 5 } : {},
        );
        response.end();
      };
      assert.equal((await pair.controller.fetch("HEAD", "/")).headers.get("content-length"), "5");
      assert.equal((await pair.controller.fetch("PUT", "/", { body: "x" })).status, 204);
      await expectEventNext(pair);
    });

    it("answers Expect: 100-continue with 100, then the response; other expectations with 417", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connectSecured();
      const { controller } = pair;
      harness.handler = (request, response) => {
        void bodyOf(request).then((body) => response.end(body));
      };
      const request = controller.request("PUT", "/", {
        headers: { Expect: "100-continue" },
        body: "the body",
      });
      controller.write(request.subarray(0, -8));
      assert.equal((await controller.nextResponse()).status, 100);
      controller.write(request.subarray(-8));
      assert.equal((await controller.nextResponse()).body.toString(), "the body");
      assert.equal((await controller.fetch("GET", "/", { headers: { Expect: "a miracle" } })).status, 417);
      await expectEventNext(pair);
    });

    it("serves an upgrade attempt as the plain request it is", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connectSecured();
      const headers = { Connection: "Upgrade", Upgrade: "websocket" };
      assert.equal((await pair.controller.fetch("GET", "/", { headers })).status, 200);
      await expectEventNext(pair);
    });

    it("refuses CONNECT with 400, and closes", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connectSecured();
      assert.equal((await controller.fetch("CONNECT", "somewhere.else:443")).status, 400);
      await controller.closed;
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_HTTP");
    });

    it("closes after the response if the controller asks for it", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller } = await harness.connectSecured();
      const body = "y".repeat(500_000);
      harness.handler = (_request, response) => response.end(body);
      assert.equal(
        (await controller.fetch("GET", "/", { headers: { Connection: "close" } })).body.toString(),
        body,
      );
      await controller.closed;
    });

    it("sends a last response whole, behind events that the controller has not read", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connectSecured();
      const { controller } = pair;
      const asked = new Promise<void>((resolve) => {
        harness.handler = (_request, response) => {
          response.end("the last", () => {
            setImmediate(resolve);
          });
        };
      });
      const events = sendUntil(harness, pair, holdsBytes);
      controller.send("GET", "/", { headers: { Connection: "close" } });
      await asked;
      await readEvents(controller, events);
      assert.equal((await controller.nextResponse()).body.toString(), "the last");
      await controller.closed;
    });

    it("answers bytes that are no HTTP with 400, heads that are too large with 431, and closes", async (t) => {
      const harness = await Harness.start(t, { engine });
      for (const [sent, status, code = "ERR_HAPWIRE_HTTP"] of [
        ["NOT HTTP AT ALL\r\n\r\n", 400],
        [`GET / HTTP/1.1\r\nX: ${"x".repeat(70_000)}\r\n\r\n`, 431, "ERR_HAPWIRE_HEAD_TOO_LARGE"],
        ["POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400],
        ["POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n", 400],
      ] as const) {
        const { controller, connection } = await harness.connectSecured();
        harness.handler = () => undefined;
        controller.write(sent);
        assert.equal((await controller.nextResponse()).status, status);
        await controller.closed;
        assert.equal(connection.closeReason?.code, code);
      }
    });

    it("hands on every target that is a URL, and answers all others with 400", async (t) => {
      const harness = await Harness.start(t, { engine });
      const targets: string[] = [];
      harness.handler = ({ url = "" }, response) => {
        targets.push(new URL(url, "http://accessory").href);
        response.end();
      };
      const { controller } = await harness.connectSecured();
      for (const target of [
        "/",
        "/a//b",
        "/?//",
        "/%",
        "/:@[",
        "//host/a",
        "/\\host",
        "*",
        "http://host/a",
      ]) {
        assert.equal((await controller.get(target)).status, 200, target);
      }
      assert.equal(targets.length, 9);
      for (const target of [
        "//",
        "/\\",
        "\\\\",
        "///",
        "//[",
        "//a:b",
        "/\t/",
        "/\t\\",
        "http://",
        "http:// a:b/",
      ]) {
        const { controller: stranger, connection } = await harness.connect();
        assert.equal((await stranger.get(target)).status, 400, target);
        await stranger.closed;
        assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_HTTP");
      }
      assert.equal(targets.length, 9);
    });

    it("tells the handler of a request that the controller aborts", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller } = await harness.connectSecured();
      const request = new Promise<IncomingMessage>((resolve) => {
        harness.handler = (incoming) => {
          resolve(incoming);
        };
      });
      controller.write(controller.request("PUT", "/", { body: "the body" }).subarray(0, -3));
      const incoming = await request;
      const failed = once(incoming, "error");
      controller.destroy();
      const [error] = (await failed) as [NodeJS.ErrnoException];
      assert.equal(error.code, "ECONNRESET");
      assert.equal(incoming.complete, false);
    });

    it("keeps events back while a handler does not answer, and closes all the same", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connectSecured();
      connection.enableEventNotifications(1, 9);
      const asked = new Promise<ServerResponse>((resolve) => {
        harness.handler = (_request, response) => {
          resolve(response);
        };
      });
      controller.send("GET", "/");
      const response = await asked;
      connection.sendEvent(1, 9, 1, true);
      assert.equal(connection.stats().eventsPending, 1);
      const gone = once(response, "close");
      connection.close();
      await Promise.all([gone, controller.closed]);
      response.end("too late");
      assert.deepEqual(
        controller.messages.filter(({ kind }) => kind === "event"),
        [],
      );
    });

    it("answers 500 if a handler throws, and serves on", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connectSecured();
      const warned = once(process, "warning") as Promise<[NodeJS.ErrnoException]>;
      harness.handler = () => {
        throw new Error("a fault of the handler's");
      };
      assert.equal((await pair.controller.get("/")).status, 500);
      const [warning] = await warned;
      assert.equal(warning.code, "ERR_HAPWIRE_HANDLER");
      assert.match(warning.message, /a fault of the handler's/);
      harness.handler = (_request, response) => response.end();
      assert.equal((await pair.controller.get("/")).status, 200);
      await expectEventNext(pair);
    });

    it("answers 500 if a handler's status message is invalid, or closes if not even 500 can be sent", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connectSecured();
      harness.handler = (_request, response) => {
        response.statusMessage = "caf\u2026";
        response.writeHead(200);
      };
      assert.equal((await controller.get("/")).status, 500);

      harness.handler = (_request, response) => {
        // Node sends no such field with a response of known length.
        response.setHeader("Trailer", "Expires");
        throw new Error("another fault of the handler's");
      };
      const closed = whenClosed(connection);
      controller.send("GET", "/");
      await closed;
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_HANDLER");
      assert.match(String(connection.closeReason.cause), /another fault/);
    });

    it("answers 500 if a handler throws a value that can't be shown, before all chunks have come", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller } = await harness.connectSecured();
      harness.handler = (_request, response) => {
        response.setHeader("Transfer-Encoding", "chunked");
        throw Object.assign(new Error("a fault"), {
          [inspect.custom]: () => {
            throw new Error("a fault of the fault's");
          },
        });
      };
      const warned = once(process, "warning") as Promise<[NodeJS.ErrnoException]>;
      const { status, headers } = await controller.get("/");
      assert.equal(status, 500);
      assert.deepEqual([headers.get("content-length"), headers.get("transfer-encoding")], ["0", undefined]);
      assert.equal((await warned)[0].code, "ERR_HAPWIRE_HANDLER");
      harness.handler = (_request, response) => response.end();
      assert.equal((await controller.get("/")).status, 200);
    });

    it("shows the handler the controller's socket", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller } = await harness.connectSecured();
      harness.handler = ({ socket }, response) => {
        const { remoteAddress, remotePort, remoteFamily, localAddress, localPort } = socket;
        response.end(
          JSON.stringify({
            remoteAddress,
            remotePort,
            remoteFamily,
            localAddress,
            localPort,
            at: socket.address(),
          }),
        );
      };
      const { localPort } = controller.socket;
      assert.deepEqual(JSON.parse((await controller.get("/")).body.toString()), {
        remoteAddress: "127.0.0.1",
        remotePort: localPort,
        remoteFamily: "IPv4",
        localAddress: "127.0.0.1",
        localPort: harness.port,
        at: { address: "127.0.0.1", port: harness.port, family: "IPv4" },
      });
    });

    it(
      `counts for the handler the bytes on the controller's socket${BUN_SENDS_TWO_FRAMES}`,
      SKIP_ON_BUN,
      async (t) => {
        const harness = await Harness.start(t, { engine });
        const { controller } = await harness.connectSecured();
        const counts: { read: number; written: number }[] = [];
        harness.handler = ({ socket }, response) => {
          counts.push({ read: socket.bytesRead, written: socket.bytesWritten });
          response.end("ok");
        };
        const request = controller.request("GET", "/");
        controller.write(request);
        await controller.nextResponse();
        controller.write(controller.request("GET", "/"));
        await controller.nextResponse();
        const [first, second] = counts;
        assert.ok(first !== undefined && second !== undefined);
        assert.equal(second.read - first.read, request.length);
        const frame = controller.received.at(-1);
        assert.equal(second.written - first.written, (frame?.length ?? 0) - FRAME_OVERHEAD);
      },
    );

    it("answers pipelined requests in order, whatever order handlers finish in", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connectSecured();
      const responses: ServerResponse[] = [];
      harness.handler = (_request, response) => {
        if (responses.push(response) === 3) {
          responses.forEach((_, index) => responses.at(-1 - index)?.end(String(2 - index)));
        }
      };
      const { controller } = pair;
      controller.write(Buffer.concat(["/0", "/1", "/2"].map((path) => controller.request("GET", path))));
      for (const expected of ["0", "1", "2"]) {
        assert.equal((await controller.nextResponse()).body.toString(), expected);
      }
      await expectEventNext(pair);
    });

    it("passes a request of many megabytes to a slow handler without keeping it all", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connectSecured();
      const started = new Promise<IncomingMessage>((resolve) => {
        harness.handler = (request, response) => {
          request.on("end", () => response.end("done"));
          resolve(request);
        };
      });
      const body = Buffer.alloc(16 * 1024 * 1024, 0x61);
      controller.send("PUT", "/", { body });
      const request = await started;
      await once(request, "readable");
      // The kernel's buffers and the streams' hold some; the rest waits on the controller's side.
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(connection.stats().bytesIn < body.length, "the whole body was taken from the socket unread");
      request.resume();
      assert.equal((await controller.nextResponse()).body.toString(), "done");
    });
  });
}
