/** Watches through the engine's contract which session keys a server holds. */

import assert from "node:assert/strict";

import type { SessionKeys } from "hapwire";

import type { Engine, FrameOpener, FrameSealer } from "#src/engine/contract";

const CLOSED = { code: "ERR_HAPWIRE_CODEC_CLOSED" };

const watched = new WeakSet<Engine>();
const sealers = new WeakMap<Uint8Array, FrameSealer>();
const openers = new WeakMap<Uint8Array, FrameOpener>();

/** Notes from here on which sealer and which opener of an engine gets which key. */
export function watchSessions(engine: Engine): void {
  if (watched.has(engine)) {
    return;
  }
  watched.add(engine);
  const createSealer = engine.createSealer.bind(engine);
  const createOpener = engine.createOpener.bind(engine);
  const noted: Pick<Engine, "createSealer" | "createOpener"> = {
    createSealer: (key, counter) => {
      const sealer = createSealer(key, counter);
      sealers.set(key, sealer);
      return sealer;
    },
    createOpener: (key, counter, maxFrames) => {
      const opener = createOpener(key, counter, maxFrames);
      openers.set(key, opener);
      return opener;
    },
  };
  Object.assign(engine, noted);
}

/** Expects that the accessory has wiped these keys. A controller seals with the key that this side opens with. */
export function expectWiped({ accessoryToControllerKey, controllerToAccessoryKey }: SessionKeys): void {
  const sealer = sealers.get(accessoryToControllerKey);
  const opener = openers.get(controllerToAccessoryKey);
  assert.ok(sealer !== undefined && opener !== undefined, "the session never had its keys");
  assert.throws(() => sealer.seal([], 0), CLOSED, "a closed connection kept the key that it seals with");
  assert.throws(
    () => opener.open(Buffer.alloc(0)),
    CLOSED,
    "a closed connection kept the key that it opens with",
  );
}
