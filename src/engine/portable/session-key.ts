/** A session key that does not outlive its session. */

import { frameError } from "../frame-error";
import { gather } from "../gather";

/** Wipes the key of a session that was dropped without being closed. */
const collected = new FinalizationRegistry<Buffer>((bytes) => {
  bytes.fill(0);
});

/** Owns a copy of a key until it is wiped. */
export class SessionKey {
  #bytes: Buffer | undefined;

  /** @throws TypeError if the key is not as long as it says. */
  constructor(key: Uint8Array) {
    // Memory of its own: Node's pool is shared with everything.
    const bytes = Buffer.alloc(key.length);
    gather([key], bytes);
    this.#bytes = bytes;
    collected.register(this, bytes);
  }

  /** @throws {@link FrameError} `ERR_HAPWIRE_CODEC_CLOSED` if the key was wiped. */
  get bytes(): Buffer {
    if (this.#bytes === undefined) {
      throw frameError("ERR_HAPWIRE_CODEC_CLOSED");
    }
    return this.#bytes;
  }

  /** May be called twice. */
  wipe(): void {
    this.#bytes?.fill(0);
    this.#bytes = undefined;
  }
}
