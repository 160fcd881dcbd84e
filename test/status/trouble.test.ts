/** The causes of "No Response" that the status report gets from the transport alone: requests, connections, stalls. */

import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it, type TestContext } from "node:test";

import { Reporter } from "#src/status/reporter";
import type { Finding, ServerReport, SlowRequest, User } from "#src/status/report";

import { ManualClock } from "../support/clock";
import { Harness, whenClosed, type Pair } from "../support/harness";
import { patient } from "../support/patience";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A server whose requests wait until the test answers them, on a clock that the test moves. */
class Scene {
  readonly clock = new ManualClock();
  readonly #reporter: Reporter;
  readonly #waiting: ServerResponse[] = [];
  readonly #came: (() => void)[] = [];
  harness!: Harness;

  private constructor(t: TestContext) {
    this.#reporter = new Reporter(this.clock);
    // Before the harness's own end, which looks for timers.
    t.after(() => {
      this.#reporter.close();
    });
  }

  static async start(t: TestContext): Promise<Scene> {
    const scene = new Scene(t);
    scene.harness = await Harness.start(t, { clock: scene.clock, idleTimeout: 24 * HOUR });
    scene.#reporter.watch(scene.harness.server);
    return scene;
  }

  /** Sends a request. Resolves when a handler has it. */
  async ask({ controller }: Pair, url: string, method = "GET"): Promise<void> {
    const came = new Promise<void>((resolve) => this.#came.push(resolve));
    this.harness.handler = (_request, response) => {
      this.#waiting.push(response);
      this.#came.shift()?.();
    };
    controller.send(method, url);
    await came;
  }

  /** Answers the request that has waited longest. */
  async answer({ controller }: Pair): Promise<void> {
    this.#waiting.shift()?.end("{}");
    await controller.nextResponse();
  }

  /** A request that takes so long. */
  async take(pair: Pair, milliseconds: number, url = "/accessories"): Promise<void> {
    await this.ask(pair, url);
    this.clock.advance(milliseconds);
    await this.answer(pair);
  }

  watch({ server }: Harness): void {
    this.#reporter.watch(server);
  }

  /** A new report. */
  report(): { server: ServerReport; why: Finding[]; slow: SlowRequest[] } {
    this.clock.advance(500);
    const { servers, why } = this.#reporter.report();
    const [server] = servers;
    assert.ok(server !== undefined);
    return { server, why, slow: server.slow };
  }
}

function texts(findings: readonly Finding[]): string[] {
  return findings.map(({ text }) => text);
}

/** The first user, of whom nobody says whether it is an admin. */
function userOf(id: string): User {
  return { number: 1, isAdmin: null, id };
}

describe("the status report on slow requests", { timeout: patient(30_000) }, () => {
  it("says when, how long, who and how many characteristics, the slowest first", async (t) => {
    const scene = await Scene.start(t);
    const pair = await scene.harness.connectSecured("3F9A2C71-6B0E");
    const start = scene.clock.date();
    await scene.take(pair, 300, "/characteristics?id=1.9,2.9,3.9&ev=1");
    await scene.take(pair, 4200, "/accessories");
    await scene.take(pair, 199, "/resource");
    const { slow, why } = scene.report();
    const who = { user: userOf("3F9A…"), from: "127.0.0.1", answer: "sent", last: null, silent: [] };
    assert.deepEqual(slow, [
      { ...who, time: start + 300, milliseconds: 4200, what: "/accessories", characteristics: null },
      { ...who, time: start, milliseconds: 300, what: "read", characteristics: 3 },
    ]);
    assert.deepEqual(texts(why), [
      "A request for /accessories took 4.2 s.",
      "A read of 3 characteristics took 300 ms.",
    ]);
  });

  it("forgets them after an hour", async (t) => {
    const scene = await Scene.start(t);
    const pair = await scene.harness.connectSecured();
    await scene.take(pair, 1000);
    scene.clock.advance(50 * MINUTE);
    await scene.take(pair, 500);
    assert.deepEqual(
      scene.report().slow.map(({ milliseconds }) => milliseconds),
      [1000, 500],
    );
    scene.clock.advance(11 * MINUTE);
    assert.deepEqual(
      scene.report().slow.map(({ milliseconds }) => milliseconds),
      [500],
    );
    scene.clock.advance(HOUR);
    assert.deepEqual(scene.report().slow, []);
    assert.deepEqual(scene.report().why, []);
  });

  it("keeps the slowest ten of many", async (t) => {
    const scene = await Scene.start(t);
    const pair = await scene.harness.connectSecured();
    for (let i = 1; i <= 25; i += 1) {
      await scene.take(pair, 200 + (i % 5) * 100 + i);
    }
    const times = scene.report().slow.map(({ milliseconds }) => milliseconds);
    assert.deepEqual(times, [624, 619, 614, 609, 604, 523, 518, 513, 508, 503]);
  });

  it("weighs requests that waited for the same by their own times", async (t) => {
    const scene = await Scene.start(t);
    const pair = await scene.harness.connectSecured();
    for (const milliseconds of [4000, 300, 200]) {
      await scene.take(pair, milliseconds);
    }
    assert.deepEqual(
      scene.report().why.map(({ text, weight }) => [text, weight]),
      [["A request for /accessories took 4.0 s, and 2 more.", 4500]],
    );
  });

  it("names no path of a controller's own making", async (t) => {
    const scene = await Scene.start(t);
    const pair = await scene.harness.connectSecured();
    await scene.take(pair, 900, "/<b>?id=1.1");
    const { slow, why } = scene.report();
    assert.deepEqual([slow[0]?.what, slow[0]?.characteristics], ["other", null]);
    assert.deepEqual(texts(why), ["A request for another path took 900 ms."]);
  });

  it("blames the process if it stood still meanwhile", async (t) => {
    const scene = await Scene.start(t);
    const pair = await scene.harness.connectSecured();
    await scene.ask(pair, "/accessories");
    scene.clock.stall(3000);
    await scene.answer(pair);
    assert.deepEqual(texts(scene.report().why), [
      "The bridge's process stood still for 3.0 s: no accessory could answer.",
      "A request for /accessories took 3.0 s, because the bridge's process stood still.",
    ]);
  });
});

describe("the status report on requests without an answer", { timeout: patient(30_000) }, () => {
  it("has those that wait", async (t) => {
    const scene = await Scene.start(t);
    const pair = await scene.harness.connectSecured();
    await scene.ask(pair, "/characteristics?id=1.9");
    scene.clock.advance(15_000);
    const { slow, why } = scene.report();
    assert.deepEqual([slow[0]?.answer, slow[0]?.milliseconds], ["waiting", 15_500]);
    assert.deepEqual(texts(why), ["A read of 1 characteristic has waited for its answer for 15.5 s."]);
    await scene.answer(pair);
    assert.deepEqual(
      scene.report().slow.map(({ answer }) => answer),
      ["sent"],
    );
  });

  it("has all those that waited on a connection that ended", async (t) => {
    const scene = await Scene.start(t);
    const pair = await scene.harness.connectSecured();
    await scene.ask(pair, "/characteristics?id=1.9");
    await scene.ask(pair, "/accessories");
    scene.clock.advance(12_000);
    pair.controller.socket.resetAndDestroy();
    await whenClosed(pair.connection);
    const { slow, why } = scene.report();
    assert.deepEqual(
      slow.map(({ answer, what, milliseconds }) => [answer, what, milliseconds]),
      [
        ["none", "read", 12_000],
        ["none", "/accessories", 12_000],
      ],
    );
    assert.deepEqual(texts(why).slice(0, 2), [
      "A read of 1 characteristic got no answer: its connection ended after 12.0 s.",
      "A request for /accessories got no answer: its connection ended after 12.0 s.",
    ]);
  });
});

describe("the status report on requests that are not whole", { timeout: patient(30_000) }, () => {
  /** Sends a request without its body. Resolves when a handler has it. */
  async function begin({ harness }: Scene, { controller }: Pair): Promise<void> {
    const came = new Promise<void>((resolve) => {
      harness.handler = () => {
        resolve();
      };
    });
    controller.write("POST /pair-setup HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n");
    await came;
  }

  it("says that the controller is slow, and names no stranger", async (t) => {
    const scene = await Scene.start(t);
    await begin(scene, await scene.harness.connect());
    await begin(scene, await scene.harness.connectSecured());
    scene.clock.advance(2500);
    const { slow, why } = scene.report();
    assert.deepEqual(
      slow.map(({ answer, user }) => [answer, user?.id ?? null]),
      [
        ["waiting", null],
        ["waiting", "u…"],
      ],
    );
    assert.deepEqual(texts(why), [
      "A request for /pair-setup took 3.0 s: the controller was slow to send it.",
    ]);
  });
});

describe("the status report on connections", { timeout: patient(30_000) }, () => {
  it("says in words why they ended", async (t) => {
    const scene = await Scene.start(t);
    const [reset, orderly, wrong] = await scene.harness.connectMany(3);
    assert.ok(reset !== undefined && orderly !== undefined && wrong !== undefined);
    reset.controller.socket.resetAndDestroy();
    await whenClosed(reset.connection);
    orderly.controller.destroy();
    await whenClosed(orderly.connection);
    wrong.controller.socket.write(Buffer.alloc(64));
    await whenClosed(wrong.connection);
    const { server, why } = scene.report();
    assert.deepEqual(server.ended.map(({ reason, code, count }) => [reason, code, count]).sort(), [
      ["an encrypted message was damaged or forged", "ERR_HAPWIRE_FRAME_AUTHENTICATION", 1],
      ["closed in order, by the controller or the bridge", null, 1],
      ["the controller broke the connection off", "ERR_HAPWIRE_SOCKET", 1],
    ]);
    assert.deepEqual(texts(why).sort(), [
      "A connection ended: an encrypted message was damaged or forged.",
      "A connection ended: the controller broke the connection off.",
    ]);
  });

  it("blames no connection of a stranger, and lists it", async (t) => {
    const scene = await Scene.start(t);
    const { controller, connection } = await scene.harness.connect();
    controller.socket.resetAndDestroy();
    await whenClosed(connection);
    const { server, why } = scene.report();
    assert.deepEqual(
      server.ended.map(({ reason, count }) => [reason, count]),
      [["the controller broke the connection off", 1]],
    );
    assert.deepEqual(why, []);
  });

  it("counts how often a controller came back within an hour", async (t) => {
    const scene = await Scene.start(t);
    for (let i = 0; i < 6; i += 1) {
      const pair = await scene.harness.connectSecured("B27E4D90-15C8");
      pair.controller.destroy();
      await whenClosed(pair.connection);
    }
    await scene.harness.connectSecured("another one");
    const { why } = scene.report();
    assert.deepEqual(
      why.map(({ text, user, from }) => [text, user, from]),
      [["A controller connected again 5 times.", userOf("B27E…"), "127.0.0.1"]],
    );
    scene.clock.advance(2 * HOUR);
    await scene.harness.connectSecured("B27E4D90-15C8");
    assert.deepEqual(scene.report().why, []);
  });
});

describe("the bounds of the status report", { timeout: patient(60_000) }, () => {
  it("are 20 slow requests and 40 findings", async (t) => {
    const scene = await Scene.start(t);
    const pair = await scene.harness.connectSecured();
    const reset = await scene.harness.connectSecured();
    for (let i = 0; i < 15; i += 1) {
      await scene.take(pair, 300);
      scene.clock.stall(2000);
    }
    for (let i = 0; i < 8; i += 1) {
      await scene.ask(reset, "/accessories");
    }
    scene.clock.advance(1000);
    assert.equal(scene.report().slow.length, 18);
    reset.controller.socket.resetAndDestroy();
    await whenClosed(reset.connection);
    for (let i = 0; i < 8; i += 1) {
      await scene.ask(pair, "/accessories");
    }
    scene.clock.advance(1000);
    const { slow, why } = scene.report();
    assert.equal(slow.length, 20);
    assert.ok(why.length <= 40, String(why.length));
    assert.deepEqual(
      why.map(({ weight }) => weight),
      why.map(({ weight }) => weight).toSorted((a, b) => b - a),
    );
  });

  it("are 40 findings about all servers", async (t) => {
    const scene = await Scene.start(t);
    const { clock } = scene;
    for (let i = 0; i < 10; i += 1) {
      clock.stall(1000);
    }
    for (let i = 0; i < 2; i += 1) {
      const harness = await Harness.start(t, { clock, idleTimeout: 24 * HOUR });
      scene.watch(harness);
      const pairs = await harness.connectMany(4);
      let missing = 20;
      const allCame = new Promise<void>((resolve) => {
        harness.handler = () => {
          missing -= 1;
          if (missing === 0) resolve();
        };
      });
      for (const { controller } of pairs) {
        for (let request = 0; request < 5; request += 1) {
          controller.send("GET", "/accessories");
        }
      }
      await allCame;
      clock.advance(1000);
      for (const { controller, connection } of pairs.slice(2)) {
        controller.socket.resetAndDestroy();
        await whenClosed(connection);
      }
    }
    const { why } = scene.report();
    assert.equal(why.length, 40);
  });

  it("are 128 controllers that left", async (t) => {
    const scene = await Scene.start(t);
    const visit = async (username: string): Promise<void> => {
      const { controller, connection } = await scene.harness.connectSecured(username);
      controller.destroy();
      await whenClosed(connection);
    };
    const reconnects = (): Finding | undefined =>
      scene.report().why.find(({ text }) => text.includes("connected again"));
    for (let i = 0; i < 6; i += 1) {
      await visit("first of all");
    }
    for (let i = 0; i < 127; i += 1) {
      await visit(String(i));
    }
    await visit("first of all");
    assert.equal(reconnects()?.text, "A controller connected again 6 times.");
    for (let i = 0; i < 128; i += 1) {
      await visit(String(i));
    }
    await visit("first of all");
    assert.equal(reconnects()?.text, "A controller connected again 6 times.");
  });
});

describe("the status report on the event loop", { timeout: patient(30_000) }, () => {
  it("has its longest stalls, and forgets them after an hour", async (t) => {
    const scene = await Scene.start(t);
    const start = scene.clock.date();
    scene.clock.stall(250);
    scene.clock.advance(1000);
    for (let i = 1; i <= 12; i += 1) {
      scene.clock.stall(1000 * i);
    }
    const { why } = scene.report();
    assert.equal(why.length, 10);
    assert.equal(why[0]?.text, "The bridge's process stood still for 11.9 s: no accessory could answer.");
    assert.ok(why[0].time > start + 60_000, String(why[0].time - start));
    scene.clock.advance(61 * MINUTE);
    assert.deepEqual(scene.report().why, []);
  });
});
