/** The part of the portable engine that needs an AEAD. Loaded with the first session. */

import { ANY_NUMBER_OF_FRAMES, type Engine } from "../contract";
import { chooseAead } from "./aead";
import { PortableOpener } from "./opener";
import { PortableSealer } from "./sealer";

export type PortableCodec = Pick<Engine, "aead" | "createSealer" | "createOpener">;

/** As {@link chooseAead}. */
export function createCodec(sodium: boolean | undefined): PortableCodec {
  const aead = chooseAead(sodium);
  return {
    aead: aead.version,
    createSealer: (key, counter) => new PortableSealer(aead, key, counter),
    createOpener: (key, counter, maxFrames = ANY_NUMBER_OF_FRAMES) =>
      new PortableOpener(aead, key, counter, maxFrames),
  };
}
