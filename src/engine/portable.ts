/** The engine in TypeScript: the fallback where the addon cannot load, and the oracle that the addon is tested against. */

import { ANY_NUMBER_OF_FRAMES, type Engine } from "./contract";
import { chooseAead } from "./portable/aead";
import { PortableEventHub } from "./portable/event-hub";
import { PortableOpener } from "./portable/opener";
import { PortableSealer } from "./portable/sealer";

/** What {@link createPortableEngine} can be told. */
export interface PortableEngineOptions {
  /**
   * Whether `sodium-native` does the AEAD: true demands it, false leaves it to `node:crypto`. By default it does
   * where it is installed.
   */
  readonly sodium?: boolean;
}

/** @throws {@link EngineError} where `sodium-native` is demanded and cannot be loaded. */
export function createPortableEngine(options: PortableEngineOptions = {}): Engine {
  const aead = chooseAead(options.sodium);
  return {
    name: "portable",
    aead: aead.version,
    file: undefined,
    createSealer: (key, counter) => new PortableSealer(aead, key, counter),
    createOpener: (key, counter, maxFrames = ANY_NUMBER_OF_FRAMES) =>
      new PortableOpener(aead, key, counter, maxFrames),
    createEventHub: (limits) => new PortableEventHub(limits),
    messages: undefined,
  };
}
