/** What stands between a controller's bytes and Node's HTTP parser, over real sockets. */

import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
import { describe, it } from "node:test";

import { runNode } from "../support/child";
import type { Controller } from "../support/controller";
import { Harness, transportEngines, whenClosed, type Pair } from "../support/harness";
import { FAULTY_CHUNKS, FAULTY_HEADS, SOUND_REQUESTS } from "../support/http-samples";

const KIB = 1024;

/** Sends an immediate event and expects it next: no request is left that holds it back. */
async function expectEventNext({ controller, connection }: Pair): Promise<void> {
  connection.enableEventNotifications(7, 7);
  connection.sendEvent(7, 7, "next", true);
  assert.deepEqual(await controller.nextEvents(), [{ aid: 7, iid: 7, value: "next" }]);
  assert.ok(!connection.busy);
}

async function expectRefusal(controller: Controller, status: number, what?: string): Promise<void> {
  const response = await controller.nextResponse();
  assert.deepEqual([response.status, response.headers.get("connection")], [status, "close"], what);
  await controller.closed;
}

/** Writes bytes one by one, each in a segment of its own as far as the system lets them be. */
async function trickle(controller: Controller, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    await new Promise((resolve) => controller.socket.write(controller.seal(Buffer.of(byte)), resolve));
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

for (const engine of transportEngines()) {
  describe(`the gate (${engine})`, () => {
    it("serves what real clients send, in one segment and byte by byte", async (t) => {
      const harness = await Harness.start(t, { engine });
      harness.handler = (request, response) => {
        void bodyOf(request).then((body) => response.setHeader("Content-Length", body.length).end(body));
      };
      for (const [client, request] of Object.entries(SOUND_REQUESTS)) {
        const pair = await harness.connectSecured();
        const { controller } = pair;
        const expected = /chunked/i.test(request)
          ? undefined
          : request.slice(request.indexOf("\r\n\r\n", 4) + 4);
        for (const isTrickled of [false, true]) {
          const bytes = Buffer.from(request, "latin1");
          if (isTrickled) {
            await trickle(controller, bytes);
          } else {
            controller.write(bytes);
          }
          let response = await controller.nextResponse();
          if (response.status === 100) {
            response = await controller.nextResponse();
          }
          assert.equal(response.status, 200, client);
          if (expected !== undefined) {
            assert.equal(response.body.toString("latin1"), expected, client);
          }
        }
        await expectEventNext(pair);
      }
    });

    it("refuses with 400 a head that two parsers could read differently, and hands on nothing of it", async (t) => {
      const harness = await Harness.start(t, { engine });
      harness.handler = ({ url }) => {
        assert.fail(`a handler got ${String(url)}`);
      };
      for (const [name, request] of Object.entries(FAULTY_HEADS)) {
        const { controller, connection } = await harness.connect();
        controller.write(request);
        await expectRefusal(controller, 400, name);
        assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_HTTP", name);
      }
    });

    it("refuses with 400 chunks that two parsers could read differently", async (t) => {
      const harness = await Harness.start(t, { engine });
      harness.handler = (request) => {
        request.resume().on("error", () => undefined);
      };
      for (const [name, request] of Object.entries(FAULTY_CHUNKS)) {
        const { controller, connection } = await harness.connect();
        controller.write(request);
        await expectRefusal(controller, 400, name);
        assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_HTTP", name);
      }
    });

    it("hands on no more of a body than its limit, whatever Transfer-Encoding says", async (t) => {
      const harness = await Harness.start(t, { engine, maxStrangerBodySize: 64 * KIB });
      let handed = 0;
      harness.handler = (request) => {
        request.on("data", ({ length }: Buffer) => (handed += length)).on("error", () => undefined);
      };
      const { controller, connection } = await harness.connect();
      const content = "x\n\n".repeat(20 * KIB);
      const chunk = `${content.length.toString(16)}\r\n${content}\r\n`;
      controller.write(
        "POST /pair-setup HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding:\r\n\r\n",
      );
      for (let i = 0; i < 8; i += 1) {
        controller.write(chunk);
      }
      await expectRefusal(controller, 400);
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_HTTP");
      assert.equal(handed, 0);
    });

    it("serves what follows an upgrade that nobody takes", async (t) => {
      const harness = await Harness.start(t, { engine });
      const pair = await harness.connectSecured();
      const { controller } = pair;
      harness.handler = ({ url }, response) => response.end(url);
      const headers = { Connection: "Upgrade", Upgrade: "h2c" };
      controller.write(
        Buffer.concat([
          controller.request("GET", "/1", { headers }),
          controller.request("PUT", "/2", { headers, body: "with a body" }),
          controller.request("GET", "/3"),
        ]),
      );
      for (const url of ["/1", "/2", "/3"]) {
        assert.equal((await controller.nextResponse()).body.toString(), url);
      }
      await expectEventNext(pair);
    });

    describe("leaves no connection busy", () => {
      const chunked = { "Transfer-Encoding": "chunked" };
      const cases: Record<string, (pair: Pair, harness: Harness) => Promise<void>> = {
        "after an unknown expectation with a body": async ({ controller }) => {
          const response = await controller.fetch("PUT", "/", { headers: { Expect: "y" }, body: "a body" });
          assert.equal(response.status, 417);
        },
        "after 100-continue for a body that comes": async ({ controller }, harness) => {
          harness.handler = (request, response) => request.resume().on("end", () => response.end());
          const request = controller.request("PUT", "/", {
            headers: { Expect: "100-continue" },
            body: "a body",
          });
          controller.write(request.subarray(0, -6));
          assert.equal((await controller.nextResponse()).status, 100);
          controller.write(request.subarray(-6));
          assert.equal((await controller.nextResponse()).status, 200);
        },
        "after an early answer, when the body has come": async ({ controller }, harness) => {
          harness.handler = (_request, response) => response.end("early");
          const body = "x".repeat(200 * KIB);
          const request = controller.request("PUT", "/", { body });
          controller.write(request.subarray(0, -1));
          assert.equal((await controller.nextResponse()).body.toString(), "early");
          controller.write(request.subarray(-1));
          // The next request shows that the parser has seen the end of that one.
          assert.equal((await controller.get("/")).body.toString(), "early");
        },
        "after an early answer to chunks": async ({ controller }, harness) => {
          harness.handler = (_request, response) => response.end("early");
          controller.send("PUT", "/", { headers: chunked, body: "5\r\nhello\r\n" });
          assert.equal((await controller.nextResponse()).body.toString(), "early");
          controller.write("1\r\n!\r\n0\r\n\r\n");
          assert.equal((await controller.get("/")).body.toString(), "early");
        },
        "after responses without a body": async ({ controller }, harness) => {
          harness.handler = (request, response) => {
            response
              .writeHead(request.url === "/204" ? 204 : request.url === "/304" ? 304 : 200)
              .end("no body");
          };
          controller.write(
            Buffer.concat([
              controller.request("HEAD", "/"),
              controller.request("GET", "/204"),
              controller.request("GET", "/304"),
            ]),
          );
          for (const status of [200, 204, 304]) {
            assert.equal((await controller.nextResponse()).status, status);
          }
        },
        "after line ends between requests": async ({ controller }) => {
          controller.write("\r\n\r\n");
          assert.equal((await controller.get("/")).status, 200);
          controller.write("\r\n\r\n\r");
          controller.write("\n");
        },
        "after a body that its handler has left unread": async ({ controller }, harness) => {
          const asked = new Promise<ServerResponse>((resolve) => {
            harness.handler = (_request, response) => {
              resolve(response);
            };
          });
          controller.send("PUT", "/", { body: "x".repeat(300 * KIB) });
          controller.send("GET", "/2");
          const response = await asked;
          harness.handler = ({ url }, other) => other.end(url);
          response.end("/1");
          assert.equal((await controller.nextResponse()).body.toString(), "/1");
          assert.equal((await controller.nextResponse()).body.toString(), "/2");
        },
        "after requests whose handlers answer in another order": async ({ controller }, harness) => {
          const responses: ServerResponse[] = [];
          harness.handler = (_request, response) => {
            if (responses.push(response) === 20) {
              responses.reverse().forEach((each) => each.end());
            }
          };
          controller.write(Buffer.concat(Array.from({ length: 20 }, () => controller.request("GET", "/"))));
          for (let i = 0; i < 20; i += 1) {
            await controller.nextResponse();
          }
        },
      };
      for (const [name, run] of Object.entries(cases)) {
        it(name, async (t) => {
          const harness = await Harness.start(t, { engine });
          const pair = await harness.connectSecured();
          await run(pair, harness);
          await expectEventNext(pair);
        });
      }
    });

    describe("closes the connection", () => {
      const cases: Record<string, (controller: Controller, harness: Harness) => void> = {
        "after a request with Connection: close, whatever follows it": (controller, harness) => {
          harness.handler = ({ url }, response) => {
            assert.equal(url, "/1");
            response.end();
          };
          controller.write("GET /1 HTTP/1.1\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HT");
        },
        "after a request in HTTP/1.0, whatever follows it": (controller, harness) => {
          harness.handler = ({ url }, response) => {
            assert.equal(url, "/1");
            response.end();
          };
          controller.write("GET /1 HTTP/1.0\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
        },
        "after a response with Connection: close": (controller, harness) => {
          harness.handler = (_request, response) => response.setHeader("Connection", "close").end();
          controller.write("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
        },
        "if a handler destroys a response whose turn has not come": (controller, harness) => {
          harness.handler = (request, response) => {
            if (request.url === "/2") {
              response.destroy();
              setImmediate(() => first?.end());
            } else {
              first = response;
            }
          };
          let first: ServerResponse | undefined;
          controller.write("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
        },
        "if a handler destroys a request that has not come whole": (controller, harness) => {
          harness.handler = (request) => request.destroy();
          controller.write("PUT /1 HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf");
        },
        "if the controller ends in the middle of a body": (controller) => {
          controller.write("PUT /1 HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf");
          controller.socket.end();
        },
        "if the controller ends in the middle of a head": (controller) => {
          controller.write("PUT /1 HTTP/1.1\r\nContent-Le");
          controller.socket.end();
        },
      };
      for (const [name, run] of Object.entries(cases)) {
        it(name, async (t) => {
          const harness = await Harness.start(t, { engine });
          const { controller, connection } = await harness.connectSecured();
          harness.handler = () => undefined;
          const gone = whenClosed(connection);
          run(controller, harness);
          await Promise.all([gone, controller.closed]);
        });
      }
    });

    it("counts requests with unknown expectations towards maxStrangerPendingRequests", async (t) => {
      const harness = await Harness.start(t, { engine });
      harness.handler = () => undefined;
      const { controller, connection } = await harness.connect();
      controller.send("GET", "/slow");
      const request = controller.request("GET", "/", { headers: { Expect: "y" } });
      controller.write(Buffer.concat(Array.from({ length: 3000 }, () => request)));
      while (connection.closeReason === undefined) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(connection.closeReason.code, "ERR_HAPWIRE_REQUEST_COUNT");
      assert.equal(connection.stats().requests, 8);
    });

    it("holds back requests behind a body that its handler does not read, and reads no more from the socket", async (t) => {
      const harness = await Harness.start(t, { engine });
      const { controller, connection } = await harness.connectSecured();
      const urls: string[] = [];
      const asked = new Promise<ServerResponse>((resolve) => {
        harness.handler = (request, response) => {
          urls.push(request.url ?? "");
          resolve(response);
        };
      });
      controller.send("PUT", "/0", { body: "x".repeat(300 * KIB) });
      const count = 300;
      // Few of them fit into one read of the socket: no more than maxPendingRequests wait at a time.
      const headers = { Filler: "x".repeat(4 * KIB) };
      const requests = Array.from({ length: count }, (_, index) =>
        controller.request("GET", `/${String(index + 1)}`, { headers }),
      );
      controller.write(Buffer.concat(requests));
      const response = await asked;
      // Nothing else moves until the handler reads.
      let bytesIn = -1;
      while (connection.stats().bytesIn !== bytesIn) {
        ({ bytesIn } = connection.stats());
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.deepEqual(urls, ["/0"]);
      assert.ok(bytesIn < 512 * KIB, `${String(bytesIn)} bytes were read`);
      harness.handler = (request, other) => {
        urls.push(request.url ?? "");
        other.end();
      };
      response.req.resume().on("end", () => response.end());
      for (let i = 0; i <= count; i += 1) {
        assert.equal((await controller.nextResponse()).status, 200);
      }
      assert.equal(urls.length, count + 1);
      await expectEventNext({ controller, connection });
    });

    it("closes the connection if Node's parser sees more than it was fed", async (t) => {
      const harness = await Harness.start(t, { engine });
      for (const smuggled of [
        "GET /smuggled HTTP/1.1\r\n\r\n",
        "PUT / HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
      ]) {
        const { controller, connection } = await harness.connectSecured();
        harness.handler = ({ url, socket }, response) => {
          assert.equal(url, "/");
          // Stands in for a fault of this package.
          setImmediate(() => socket.push(smuggled));
          response.end();
        };
        const gone = whenClosed(connection);
        assert.equal((await controller.get("/")).status, 200);
        await gone;
        assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_PARSER_MISMATCH");
        assert.equal(connection.stats().requests, 3);
      }
    });

    it("lets a client see its refusal that has sent some more", async (t) => {
      const harness = await Harness.start(t, { engine });
      const socket = connect({ port: harness.port, host: "127.0.0.1" });
      const received: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => received.push(chunk));
      socket.write(`NO HTTP\r\n\r\n${"x".repeat(60 * KIB)}`);
      // An end, not a reset.
      await once(socket, "end");
      assert.match(Buffer.concat(received).toString(), /^HTTP\/1\.1 400 Bad Request\r\n/);
      socket.destroy();
    });

    it("reads a bounded number of bytes after a refusal, also while a handler owes an answer before it", async (t) => {
      const harness = await Harness.start(t, { engine });
      harness.handler = () => undefined;
      for (const begin of ["", "GET /slow HTTP/1.1\r\n\r\n"]) {
        const { controller, connection } = await harness.connect();
        const gone = whenClosed(connection);
        controller.write(`${begin}NO HTTP\r\n\r\n`);
        const flood = Buffer.alloc(64 * KIB);
        for (let i = 0; i < 512; i += 1) {
          controller.socket.write(flood);
        }
        if (begin === "") {
          await gone;
        } else {
          let bytesIn = -1;
          while (connection.stats().bytesIn !== bytesIn) {
            ({ bytesIn } = connection.stats());
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        }
        const { bytesIn } = connection.stats();
        assert.ok(bytesIn < 512 * KIB, `${String(bytesIn)} bytes were read`);
      }
    });

    it("closes a connection on which a listener of a body throws", async (t) => {
      const harness = await Harness.start(t, { engine });
      const thrown = new Promise<unknown>((resolve) => {
        process.setUncaughtExceptionCaptureCallback(resolve);
      });
      t.after(() => {
        process.setUncaughtExceptionCaptureCallback(null);
      });
      const fault = new Error("the listener's own");
      harness.handler = (request) => {
        request.on("error", () => undefined);
        request.once("data", () => {
          request.on("data", () => {
            throw fault;
          });
          controller.write("body");
        });
      };
      const { controller, connection } = await harness.connectSecured();
      const closed = whenClosed(connection);
      controller.write("PUT /a HTTP/1.1\r\nContent-Length: 8\r\n\r\nbody");
      assert.equal(await thrown, fault);
      await closed;
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_HANDLER");
      assert.equal(connection.busy, false);
    });

    it("serves a read of 3,000 characteristics", async (t) => {
      const harness = await Harness.start(t, { engine });
      harness.handler = ({ url = "" }, response) => response.end(String(url.split(",").length));
      const ids = Array.from({ length: 3000 }, (_, index) => `${String(index)}.10`);
      // In insecure mode the first request of a controller may be this one.
      for (const { controller } of [await harness.connectSecured(), await harness.connect()]) {
        const response = await controller.get(`/characteristics?id=${ids.join(",")}`);
        assert.equal(response.body.toString(), "3000");
      }
    });

    it("follows --max-http-header-size", async () => {
      const program = `
        const { get } = require("node:http");
        const { EventedHTTPServer } = require("hapwire");
        const server = new EventedHTTPServer({ engine: "${engine}" });
        server.on("request", (_connection, _request, response) => response.end());
        server.on("listening", (port) => {
          get({ port, path: "/" + "x".repeat(100_000) }, ({ statusCode }) => {
            console.log(statusCode);
            process.exit();
          });
        });
        server.listen(0, "127.0.0.1");`;
      for (const [size, status] of [
        [131_072, 200],
        [65_536, 431],
      ]) {
        const { stdout } = await runNode([`--max-http-header-size=${String(size)}`, "--eval", program]);
        assert.equal(stdout, `${String(status)}\n`);
      }
    });
  });
}
