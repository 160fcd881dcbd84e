/**
 * The wire of one connection: the controller's socket with the secured session on it. Bytes come in and are opened,
 * plaintext goes out and is sealed, no faster than the controller takes it.
 */

import type { Socket } from "node:net";

import type { Clock, Timer } from "./clock";
import type { HAPEncryption, SessionKeys } from "./encryption";
import type { Engine, FrameSealer } from "./engine/contract";
import { gather } from "./engine/gather";
import { ConnectionError, connectionFailure, type HapwireError } from "./errors";
import { MAX_FRAME_PLAINTEXT } from "./frame";
import type { OutputMemory } from "./output-memory";
import { hasSessionKeys, SecuredSession } from "./session";

/** What the wire tells its connection. */
export interface WireHost {
  /** Plaintext of the controller's. */
  handlePlaintext(plaintext: Buffer): void;
  /** The socket takes data again. */
  handleDrain(): void;
  /** The controller has sent its last byte. */
  handleEnd(): void;
  /** The socket is gone. */
  handleClosed(): void;
  /** Nothing came or went for the time set with {@link Wire.setTimeout}. */
  handleTimeout(): void;
  /** The session or the socket has failed: the connection must be closed. */
  fail(error: HapwireError): void;
}

export interface WireSettings {
  readonly clock: Clock;
  readonly stallTimeout: number;
  /**
   * Plaintext that is sealed and handed to the socket at a time, in bytes: large enough for the fixed cost of a write not
   * to count, small enough that a slow controller shows progress.
   */
  readonly maxUnsentBytes: number;
  readonly maxFramesPerSegment: number;
  readonly lingerTimeout: number;
}

type WriteCallback = (error?: Error | null) => void;

/** A response in pieces that is on its way out. */
interface Transfer {
  readonly chunks: readonly Uint8Array[];
  /** The sum of the chunks' lengths, in bytes. */
  readonly length: number;
  /** The chunk and the byte in it that come next. */
  index: number;
  offset: number;
  readonly callback: WriteCallback;
}

/** On a socket: whose it is. One function for all sockets costs less than closures for each. */
const kWire = Symbol("wire");

interface WiredSocket extends Socket {
  [kWire]: Wire;
}

export class Wire {
  /** When bytes last came or went, in milliseconds of the clock. */
  lastOperation: number;
  /** What HAP-NodeJS's pair-verify has agreed on; read when the next bytes arrive. */
  encryption: HAPEncryption | undefined;
  readonly #socket: Socket;
  readonly #host: WireHost;
  readonly #engine: Engine;
  readonly #settings: WireSettings;
  readonly #memory: OutputMemory;
  /** As `maxUnsentBytes`, but whole frames: no message takes more of them than it needs. */
  readonly #sliceLength: number;
  #session: SecuredSession | undefined;
  #transfer: Transfer | undefined;
  #stallTimer: Timer | undefined;
  #lingerTimer: Timer | undefined;

  constructor(socket: Socket, host: WireHost, engine: Engine, settings: WireSettings, memory: OutputMemory) {
    this.#socket = socket;
    this.#host = host;
    this.#engine = engine;
    this.#settings = settings;
    this.#memory = memory;
    this.#sliceLength = settings.maxUnsentBytes - (settings.maxUnsentBytes % MAX_FRAME_PLAINTEXT);
    this.lastOperation = settings.clock.now();
    (socket as WiredSocket)[kWire] = this;
    socket.on("data", Wire.#onData);
    socket.on("drain", Wire.#onDrain);
    socket.on("end", Wire.#onEnd);
    socket.on("timeout", Wire.#onTimeout);
    socket.on("error", Wire.#onError);
    socket.on("close", Wire.#onClose);
  }

  /** Whether session keys are known, in use or about to be. */
  get hasKeys(): boolean {
    return this.#session !== undefined || hasSessionKeys(this.encryption);
  }

  /** Whether what goes out is sealed. */
  get seals(): boolean {
    return this.#session?.sealsOutbound === true;
  }

  /** Seals events; undefined while what goes out is plaintext. */
  get sealer(): FrameSealer | undefined {
    return this.#session?.sealsOutbound === true ? this.#session.sealer : undefined;
  }

  /** Whether the socket has taken all that it was given, as far as its high-water mark goes. */
  get ready(): boolean {
    return this.#transfer === undefined && !this.#socket.writableNeedDrain && this.#socket.writable;
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#socket.remotePort;
  }

  get remoteFamily(): string | undefined {
    return this.#socket.remoteFamily;
  }

  get localAddress(): string | undefined {
    return this.#socket.localAddress;
  }

  get localPort(): number | undefined {
    return this.#socket.localPort;
  }

  get bytesIn(): number {
    return this.#socket.bytesRead;
  }

  get bytesOut(): number {
    return this.#socket.bytesWritten;
  }

  get framesIn(): number {
    return this.#session?.framesIn ?? 0;
  }

  get framesOut(): number {
    return this.#session?.framesOut ?? 0;
  }

  /** Opens what comes in with these keys from the next byte on. */
  secure(keys: SessionKeys): void {
    this.#session = SecuredSession.withKeys(this.#engine, keys, this.#settings.maxFramesPerSegment);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  setTimeout(milliseconds: number): void {
    this.#socket.setTimeout(milliseconds);
  }

  /**
   * Sends a piece of a response; one at a time. Calls back when the socket has taken it and can take more.
   *
   * @param length - The sum of the chunks' lengths, in bytes.
   */
  send(chunks: readonly Uint8Array[], length: number, callback: WriteCallback): void {
    this.#transfer = { chunks, length, index: 0, offset: 0, callback };
    this.#continueTransfer();
  }

  /** Sends an EVENT message that is sealed already, where {@link Wire.sealer} was not undefined. Its memory is the wire's. */
  sendMessage(message: Buffer): void {
    this.#session?.noteSent();
    this.#write(message);
  }

  /** Lets out what has been written, then closes: the controller gets all of it. */
  end(): void {
    if (this.#socket.readableEnded && this.#socket.writableLength === 0) {
      // The controller has ended too, and the kernel has all of it, which it delivers without us.
      this.#socket.destroy();
    } else if (!this.#socket.writableEnded) {
      this.#watchProgress();
      this.#socket.end(() => {
        this.#stopWatching();
        this.#lingerTimer = this.#settings.clock.setTimeout(() => {
          this.#socket.destroy();
        }, this.#settings.lingerTimeout);
      });
      // Bytes that nobody reads would make the kernel reset the connection, and cut off what is still on its way.
      this.#socket.resume();
    }
  }

  /** Closes at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  static #onData(this: WiredSocket, segment: Buffer): void {
    this[kWire].#receive(segment);
  }

  static #onDrain(this: WiredSocket): void {
    this[kWire].#resumeSending();
  }

  static #onEnd(this: WiredSocket): void {
    this[kWire].#receiveEnd();
  }

  static #onTimeout(this: WiredSocket): void {
    this[kWire].#host.handleTimeout();
  }

  static #onError(this: WiredSocket, error: Error): void {
    this[kWire].#host.fail(
      new ConnectionError("ERR_HAPWIRE_SOCKET", `the socket failed: ${error.message}`, { cause: error }),
    );
  }

  static #onClose(this: WiredSocket): void {
    this[kWire].#handleClosed();
  }

  #receive(segment: Buffer): void {
    this.lastOperation = this.#settings.clock.now();
    let plaintext = segment;
    try {
      this.#session ??= this.#sessionFromRecord();
      if (this.#session !== undefined) {
        plaintext = this.#session.open(segment);
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#host.handlePlaintext(plaintext);
  }

  #receiveEnd(): void {
    this.lastOperation = this.#settings.clock.now();
    this.#host.handleEnd();
  }

  #sessionFromRecord(): SecuredSession | undefined {
    return hasSessionKeys(this.encryption)
      ? SecuredSession.fromRecord(this.#engine, this.encryption, this.#settings.maxFramesPerSegment)
      : undefined;
  }

  #continueTransfer(): void {
    const transfer = this.#transfer;
    while (transfer !== undefined && transfer.index < transfer.chunks.length) {
      const { slice, length } = takeSlice(transfer, this.#sliceLength);
      try {
        if (!this.#write(this.#encode(slice, length))) {
          return;
        }
      } catch (error) {
        this.#transfer = undefined;
        transfer.callback(this.#fail(error));
        return;
      }
    }
    this.#transfer = undefined;
    transfer?.callback();
  }

  /** What goes on the socket: a copy, since the caller may use the chunks' memory anew. */
  #encode(chunks: readonly Uint8Array[], length: number): Buffer {
    if (this.#session?.sealsOutbound === true) {
      return this.#session.seal(chunks, length, this.#memory);
    }
    const copy = Buffer.allocUnsafe(length);
    gather(chunks, copy);
    return copy;
  }

  /** @returns false where the socket wants no more for now. */
  #write(bytes: Uint8Array): boolean {
    this.lastOperation = this.#settings.clock.now();
    const wantsMore = this.#socket.write(bytes);
    if (this.#socket.writableLength === 0) {
      // The kernel has taken all of it already. The socket may say no all the same, for the size alone.
      this.#memory.free(bytes);
      return true;
    }
    if (!wantsMore) {
      this.#watchProgress();
    }
    return wantsMore;
  }

  #resumeSending(): void {
    this.#stopWatching();
    this.lastOperation = this.#settings.clock.now();
    this.#continueTransfer();
    if (this.ready) {
      this.#host.handleDrain();
    }
  }

  #watchProgress(): void {
    const { clock, stallTimeout } = this.#settings;
    this.#stallTimer ??= clock.setTimeout(() => {
      this.#host.fail(
        new ConnectionError(
          "ERR_HAPWIRE_STALLED",
          `the controller has taken no data for ${String(stallTimeout)} ms`,
        ),
      );
    }, stallTimeout);
  }

  #stopWatching(): void {
    if (this.#stallTimer !== undefined) {
      this.#settings.clock.clearTimeout(this.#stallTimer);
      this.#stallTimer = undefined;
    }
  }

  #fail(error: unknown): HapwireError {
    const failure = connectionFailure(error);
    this.#host.fail(failure);
    return failure;
  }

  #handleClosed(): void {
    this.#stopWatching();
    if (this.#lingerTimer !== undefined) {
      this.#settings.clock.clearTimeout(this.#lingerTimer);
    }
    this.#session?.destroy();
    const transfer = this.#transfer;
    this.#transfer = undefined;
    // First the connection, which destroys the stream: an error of a stream that lives would be taken for the controller's.
    this.#host.handleClosed();
    transfer?.callback(new ConnectionError("ERR_HAPWIRE_CONNECTION_CLOSED", "the connection was closed"));
  }
}

/** Takes the next slice off a transfer, at most so many bytes, without copying. */
function takeSlice(
  transfer: Transfer,
  sliceLength: number,
): { slice: readonly Uint8Array[]; length: number } {
  if (transfer.length <= sliceLength) {
    transfer.index = transfer.chunks.length;
    return { slice: transfer.chunks, length: transfer.length };
  }
  const slice: Uint8Array[] = [];
  let length = 0;
  while (length < sliceLength) {
    const chunk = transfer.chunks[transfer.index];
    if (chunk === undefined) {
      break;
    }
    const end = Math.min(chunk.length, transfer.offset + sliceLength - length);
    slice.push(transfer.offset === 0 && end === chunk.length ? chunk : chunk.subarray(transfer.offset, end));
    length += end - transfer.offset;
    transfer.offset = end;
    if (end === chunk.length) {
      transfer.index += 1;
      transfer.offset = 0;
    }
  }
  return { slice, length };
}
