/** Frames in, cut anywhere by the network; plaintext out. */

import { FRAME_OVERHEAD, LENGTH_FIELD_LENGTH, MAX_FRAME_PLAINTEXT } from "../../frame";
import type { FrameOpener } from "../contract";
import { frameError } from "../frame-error";
import type { Aead } from "./aead";
import { NonceCounter } from "./nonce-counter";
import { SessionKey } from "./session-key";

/**
 * All openers put their frames together here, so that no split is a special case and an idle connection holds nothing.
 * The first `pendingLength` bytes belong to the opener at work. The rest is left over from earlier frames.
 */
const frame = Buffer.alloc(MAX_FRAME_PLAINTEXT + FRAME_OVERHEAD);

export class PortableOpener implements FrameOpener {
  frames = 0;
  pendingLength = 0;
  readonly #aead: Aead;
  readonly #key: SessionKey;
  readonly #nonces: NonceCounter;
  readonly #maxFrames: number;
  /** Keeps the bytes of an incomplete frame between two calls. */
  #pending: Buffer | undefined;

  constructor(aead: Aead, key: Uint8Array, counter: bigint, maxFrames: number) {
    this.#maxFrames = maxFrames;
    this.#aead = aead;
    this.#key = new SessionKey(key);
    this.#nonces = new NonceCounter(counter);
  }

  get counter(): bigint {
    return this.#nonces.value;
  }

  open(segment: Buffer): Buffer {
    try {
      return this.#openAll(segment, this.#key.bytes);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  destroy(): void {
    this.#key.wipe();
    this.#pending?.fill(0);
    this.#pending = undefined;
    this.pendingLength = 0;
  }

  #openAll(segment: Buffer, key: Buffer): Buffer {
    // Enough for all frames that can be complete. Allocated when the first of them is.
    const capacity = this.pendingLength + segment.length - FRAME_OVERHEAD;
    this.#pending?.copy(frame);
    let plaintext: Buffer | undefined;
    let opened = 0;
    let frames = 0;
    for (let read = 0; read < segment.length;) {
      read += this.#hold(segment, read);
      if (this.#isComplete()) {
        frames += 1;
        if (frames > this.#maxFrames) {
          throw frameError("ERR_HAPWIRE_FRAME_COUNT");
        }
        plaintext ??= Buffer.allocUnsafe(capacity);
        opened += this.#openFrame(key, plaintext, opened);
      }
    }
    this.#pending = this.pendingLength === 0 ? undefined : Buffer.from(frame.subarray(0, this.pendingLength));
    this.frames += frames;
    return plaintext === undefined ? Buffer.alloc(0) : plaintext.subarray(0, opened);
  }

  /** Moves bytes of the segment into the frame: up to the end of its length field, then up to the end of the frame. */
  #hold(segment: Buffer, from: number): number {
    const target = this.pendingLength < LENGTH_FIELD_LENGTH ? LENGTH_FIELD_LENGTH : this.#frameLength();
    const moved = segment.copy(frame, this.pendingLength, from, from + target - this.pendingLength);
    this.pendingLength += moved;
    return moved;
  }

  #isComplete(): boolean {
    return this.pendingLength >= LENGTH_FIELD_LENGTH && this.pendingLength === this.#frameLength();
  }

  /** Called when the length field is there: a frame that is too long is refused before more of it is held. */
  #frameLength(): number {
    const length = frame.readUInt16LE();
    if (length > MAX_FRAME_PLAINTEXT) {
      throw frameError("ERR_HAPWIRE_FRAME_TOO_LONG");
    }
    return length + FRAME_OVERHEAD;
  }

  /** @returns The number of bytes written to `target`. */
  #openFrame(key: Buffer, target: Buffer, at: number): number {
    const length = this.pendingLength - FRAME_OVERHEAD;
    const sealed = frame.subarray(0, this.pendingLength);
    const plaintext = target.subarray(at, at + length);
    if (!this.#aead.open(sealed, this.#nonces.next(), key, plaintext)) {
      target.fill(0, 0, at);
      throw frameError("ERR_HAPWIRE_FRAME_AUTHENTICATION");
    }
    this.pendingLength = 0;
    return length;
  }
}
