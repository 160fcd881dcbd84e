"use strict";

// The addon in several threads at once, one of which is terminated at its work: for ThreadSanitizer, which sees whatever
// the addon would share between them. Started by native/test/sanitized.mjs.

const path = require("node:path");
const { Worker, isMainThread, workerData } = require("node:worker_threads");

const { createNativeEngine } = require(path.join(__dirname, "..", "..", "dist", "engine", "native.js"));

const THREADS = 5;
const ROUNDS = 20;
/** Milliseconds after which the thread that does not end by itself is terminated. */
const TERMINATED_AFTER = 300;

const SLOTS = 8;
const KEY = Buffer.alloc(32, 1);

function sealAndOpen(engine) {
  const sealer = engine.createSealer(KEY, 0n);
  const opener = engine.createOpener(KEY, 0n);
  for (let i = 0; i < 200; i += 1) {
    const plaintext = opener.open(sealer.seal([Buffer.alloc(700, i), Buffer.alloc(700, i)], 1400));
    if (!plaintext.equals(Buffer.alloc(1400, i))) throw new Error("a message did not come through");
  }
  sealer.destroy();
}

function broadcastAndTake(engine) {
  const hub = engine.createEventHub({ maxEvents: 20, maxBytes: 10_000 });
  const sealer = engine.createSealer(KEY, 0n);
  const add = () => {
    const slot = hub.add();
    for (const iid of [9, 10]) hub.subscribe(slot, 1, iid);
  };
  for (let i = 0; i < SLOTS; i += 1) add();
  for (let i = 0; i < 200; i += 1) {
    hub.broadcast(1, 9 + (i % 2), i % 3 === 0 ? i : `value ${i}`, i % 7 === 0, i % SLOTS);
    hub.take(i % SLOTS, i % 2 === 0 ? sealer : undefined);
    hub.endFlushes();
    if (i % 50 === 0) {
      hub.remove(i % SLOTS);
      add();
    }
  }
}

function work(rounds) {
  const engine = createNativeEngine();
  for (let round = 0; round < rounds; round += 1) {
    sealAndOpen(engine);
    broadcastAndTake(engine);
  }
}

if (isMainThread) {
  for (let i = 0; i < THREADS; i += 1) new Worker(__filename, { workerData: ROUNDS });
  const endless = new Worker(__filename, { workerData: Infinity });
  setTimeout(() => endless.terminate(), TERMINATED_AFTER);
  work(ROUNDS);
} else {
  work(workerData);
}
