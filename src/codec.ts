/** The frame codec, for either end of the wire: controllers and test rigs use it too. */

import { types } from "node:util";

import { checkBytes, checkEngineName, checkKey } from "./check";
import { loadEngine } from "./engine/load";
import type * as contract from "./engine/contract";
import { ArgumentError } from "./errors";
import { checkOptionNames } from "./option-names";

const NAMES = { counter: true, engine: true };
const MAX_COUNTER = 2n ** 64n - 1n;

/** The options of a codec. */
export interface CodecOptions {
  /** The counter of the first frame, from 0 to 2^64 - 1. Default 0n, as a session starts. */
  counter?: bigint;
  /** Default: the engine that {@link engineInfo} names. */
  engine?: contract.EngineName;
}

/**
 * One direction: messages in, frames out.
 *
 * @example
 * ```js
 * const sealer = new FrameSealer(key);
 * socket.write(sealer.seal(Buffer.from("GET /accessories HTTP/1.1\r\n\r\n")));
 * sealer.destroy();
 * ```
 */
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
   * Seals a message as one or more frames.
   *
   * @param message - The plaintext, in one piece or several.
   * @throws {@link ArgumentError}
   * @throws {@link FrameError} `ERR_HAPWIRE_NONCE_EXHAUSTED`, `ERR_HAPWIRE_CIPHER`, `ERR_HAPWIRE_CODEC_CLOSED`.
   */
  seal(message: Uint8Array | readonly Uint8Array[]): Buffer {
    const chunks = types.isUint8Array(message) ? [message] : message;
    if (!Array.isArray(chunks)) {
      throw new ArgumentError("message", "a Buffer, a Uint8Array or an array of them", message, true);
    }
    let length = 0;
    for (const chunk of chunks as readonly Uint8Array[]) {
      checkBytes(chunk, "message");
      length += chunk.length;
    }
    return this.#codec.seal(chunks as readonly Uint8Array[], length);
  }

  /** Wipes the key. Later calls of {@link FrameSealer.seal} throw. */
  destroy(): void {
    this.#codec.destroy();
  }
}

/**
 * The other direction: frames in, cut anywhere; plaintext out.
 *
 * @example
 * ```js
 * const opener = new FrameOpener(key);
 * socket.on("data", (segment) => console.log(opener.open(segment).toString()));
 * socket.on("close", () => opener.destroy());
 * ```
 */
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

  /** Bytes of an incomplete frame that are held. */
  get pendingLength(): number {
    return this.#codec.pendingLength;
  }

  /**
   * Opens all frames that these bytes complete.
   *
   * @param segment - The next bytes of the stream. They do not change.
   * @returns The plaintext of those frames. Empty if no frame was completed.
   * @throws {@link ArgumentError}
   * @throws {@link FrameError} `ERR_HAPWIRE_FRAME_TOO_LONG`, `ERR_HAPWIRE_FRAME_AUTHENTICATION`,
   *   `ERR_HAPWIRE_NONCE_EXHAUSTED`: the key is wiped, and later calls throw `ERR_HAPWIRE_CODEC_CLOSED`.
   */
  open(segment: Uint8Array): Buffer {
    checkBytes(segment, "segment");
    // A copy, because the engine decrypts in place.
    return this.#codec.open(Buffer.from(segment));
  }

  /** Wipes the key and the incomplete frame. */
  destroy(): void {
    this.#codec.destroy();
  }
}

function codecArguments(key: unknown, options: CodecOptions): { engine: contract.Engine; counter: bigint } {
  checkKey(key, "key");
  checkOptionNames<CodecOptions>(options, NAMES, "the frame codec");
  checkEngineName(options.engine, "options.engine");
  const counter: unknown = options.counter ?? 0n;
  if (typeof counter !== "bigint" || counter < 0n || counter > MAX_COUNTER) {
    throw new ArgumentError("options.counter", "a bigint from 0 to 2^64 - 1", counter);
  }
  return { engine: loadEngine(options.engine), counter };
}
