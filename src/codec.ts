/** The frame codec by itself, for either end of the wire: controllers and test rigs use it too. */

import { types } from "node:util";

import { checkBytes, checkEngineName, checkKey } from "./check";
import { loadEngine } from "./engine/load";
import type * as contract from "./engine/contract";
import { ArgumentError } from "./errors";

const MAX_COUNTER = 2n ** 64n - 1n;

/** How a codec may be made. */
export interface CodecOptions {
  /** The counter of the first frame, from 0 to 2^64 - 1. Default 0n, as a session starts. */
  counter?: bigint;
  /** The engine that does the work. Default: the one that {@link engineInfo} names. */
  engine?: contract.EngineName;
}

/** One direction: messages in, frames out. */
export class FrameSealer {
  readonly #codec: contract.FrameSealer;

  /**
   * @param key - 32 bytes; copied.
   * @throws {@link ArgumentError}
   */
  constructor(key: Uint8Array, options: CodecOptions = {}) {
    const { engine, counter } = codecArguments(key, options);
    this.#codec = engine.createSealer(key, counter);
  }

  /** The counter of the next frame. */
  get counter(): bigint {
    return this.#codec.counter;
  }

  /**
   * Cuts a message into frames and seals them.
   *
   * @param message - The plaintext, in one piece or several.
   * @throws {@link ArgumentError}
   * @throws {@link FrameError} `ERR_HAPWIRE_NONCE_EXHAUSTED`, `ERR_HAPWIRE_CIPHER`, `ERR_HAPWIRE_CODEC_CLOSED`.
   */
  seal(message: Uint8Array | readonly Uint8Array[]): Buffer {
    const chunks = types.isUint8Array(message) ? [message] : message;
    if (!Array.isArray(chunks)) {
      throw new ArgumentError("message", "a Buffer, a Uint8Array or an array of them", message);
    }
    let length = 0;
    for (const chunk of chunks as readonly Uint8Array[]) {
      checkBytes(chunk, "message");
      length += chunk.length;
    }
    return this.#codec.seal(chunks as readonly Uint8Array[], length);
  }

  /** Wipes the key; every later call of {@link FrameSealer.seal} throws. */
  destroy(): void {
    this.#codec.destroy();
  }
}

/** The other direction: the stream in, cut anywhere; messages' bytes out. */
export class FrameOpener {
  readonly #codec: contract.FrameOpener;

  /**
   * @param key - 32 bytes; copied.
   * @throws {@link ArgumentError}
   */
  constructor(key: Uint8Array, options: CodecOptions = {}) {
    const { engine, counter } = codecArguments(key, options);
    this.#codec = engine.createOpener(key, counter);
  }

  /** The counter of the next frame. */
  get counter(): bigint {
    return this.#codec.counter;
  }

  /** How many bytes of an incomplete frame are held. */
  get pendingLength(): number {
    return this.#codec.pendingLength;
  }

  /**
   * Opens all frames that these bytes complete.
   *
   * @param segment - The next bytes of the stream, left as they are.
   * @returns The plaintext of those frames; empty if none was completed.
   * @throws {@link ArgumentError}
   * @throws {@link FrameError} `ERR_HAPWIRE_FRAME_TOO_LONG`, `ERR_HAPWIRE_FRAME_AUTHENTICATION`,
   *   `ERR_HAPWIRE_NONCE_EXHAUSTED`: the session is over and the key is wiped; `ERR_HAPWIRE_CODEC_CLOSED` after that.
   */
  open(segment: Uint8Array): Buffer {
    checkBytes(segment, "segment");
    // The engine decrypts in place; the caller's bytes are the caller's.
    return this.#codec.open(Buffer.from(segment));
  }

  /** Wipes the key and what is pending. */
  destroy(): void {
    this.#codec.destroy();
  }
}

function codecArguments(key: unknown, options: CodecOptions): { engine: contract.Engine; counter: bigint } {
  checkKey(key, "key");
  checkEngineName(options.engine, "options.engine");
  const counter: unknown = options.counter ?? 0n;
  if (typeof counter !== "bigint" || counter < 0n || counter > MAX_COUNTER) {
    throw new ArgumentError("options.counter", "a bigint from 0 to 2^64 - 1", counter);
  }
  return { engine: loadEngine(options.engine), counter };
}
