/** What only the native engine has: an addon, and its statuses. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it, type TestContext } from "node:test";

import { NO_SLOT, type Engine } from "#src/engine/contract";
import { createNativeEngine } from "#src/engine/native";
import { createPortableEngine } from "#src/engine/portable";
import { engineInfo } from "hapwire";

type Class = new (...values: readonly unknown[]) => object;

/** What the addon exports, and tests put others in the place of. */
interface LoadedAddon {
  FrameSealer: Class;
  EventHub: Class;
}

const { file } = engineInfo();
const SKIP = file === undefined;
const REASON = SKIP ? " (skipped: the portable engine runs here)" : "";

const KEY = Buffer.alloc(32, 1);
/** Statuses of native/core/frame.h with their signs turned. */
const CIPHER = -6;
const UNKNOWN = -99;

describe(`native engine${REASON}`, { skip: SKIP }, () => {
  it("has an error for a cipher that fails, in a message and in events", (t) => {
    const engine = engineAnswering(t, CIPHER);
    const error = { name: "FrameError", code: "ERR_HAPWIRE_CIPHER" };
    assert.throws(() => engine.createSealer(KEY, 0n).seal([KEY], 32), error);
    assert.throws(takeSealedEvent(engine), error);
  });

  it("takes a status that it does not know for a fault of its own", (t) => {
    const engine = engineAnswering(t, UNKNOWN);
    assert.throws(() => engine.createSealer(KEY, 0n).seal([KEY], 32), /status 99: a fault of hapwire's/);
    assert.throws(takeSealedEvent(engine), /status 99: a fault of hapwire's/);
  });

  it("attaches no sealer of another engine", () => {
    const hub = createNativeEngine().createEventHub({ maxEvents: 10, maxBytes: 1000, maxSubscriptions: 10 });
    const foreign = createPortableEngine().createSealer(KEY, 0n);
    assert.throws(() => {
      hub.attachSealer(hub.add(), foreign);
    }, TypeError);
  });

  it("is none where OpenSSL refuses the cipher, as one in FIPS mode", (t) => {
    const refusal = new Error("OpenSSL refuses ChaCha20-Poly1305 here");
    changeableAddon(t).FrameSealer = function refuse() {
      throw refusal;
    } as unknown as Class;
    assert.throws(() => createNativeEngine(), refusal);
  });
});

/** The addon that is loaded here; what a test changes of it is undone after the test. */
function changeableAddon(t: TestContext): LoadedAddon {
  const addon = createRequire(__filename)(file ?? "") as LoadedAddon;
  const { FrameSealer, EventHub } = addon;
  t.after(() => {
    Object.assign(addon, { FrameSealer, EventHub });
  });
  return addon;
}

/** An engine whose addon gives this answer to all that seals. */
function engineAnswering(t: TestContext, answer: number): Engine {
  const addon = changeableAddon(t);
  addon.FrameSealer = class extends addon.FrameSealer {
    sealFrames(): number {
      return answer;
    }
  };
  addon.EventHub = class extends addon.EventHub {
    takePrepared(): number {
      return answer;
    }
  };
  return createNativeEngine();
}

/** @returns a function that takes a sealed event. */
function takeSealedEvent(engine: Engine): () => unknown {
  const hub = engine.createEventHub({ maxEvents: 10, maxBytes: 1000, maxSubscriptions: 10 });
  const slot = hub.add();
  hub.subscribe(slot, 1, 9);
  hub.attachSealer(slot, engine.createSealer(KEY, 0n));
  hub.broadcast(1, 9, true, false, NO_SLOT);
  return () => hub.take(slot);
}
