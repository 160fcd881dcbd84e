/** The engines in worker threads: several at once, and threads that are terminated in the middle of a call. */

import assert from "node:assert/strict";
import { once } from "node:events";
import path from "node:path";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";

import type { Work } from "../support/endless-worker";
import { enginesUnderTest } from "../support/engines";

const FILE = path.join(__dirname, "..", "support", "endless-worker.js");

/** The number of threads that are terminated, each at another moment: enough to meet one inside the addon. */
const TERMINATIONS = 40;

async function start(work: Work): Promise<Worker> {
  const worker = new Worker(FILE, { workerData: work });
  await once(worker, "message");
  return worker;
}

/** @returns The exit code; listened for from the start, since one thread may end before another has begun. */
async function run(work: Work): Promise<number> {
  const [code] = (await once(new Worker(FILE, { workerData: work }), "exit")) as [number];
  return code;
}

const engines = new Set(enginesUnderTest().map(({ name }) => (name === "native" ? "native" : "portable")));

for (const engine of engines) {
  describe(`worker threads (${engine})`, () => {
    it("use the engine at the same time, each for itself", async () => {
      const exits = await Promise.all(Array.from({ length: 4 }, () => run({ engine, rounds: 20 })));
      assert.deepEqual(exits, [0, 0, 0, 0]);
    });

    it("are terminated in the middle of a call, and the process goes on", async () => {
      for (let i = 0; i < TERMINATIONS; i += 1) {
        const worker = await start({ engine, rounds: Infinity });
        await delay(i % 10);
        assert.equal(await worker.terminate(), 1);
      }
    });
  });
}
