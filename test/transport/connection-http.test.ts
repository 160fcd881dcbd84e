/** ConnectionHttp by itself: the memory of its requests, and the calls to its connection. */

import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";

import { HttpUnderTest, LIMITS, settled } from "../support/connection-http";

const KIB = 1024;

/** Counts reserved bytes. */
class CountedBudget {
  reserved = 0;
  most = 0;
  readonly #limit: number;

  constructor(limit = Infinity) {
    this.#limit = limit;
  }

  reserve(bytes: number): boolean {
    if (this.reserved + bytes > this.#limit) {
      return false;
    }
    this.reserved += bytes;
    this.most = Math.max(this.most, this.reserved);
    return true;
  }

  release(bytes: number): void {
    this.reserved -= bytes;
    assert.ok(this.reserved >= 0, "more was released than reserved");
  }
}

function withBudget(limit?: number): { tested: HttpUnderTest; budget: CountedBudget } {
  const budget = new CountedBudget(limit);
  return { tested: new HttpUnderTest({ maxPendingRequests: 2, maxBodySize: 200 * KIB }, budget), budget };
}

async function feed(tested: HttpUnderTest, ...segments: string[]): Promise<void> {
  for (const segment of segments) {
    tested.http.receive(Buffer.from(segment, "latin1"));
    await settled();
  }
}

/** Bytes on the heap and outside of it, after a collection. */
function usedMemory(): number {
  global.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** @returns Bytes that an unfinished head takes up which comes byte by byte. */
async function growthOfHead(size: number, byteAt: (index: number) => string): Promise<number> {
  const tested = new HttpUnderTest({ maxHeadSize: 1024 * KIB });
  await feed(tested, "GET / HTTP/1.1\r\n", "X: ");
  const before = usedMemory();
  for (let i = 0; i < size; i += 1) {
    tested.http.receive(Buffer.from(byteAt(i)));
  }
  await settled();
  const growth = usedMemory() - before;
  assert.deepEqual([tested.refusals, tested.sent], [[], ""]);
  assert.ok(tested.http.busy);
  tested.http.destroy();
  return growth;
}

const GET = "GET / HTTP/1.1\r\n\r\n";
const PUT = "PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\n";
const CHUNKED = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";

describe("the budget of a connection's requests", () => {
  it("holds every byte of a request until its response has finished", async () => {
    const { tested, budget } = withBudget();
    const responses: ServerResponse[] = [];
    tested.handler = (_request, response) => responses.push(response);
    await feed(tested, GET.slice(0, 5));
    assert.equal(budget.reserved, 5);
    await feed(tested, `${GET.slice(5)}${PUT}01234`);
    assert.equal(budget.reserved, GET.length + PUT.length + 5);
    responses[0]?.end();
    await settled();
    assert.equal(budget.reserved, PUT.length + 5);
    // An early answer: the rest of the body is not kept.
    responses[1]?.end();
    await settled();
    assert.equal(budget.reserved, 0);
    await feed(tested, `56789${GET.slice(0, 3)}`);
    assert.equal(budget.reserved, 3);
    tested.http.destroy();
    assert.equal(budget.reserved, 0);
    assert.deepEqual(tested.refusals, []);
  });

  it("holds the bytes behind a request that Node's parser has not seen whole", async () => {
    const { tested, budget } = withBudget();
    const responses: ServerResponse[] = [];
    tested.handler = (_request, response) => responses.push(response);
    const body = "x".repeat(150 * KIB);
    const put = `PUT / HTTP/1.1\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`;
    await feed(tested, put.slice(0, 100 * KIB), put.slice(100 * KIB) + GET);
    assert.equal(responses.length, 1);
    assert.equal(budget.reserved, put.length + GET.length);
    assert.ok(tested.http.busy);
    const response = responses.shift();
    response?.req.resume().on("end", () => response.end());
    for (let i = 0; i < 10; i += 1) {
      await settled();
    }
    assert.equal(responses.length, 1);
    assert.equal(budget.reserved, GET.length);
    responses.shift()?.end();
    await settled();
    assert.equal(budget.reserved, 0);
    assert.ok(!tested.http.busy);
  });

  it("gets every byte back, however a connection ends", async () => {
    const half = "PUT / HTTP/1.1\r\nContent-Length: 1000\r\n\r\nhalf";
    const ends: Record<string, (tested: HttpUnderTest) => Promise<void> | void> = {
      "a request is malformed": async (tested) => feed(tested, `${GET}NO HTTP\r\n\r\n${GET}`),
      "chunks are malformed": async (tested) => feed(tested, CHUNKED, "1\r\nx\r\nz\r\n"),
      "a body is too large": async (tested) => feed(tested, CHUNKED, "1\r\nx\r\nfffffff\r\n", GET),
      "a head is too large": async (tested) =>
        feed(tested, `GET /${"x".repeat(10 * KIB)}`, "x".repeat(10 * KIB)),
      "a target is no URL": async (tested) => feed(tested, `${GET}GET // HTTP/1.1\r\n\r\n${GET}`),
      "there are too many requests": async (tested) => feed(tested, GET + GET + GET + GET),
      "a method is unknown": async (tested) => feed(tested, `FETCH / HTTP/1.1\r\n\r\n${GET}`),
      "a request is late": async (tested) => {
        await feed(tested, half);
        tested.clock.advance(60_000);
      },
      "the controller asks for it": async (tested) =>
        feed(tested, `GET / HTTP/1.1\r\nConnection: close\r\n\r\n${GET}${half}`),
      "the controller ends": async (tested) => {
        await feed(tested, GET + half);
        tested.http.endAfterReceived();
      },
      "the controller ends behind a body that is not read": async (tested) => {
        const body = "x".repeat(150 * KIB);
        const put = `PUT / HTTP/1.1\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`;
        await feed(tested, put.slice(0, 100 * KIB), put.slice(100 * KIB) + GET);
        tested.http.endAfterReceived();
      },
      "the accessory ends it": async (tested) => {
        await feed(tested, GET + half.slice(0, 10));
        tested.http.endAfterHandled();
      },
      "Node's parser sees something else": async (tested) => {
        tested.handler = ({ socket }) => setImmediate(() => socket.push(GET));
        await feed(tested, GET + half.slice(0, 10));
      },
      "a handler destroys its response": async (tested) => {
        tested.handler = (_request, response) => response.destroy();
        await feed(tested, GET + GET + half);
      },
      "line ends are all that comes": async (tested) => feed(tested, "\r\n\r\n", `\r\n${GET}`),
    };
    for (const [how, end] of Object.entries(ends)) {
      const { tested, budget } = withBudget();
      const responses: ServerResponse[] = [];
      tested.handler = (_request, response) => responses.push(response);
      await end(tested);
      await settled();
      assert.ok(budget.most > 0, how);
      for (const response of responses) {
        response.req.resume();
        response.end();
        await settled();
      }
      tested.http.destroy();
      await settled();
      assert.equal(budget.reserved, 0, how);
    }
  });

  it("refuses with 503 a request that it has no room for, and answers earlier ones", async () => {
    for (const segments of [
      [GET, GET + GET + GET],
      [GET, `${PUT}0123`, "4".repeat(60)],
      [GET + GET.slice(0, 5), "x".repeat(60)],
    ]) {
      const { tested, budget } = withBudget(65);
      const responses: ServerResponse[] = [];
      tested.handler = (_request, response) => responses.push(response);
      await feed(tested, ...segments);
      assert.deepEqual(tested.refusals, ["ERR_HAPWIRE_STRANGERS"]);
      assert.equal(tested.sent, "");
      responses[0]?.end("first");
      await settled();
      assert.match(
        tested.sent,
        /^HTTP\/1\.1 200 OK\r\n[^]*first\n?HTTP\/1\.1 503 Service Unavailable\r\n[^]*\r\n\r\n$/,
      );
      assert.ok(tested.isEnded);
      tested.http.destroy();
      assert.equal(budget.reserved, 0);
    }
  });

  it("holds nothing of a connection any more that gets limits without it, in the middle of a request too", async () => {
    const { tested, budget } = withBudget(100);
    const responses: ServerResponse[] = [];
    tested.handler = (request, response) => {
      request.resume();
      responses.push(response);
    };
    await feed(tested, `${GET}${PUT}0123`);
    assert.ok(budget.reserved > 0);
    tested.http.limits = LIMITS;
    assert.equal(budget.reserved, 0);
    await feed(tested, "456789", PUT, "0123456789", GET.repeat(20));
    for (const response of responses) {
      response.end();
      await settled();
    }
    assert.equal(tested.http.finished, 23);
    assert.deepEqual(tested.refusals, []);
    assert.equal(budget.reserved, 0);
  });
});

describe("ConnectionHttp", () => {
  it("keeps a head that comes byte by byte in about its size", async () => {
    const shapes: [size: number, byteAt: (index: number) => string][] = [
      // One long line.
      [64 * KIB, () => "x"],
      // Many short ones, but fewer than the 1,000 that Node allows.
      [512 * KIB, (index) => ({ 3: ":", 638: "\r", 639: "\n" })[index % 640] ?? "x"],
    ];
    for (const [size, byteAt] of shapes) {
      // Some of the growth is V8's and the pool's of Buffers, and not the same each time. Kept pieces are 30 times the size.
      const limit = size + 256 * KIB;
      let least = Infinity;
      for (let attempt = 0; attempt < 4 && least >= limit; attempt += 1) {
        least = Math.min(least, await growthOfHead(size, byteAt));
      }
      // Without a collector to call there is no figure.
      assert.ok(global.gc === undefined || least < limit, `${String(least)} bytes for ${String(size)}`);
    }
  });

  it("tells line ends between requests, and dropped bytes, from a sign of life", async () => {
    const tested = new HttpUnderTest();
    const idle = async (segment: string): Promise<boolean> => {
      await feed(tested, segment);
      return tested.http.idleBytesOnly;
    };
    assert.equal(await idle("\r\n"), true);
    assert.equal(await idle("\r\n\r"), true);
    assert.equal(await idle("\nG"), false);
    assert.equal(await idle("ET / HTTP/1.1\r\n\r\n"), false);
    assert.equal(await idle("\r\n"), true);
    assert.equal(await idle(`${GET}\r\n`), false);
    assert.equal(await idle("\n"), false);
    assert.deepEqual(tested.refusals, ["ERR_HAPWIRE_HTTP"]);
    assert.equal(await idle(GET), true);
  });

  it("wants no more than 64 KiB after the last request that it serves", async () => {
    const tested = new HttpUnderTest();
    await feed(tested, "NO HTTP\r\n\r\n");
    assert.match(tested.sent, /^HTTP\/1\.1 400 /);
    assert.equal(tested.http.receive(Buffer.alloc(60 * KIB)), true);
    assert.equal(tested.http.receive(Buffer.alloc(10 * KIB)), false);
    assert.equal(tested.http.receive(Buffer.alloc(1)), false);
  });

  it("closes at once if Node's parser hands out another body than it was fed", async () => {
    const tested = new HttpUnderTest();
    const code = "ERR_HAPWIRE_PARSER_MISMATCH";
    tested.handler = (request) => {
      // Stands in for a parser that reads more out of the bytes.
      request.push("more");
    };
    await feed(tested, `${PUT}0123456789`);
    assert.deepEqual(tested.refusals, [code]);
    assert.equal(tested.sent, "");
    assert.ok(tested.isEnded);
  });

  it("refuses with 413 a body of which Node's parser hands out more than the limit", async () => {
    const tested = new HttpUnderTest({ maxBodySize: 10 });
    let handed = 0;
    tested.handler = (request) => {
      request.push("01234");
      request.on("data", (chunk: Buffer) => (handed += chunk.length));
    };
    await feed(tested, PUT, "012345");
    assert.deepEqual(tested.refusals, ["ERR_HAPWIRE_BODY_TOO_LARGE"]);
    assert.equal(handed, 5);
    assert.match(tested.sent, /^HTTP\/1\.1 413 /);
  });
});
