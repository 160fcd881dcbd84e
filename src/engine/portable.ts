/** The engine in TypeScript: the fallback if the addon cannot load, and the oracle that the addon is tested against. */

import type { Engine } from "./contract";
import { nodeHasAead } from "./portable/aead";
import type * as codecs from "./portable/codec";
import { PortableEventHub } from "./portable/event-hub";

export interface PortableEngineOptions {
  /** True demands `sodium-native` for the AEAD, false demands `node:crypto`. By default `sodium-native` comes first. */
  readonly sodium?: boolean;
}

/** @throws {@link EngineError} if `sodium-native` is demanded, or needed, and cannot be loaded. */
export function createPortableEngine({ sodium }: PortableEngineOptions = {}): Engine {
  let loaded: codecs.PortableCodec | undefined;
  /** Loaded when the first connection has keys: sodium-native takes as long as all that a server needs to listen. */
  const codec = (): codecs.PortableCodec =>
    (loaded ??= (require("./portable/codec") as typeof codecs).createCodec(sodium));
  if (sodium === true || !nodeHasAead()) {
    // There may be no AEAD at all. Throw here and not at the first controller.
    codec();
  }
  return {
    name: "portable",
    get aead() {
      return codec().aead;
    },
    addon: undefined,
    createSealer: (key, counter) => codec().createSealer(key, counter),
    createOpener: (key, counter, maxFrames) => codec().createOpener(key, counter, maxFrames),
    createEventHub: (limits) => new PortableEventHub(limits),
    messages: undefined,
  };
}
