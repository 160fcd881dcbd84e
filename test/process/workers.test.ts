/** The package in worker threads: several at once, beside the main thread, and ended in the middle of their work. */

import assert from "node:assert/strict";
import { once } from "node:events";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { Worker } from "node:worker_threads";

import type { EngineName, SessionKeys } from "hapwire";

import type { Controller } from "../support/controller";
import { Harness, randomKeys, transportEngines } from "../support/harness";
import { patient } from "../support/patience";
import { CHARACTERISTIC, connectSecured } from "../support/secured-server";
import type { Order, WorkerData } from "./scripts/worker";

const EVENTS = 200;

interface Thread {
  readonly worker: Worker;
  readonly keys: SessionKeys;
  readonly port: number;
}

for (const engine of transportEngines()) {
  describe(`worker threads (${engine})`, { timeout: patient(60_000) }, () => {
    it("serve three at once and the main thread too, each its own connections", async (t) => {
      const harness = await Harness.start(t, { engine });
      const main = await harness.connectSecured();
      main.connection.enableEventNotifications(CHARACTERISTIC.aid, CHARACTERISTIC.iid);
      const threads = await Promise.all([1, 2, 3].map(async () => startThread(t, engine)));
      const controllers = await Promise.all(threads.map(async (thread) => connect(t, thread)));

      threads.forEach(({ worker }) => {
        worker.postMessage({ count: EVENTS, immediate: true } satisfies Order);
      });
      for (let value = 0; value < EVENTS; value += 1) {
        harness.server.broadcastEvent(CHARACTERISTIC.aid, CHARACTERISTIC.iid, value, undefined, true);
      }
      for (const controller of [main.controller, ...controllers]) {
        const events = await controller.receiveEvents(EVENTS);
        assert.deepEqual(
          events,
          Array.from({ length: EVENTS }, (_, value) => ({ ...CHARACTERISTIC, value })),
        );
        controller.forget();
        assert.equal((await controller.get("/after")).status, 200);
      }
    });

    it("end with open connections and events in their queues, and leave the rest of the process at work", async (t) => {
      const harness = await Harness.start(t, { engine });
      const main = await harness.connectSecured();
      const [ended, other] = [await startThread(t, engine), await startThread(t, engine)];
      const controllers = [await connect(t, ended), await connect(t, ended)];
      const survivor = await connect(t, other);
      const queued = once(ended.worker, "message");
      ended.worker.postMessage({ count: EVENTS, immediate: false } satisfies Order);
      await queued;

      await ended.worker.terminate();
      await Promise.all(controllers.map(async (controller) => controller.closed));
      controllers.forEach((controller) => {
        assert.deepEqual(controller.events, [], "the window was not open any more");
      });
      assert.equal((await survivor.get("/still")).body.toString(), "answer to /still");
      assert.equal((await main.controller.get("/still")).body.toString(), "ok");
      const next = await connect(t, await startThread(t, engine));
      assert.equal((await next.get("/next")).body.toString(), "answer to /next");
    });

    it("end in the middle of sending", async (t) => {
      for (let round = 0; round < 5; round += 1) {
        const thread = await startThread(t, engine);
        const controller = await connect(t, thread);
        thread.worker.postMessage({ count: 100_000, immediate: true } satisfies Order);
        await controller.nextEvents();
        await thread.worker.terminate();
        await controller.closed;
      }
    });
  });
}

async function startThread(t: TestContext, engine: EngineName): Promise<Thread> {
  const keys = randomKeys();
  const worker = new Worker(path.join(__dirname, "scripts", "worker.js"), {
    workerData: { engine, keys } satisfies WorkerData,
  });
  t.after(async () => worker.terminate());
  const [port] = (await once(worker, "message")) as [number];
  return { worker, keys, port };
}

async function connect(t: TestContext, { port, keys }: Thread): Promise<Controller> {
  const controller = await connectSecured(port, keys);
  t.after(() => {
    controller.destroy();
  });
  return controller;
}
