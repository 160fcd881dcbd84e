/** hapwire's native engine, as a connection uses it. */

import type { EngineName } from "#src/engine/contract";
import { loadEngine } from "#src/engine/load";
import { OutputMemory } from "#src/transport/output-memory";

import { loopOver, type CodecLoop } from "./contract";

export function createLoop(key: Buffer, message: Buffer): CodecLoop {
  return loopOverEngine("native", key, message);
}

export function loopOverEngine(name: EngineName, key: Buffer, message: Buffer): CodecLoop {
  const engine = loadEngine(name);
  return loopOver(() => {
    const sealer = engine.createSealer(key, 0n);
    const opener = engine.createOpener(key, 0n);
    const memory = new OutputMemory();
    return {
      seal: (plaintext) => sealer.seal([plaintext], plaintext.length, memory),
      release: (frames) => {
        memory.free(frames);
      },
      open: (frames) => opener.open(frames),
    };
  }, message);
}
