/** What seals and opens in TypeScript, on the AEAD of its choice. */

import { ANY_NUMBER_OF_FRAMES, type Engine } from "../contract";
import { chooseAead } from "./aead";
import { PortableOpener } from "./opener";
import { PortableSealer } from "./sealer";

/** The part of the engine that needs an AEAD. */
export type PortableCodec = Pick<Engine, "aead" | "createSealer" | "createOpener">;

/**
 * @param sodium - As {@link chooseAead} takes it.
 * @throws {@link EngineError} as {@link chooseAead} does.
 */
export function createCodec(sodium: boolean | undefined): PortableCodec {
  const aead = chooseAead(sodium);
  return {
    aead: aead.version,
    createSealer: (key, counter) => new PortableSealer(aead, key, counter),
    createOpener: (key, counter, maxFrames = ANY_NUMBER_OF_FRAMES) =>
      new PortableOpener(aead, key, counter, maxFrames),
  };
}
