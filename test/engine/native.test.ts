/** What only the native engine has: an addon, and its statuses. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { loadAddon } from "#src/engine/addon";
import { NO_SLOT, type Engine } from "#src/engine/contract";
import { createNativeEngine } from "#src/engine/native";
import { createPortableEngine } from "#src/engine/portable";
import { engineInfo } from "hapwire";

type Class = new (...values: readonly unknown[]) => object;

/** The addon's classes that tests replace. */
interface AddonClasses {
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
  it("has an error for a cipher that fails, in a message and in events", () => {
    const engine = engineAnswering(CIPHER);
    const error = { name: "FrameError", code: "ERR_HAPWIRE_CIPHER" };
    assert.throws(() => engine.createSealer(KEY, 0n).seal([KEY], 32), error);
    assert.throws(takeSealedEvent(engine), error);
  });

  it("reports an unknown status as a fault of hapwire's", () => {
    const engine = engineAnswering(UNKNOWN);
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

  it("fails if OpenSSL refuses the cipher, as in FIPS mode", () => {
    const FrameSealer = function refuse(): never {
      throw new Error("OpenSSL refuses ChaCha20-Poly1305 here");
    } as unknown as Class;
    assert.throws(() => engineWith({ FrameSealer }), {
      message: "OpenSSL refuses ChaCha20-Poly1305 here",
      remedy: "run Node without FIPS mode, which allows no ChaCha20-Poly1305",
    });
  });
});

/** An engine on the addon of this machine, with other classes in the places of some. */
function engineWith(classes: Partial<AddonClasses>): Engine {
  const addon = loadAddon();
  return createNativeEngine({ ...addon, exports: { ...addon.exports, ...classes } });
}

/** An engine whose addon gives this answer to all that seals. */
function engineAnswering(answer: number): Engine {
  const { FrameSealer, EventHub } = loadAddon().exports as AddonClasses;
  return engineWith({
    FrameSealer: class extends FrameSealer {
      sealFrames(): number {
        return answer;
      }
    },
    EventHub: class extends EventHub {
      takePrepared(): number {
        return answer;
      }
    },
  });
}

/** @returns A function that takes a sealed event. */
function takeSealedEvent(engine: Engine): () => unknown {
  const hub = engine.createEventHub({ maxEvents: 10, maxBytes: 1000, maxSubscriptions: 10 });
  const slot = hub.add();
  hub.subscribe(slot, 1, 9);
  hub.attachSealer(slot, engine.createSealer(KEY, 0n));
  hub.broadcast(1, 9, true, false, NO_SLOT);
  return () => hub.take(slot);
}
