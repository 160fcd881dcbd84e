/** Strangers never cost a paired controller its place. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { HAPConnection } from "hapwire";

import { ManualClock } from "../support/clock";
import { Controller } from "../support/controller";
import { Harness, transportEngines, whenClosed, type Pair } from "../support/harness";

const ATTACKER = "127.0.0.2";
const KIB = 1024;

for (const engine of transportEngines()) {
  describe(`strangers on the ${engine} engine`, () => {
    it("from one address keep no controller of another address out", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock, maxStrangers: 8 });
      const attackers: Pair[] = [];
      const attack = async (): Promise<void> => {
        attackers.push(await harness.connect("127.0.0.1", ATTACKER));
        for (const { controller } of attackers) {
          controller.write("\r\n");
        }
      };
      for (let i = 0; i < 8; i += 1) {
        await attack();
      }
      for (let i = 0; i < 30; i += 1) {
        const pair = await harness.connect();
        for (let round = 0; round < 3; round += 1) {
          clock.advance(20);
          await attack();
        }
        await harness.secure(pair);
        assert.ok(pair.connection.isAuthenticated());
      }
    });

    it("keep no place by sending line ends", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock });
      const { controller, connection } = await harness.connect();
      const gone = whenClosed(connection);
      clock.advance(10 * 60_000 - 1);
      controller.write("\r\n\r\n");
      await untilRead(connection, 4);
      clock.advance(1);
      await gone;
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_IDLE");
    });

    it("may ask in hundreds at once", async (t) => {
      const harness = await Harness.start(t, { engine });
      const answers: (() => void)[] = [];
      harness.handler = (_request, response) => {
        answers.push(() => response.end("ok"));
      };
      const pairs = [];
      for (let i = 0; i < 100; i += 1) {
        const pair = await harness.connect();
        pair.controller.send("GET", "/");
        pairs.push(pair);
      }
      while (answers.length < 100) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      answers.forEach((answer) => {
        answer();
      });
      for (const { controller } of pairs) {
        assert.equal((await controller.nextResponse()).status, 200);
      }
    });

    it("may send a first PUT that subscribes to 2,300 characteristics", async (t) => {
      const harness = await Harness.start(t, { engine });
      harness.handler = (request, response) => {
        const body: Buffer[] = [];
        request.on("data", (chunk: Buffer) => body.push(chunk));
        request.on("end", () => response.end(String(Buffer.concat(body).length)));
      };
      const { controller } = await harness.connect();
      const body = "x".repeat(68_573);
      const response = await controller.fetch("PUT", "/characteristics", { body });
      assert.deepEqual([response.status, response.body.toString()], [200, "68573"]);
    });

    it("together hold no more than maxStrangerRequestBytes of requests", async (t) => {
      const limit = 256 * KIB;
      const harness = await Harness.start(t, { engine, maxStrangerRequestBytes: limit });
      let held = 0;
      harness.handler = (request) => {
        request.on("data", (chunk: Buffer) => (held += chunk.length));
      };
      const pairs = [];
      for (let i = 0; i < 8; i += 1) {
        const pair = await harness.connect("127.0.0.1", `127.0.0.${String(2 + i)}`);
        pair.controller.send("PUT", "/", { body: "x".repeat(100 * KIB) });
        pairs.push(pair);
      }
      const refused = pairs.map(async ({ connection }) => {
        if (harness.server.stats().closed["ERR_HAPWIRE_STRANGERS"] === undefined) {
          await whenClosed(connection);
        }
      });
      await Promise.race(refused);
      const holding = harness.server.connections.size;
      assert.ok(holding * 100 * KIB <= limit + 8 * 100 * KIB);
      assert.ok(held <= limit + 8 * 64 * KIB, `${String(held)} bytes were handed out`);
    });

    it("get their limits even if a listener of connection-opened throws", async (t) => {
      const harness = await Harness.start(t, { engine, maxStrangers: 1 });
      const thrown = new Promise((resolve) => {
        process.setUncaughtExceptionCaptureCallback(resolve);
      });
      t.after(() => {
        process.setUncaughtExceptionCaptureCallback(null);
      });
      harness.server.once("connection-opened", () => {
        throw new Error("the listener's own");
      });
      const first = await Controller.connect(harness.port);
      await thrown;
      await harness.connect();
      await first.closed;
      assert.equal(harness.server.stats().closed["ERR_HAPWIRE_STRANGERS"], 1);
    });
  });
}

async function untilRead(connection: HAPConnection, bytes: number): Promise<void> {
  while (connection.stats().bytesIn < bytes) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
