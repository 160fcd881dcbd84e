/** A worker thread that uses all of an engine over and over, for as long as its `workerData` says, or until terminated. */

import { parentPort, workerData } from "node:worker_threads";

import type { Engine, EventHub } from "#src/engine/contract";
import { loadEngine } from "#src/engine/load";

/** The thread's input. */
export interface Work {
  engine: "native" | "portable";
  /** Infinity for a thread that ends only when it is terminated. */
  rounds: number;
}

const SLOTS = 8;
const KEY = Buffer.alloc(32, 1);

function sealAndOpen(engine: Engine): void {
  const sealer = engine.createSealer(KEY, 0n);
  const opener = engine.createOpener(KEY, 0n);
  for (let i = 0; i < 50; i += 1) {
    const frames = sealer.seal([Buffer.alloc(700, i), Buffer.alloc(700, i)], 1400);
    if (!opener.open(frames).equals(Buffer.alloc(1400, i)) || opener.counter !== sealer.counter) {
      throw new Error("a message did not come through");
    }
  }
  sealer.destroy();
}

function addSubscriber(hub: EventHub): void {
  const slot = hub.add();
  for (const iid of [9, 10]) hub.subscribe(slot, 1, iid);
}

function broadcastAndTake(engine: Engine): void {
  const hub = engine.createEventHub({ maxEvents: 20, maxBytes: 10_000, maxSubscriptions: 100 });
  const sealer = engine.createSealer(KEY, 0n);
  for (let i = 0; i < SLOTS; i += 1) addSubscriber(hub);
  for (let i = 0; i < 100; i += 1) {
    const slot = i % SLOTS;
    hub.broadcast(1, 9 + (i % 2), i % 3 === 0 ? i : `value ${String(i)}`, i % 7 === 0, slot);
    hub.send(slot, 1, 9, { value: i }, false);
    if (i % 20 === 0) {
      hub.attachSealer(slot, sealer);
    }
    hub.take(slot);
    if (hub.subscriptions(slot).length !== 4 || hub.counts(slot).queued === 0) {
      throw new Error("a slot is not as it was left");
    }
    if (i % 50 === 49) {
      hub.remove(slot);
      addSubscriber(hub);
    }
  }
}

const { engine: name, rounds } = workerData as Work;
const engine = loadEngine(name);
parentPort?.postMessage("started");
for (let round = 0; round < rounds; round += 1) {
  sealAndOpen(engine);
  broadcastAndTake(engine);
}
