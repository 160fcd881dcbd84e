/** AccessoryPairing as a program meets it: its arguments, its handler, and the thread that it starts. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it, type TestContext } from "node:test";
import workerThreads, { Worker } from "node:worker_threads";

import { EventedHTTPServer } from "hapwire";
import { AccessoryPairing, MemoryStorage, type PairingOptions, type RequestHandler } from "hapwire/pairing";

import { Type } from "#src/pairing/protocol";

import { AccessoryHome, openPaired, post, setUpToM4 } from "../support/accessory-home";
import { patient } from "../support/patience";
import { postTlv } from "../support/pairing";

describe("AccessoryPairing", { timeout: patient(60_000) }, () => {
  it("names the argument that is wrong", async () => {
    const storage = new MemoryStorage();
    for (const [argument, options] of [
      ...[undefined, null, 5, []].map((wrong) => ["options", wrong] as const),
      ["options.storage", {}],
      ["options.storage", { storage: {} }],
      ["options.storage", { storage: { load: () => undefined } }],
      ["options.clock", { storage, clock: {} }],
    ] as const) {
      const opened = AccessoryPairing.open(options as unknown as PairingOptions);
      await assert.rejects(opened, { code: "ERR_HAPWIRE_ARGUMENT", argument });
    }
    const pairing = await AccessoryPairing.open({ storage: new MemoryStorage() });
    const server = new EventedHTTPServer();
    assert.throws(
      () => {
        pairing.attach({} as unknown as EventedHTTPServer, () => undefined);
      },
      { argument: "server" },
    );
    assert.throws(
      () => {
        pairing.attach(server, undefined as unknown as RequestHandler);
      },
      { argument: "handler" },
    );
    assert.equal(server.listenerCount("request"), 0);
  });

  it("answers 500 for a handler whose promise is rejected", async (t) => {
    const warning = once(process, "warning");
    const handler = (): Promise<never> => Promise.reject(new Error("the lamp is broken"));
    const { home, admin } = await openPaired(t, { handler });
    const { controller } = await home.verify(admin);
    assert.equal((await controller.get("/accessories")).status, 500);
    assert.match(String(await warning), /the lamp is broken/);
  });

  it("refuses a storage that holds something else", async () => {
    const storage = { load: () => Promise.resolve({ version: 7 }), save: () => Promise.resolve() };
    await assert.rejects(AccessoryPairing.open({ storage }), { code: "ERR_HAPWIRE_STORAGE" });
  });
});

describe("the thread of a pair-setup", { timeout: patient(60_000) }, () => {
  it("ends with M4, with an error, and with the connection", async (t) => {
    const ended = watchThreads(t);
    const home = await AccessoryHome.open(t);
    const { controller } = await home.connect();
    await assert.rejects(setUpToM4(controller, "111-22-333"), /Error: 2/);
    await setUpToM4(controller);
    await Promise.all(ended);
    controller.destroy();

    const other = await home.connect();
    other.controller.send("POST", "/pair-setup", { body: Buffer.from([Type.State, 1, 1]) });
    await once(process, "worker");
    other.controller.destroy();
    await Promise.all(ended);
    assert.equal(ended.length, 3);
  });

  it("may fail: the controller gets 500, the process a warning, and the next pair-setup succeeds", async (t) => {
    const home = await AccessoryHome.open(t);
    const { controller } = await home.connect();
    const Original = Worker;
    const dying = function (): Worker {
      return new Original("throw new Error('no ' + 'memory')", { eval: true });
    };
    const forbidden = function (): never {
      throw new Error(["no", "permission"].join(" "));
    };
    for (const [message, fail] of [
      ["no memory", dying],
      ["no permission", forbidden],
    ] as const) {
      const warning = once(process, "warning");
      const failing = t.mock.method(workerThreads, "Worker", fail);
      assert.equal((await postTlv(controller, "/pair-setup", Buffer.from([Type.State, 1, 1]))).status, 500);
      const text = String(await warning);
      assert.ok(text.includes("ERR_HAPWIRE_PAIR_SETUP") && text.includes(message), text);
      failing.mock.restore();
    }
    assert.deepEqual((await post(controller, "/pair-setup", [[Type.State, 1]])).outcome, [2, undefined]);
  });
});

/** @returns A promise for the end of each thread that starts from now on. */
function watchThreads(t: TestContext): Promise<unknown>[] {
  const ended: Promise<unknown>[] = [];
  const note = (worker: Worker): void => {
    ended.push(once(worker, "exit"));
  };
  process.on("worker", note);
  t.after(() => process.off("worker", note));
  return ended;
}
