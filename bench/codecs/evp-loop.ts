/** The limit of the codec: the same frames through OpenSSL's EVP in the C++ loop of bench/native. */

import { createRequire } from "node:module";

import { EVP_LOOP } from "../contenders";
import type { CodecLoop } from "./contract";

interface Addon {
  readonly EvpLoop: new (key: Buffer, message: Buffer) => EvpLoop;
}

interface EvpLoop {
  seal(times: number): void;
  open(times: number): void;
  firstFrames(): Buffer;
  lastOpened(): Buffer;
}

/** @throws Error if the loop is not built. */
export function createLoop(key: Buffer, message: Buffer): CodecLoop {
  const addon = createRequire(__filename)(EVP_LOOP) as Addon;
  const loop = new addon.EvpLoop(key, message);
  return {
    seal: loop.seal.bind(loop),
    prepareOpen() {
      // The loop opens the message's frames over and over: it keeps no counter between messages.
    },
    open: loop.open.bind(loop),
    firstFrames: loop.firstFrames.bind(loop),
    lastOpened: loop.lastOpened.bind(loop),
  };
}
