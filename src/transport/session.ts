/** The secured session of one connection: a sealer, an opener, and the rule when output is sealed. */

import { ConnectionError } from "../errors";
import type { HAPEncryption, SessionKeys } from "../encryption";
import type { Allocator, Engine, FrameOpener, FrameSealer } from "../engine/contract";
import { KEY_LENGTH } from "../frame";

/** True if at least one session key has been agreed on. */
export function hasSessionKeys(encryption: HAPEncryption | undefined): encryption is HAPEncryption {
  return (
    encryption !== undefined &&
    (encryption.controllerToAccessoryKey.length > 0 || encryption.accessoryToControllerKey.length > 0)
  );
}

export class SecuredSession {
  readonly sealer: FrameSealer;
  /**
   * True if output is sealed: from the first opened frame on. Until then the answer of pair-verify may be on its way in
   * plaintext. For reading only. [PROTOCOL: the secured session]
   */
  sealsOutbound = false;
  readonly #opener: FrameOpener;
  readonly #record: HAPEncryption | undefined;
  /** Frames of the record before this session began. */
  readonly #sentBefore: number;
  readonly #receivedBefore: number;

  /** @param record - Has the first counters, and gets the later ones. Without it, the counters start at 0. */
  constructor(engine: Engine, keys: SessionKeys, maxFramesPerSegment: number, record?: HAPEncryption) {
    const sent = record?.accessoryToControllerCount ?? 0;
    const received = record?.controllerToAccessoryCount ?? 0;
    this.sealer = engine.createSealer(keys.accessoryToControllerKey, BigInt(sent));
    this.#opener = engine.createOpener(keys.controllerToAccessoryKey, BigInt(received), maxFramesPerSegment);
    this.#record = record;
    this.#sentBefore = sent;
    this.#receivedBefore = received;
  }

  /**
   * The session of HAP-NodeJS's record. Undefined if the record has no keys yet.
   *
   * @throws {@link ConnectionError} `ERR_HAPWIRE_SESSION_KEYS` if a key is missing or has a wrong length.
   */
  static fromRecord(
    engine: Engine,
    record: HAPEncryption | undefined,
    maxFramesPerSegment: number,
  ): SecuredSession | undefined {
    if (!hasSessionKeys(record)) {
      return undefined;
    }
    const { accessoryToControllerKey, controllerToAccessoryKey } = record;
    if (accessoryToControllerKey.length !== KEY_LENGTH || controllerToAccessoryKey.length !== KEY_LENGTH) {
      const message = `both session keys must have ${String(KEY_LENGTH)} bytes before the controller sends its first frame`;
      throw new ConnectionError("ERR_HAPWIRE_SESSION_KEYS", message);
    }
    return new SecuredSession(engine, record, maxFramesPerSegment, record);
  }

  get framesIn(): number {
    return this.#receivedBefore + this.#opener.frames;
  }

  get framesOut(): number {
    return this.#sentBefore + this.sealer.frames;
  }

  /** @throws {@link FrameError} if the segment does not continue the controller's stream of frames. */
  open(segment: Buffer): Buffer {
    const plaintext = this.#opener.open(this.#withIncompleteFrame(segment));
    // The opener's own count: a record may have counted frames before.
    this.sealsOutbound = this.#opener.frames > 0;
    if (this.#record !== undefined) {
      this.#record.controllerToAccessoryCount = this.framesIn;
    }
    return plaintext;
  }

  seal(chunks: readonly Uint8Array[], length: number, memory: Allocator): Buffer {
    const frames = this.sealer.seal(chunks, length, memory);
    this.noteSent();
    return frames;
  }

  /** Writes the counter of sealed frames back to the record. */
  noteSent(): void {
    if (this.#record !== undefined) {
      this.#record.accessoryToControllerCount = this.framesOut;
    }
  }

  /** Wipes both keys. */
  destroy(): void {
    this.sealer.destroy();
    this.#opener.destroy();
  }

  #withIncompleteFrame(segment: Buffer): Buffer {
    const start = this.#record?.incompleteFrame;
    if (this.#record === undefined || start === undefined) {
      return segment;
    }
    delete this.#record.incompleteFrame;
    return Buffer.concat([start, segment]);
  }
}
