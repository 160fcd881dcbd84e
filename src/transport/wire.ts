/**
 * The wire of one connection: the controller's socket and the secured session on it. Opens input, seals output, and sends no
 * faster than the controller takes.
 */

import type { Socket } from "node:net";

import type { Timer } from "../clock";
import type { HAPEncryption, SessionKeys } from "../encryption";
import type { Engine, FrameSealer } from "../engine/contract";
import { gather } from "../engine/gather";
import { ConnectionError, connectionFailure, type HapwireError } from "../errors";
import { MAX_FRAME_PLAINTEXT } from "../frame";
import type { Settings } from "../options";
import type { ConnectionStats } from "../stats";
import type { OutputMemory } from "./output-memory";
import { hasSessionKeys, SecuredSession } from "./session";
import { Transfer, type Slice, type WriteCallback } from "./transfer";

/** The connection of a wire. */
export interface WireHost {
  /** The first frame was opened: output is sealed from here on. Comes before the plaintext of that frame. */
  handleSecured(sealer: FrameSealer): void;
  /** Plaintext has come. @returns False if it is no sign of life: line ends between requests. */
  handlePlaintext(plaintext: Buffer): boolean;
  /** The socket takes data again. */
  handleDrain(): void;
  /** The controller has sent its last byte. */
  handleEnd(): void;
  /** The socket has closed. */
  handleClosed(): void;
  /** The socket was idle for the time set with {@link Wire.setTimeout}. */
  handleTimeout(): void;
  /** The session or the socket has failed: the connection must be closed. */
  fail(error: HapwireError): void;
}

type SocketAddresses = Readonly<
  Pick<Socket, "remoteAddress" | "remotePort" | "remoteFamily" | "localAddress" | "localPort">
>;

/** Milliseconds between two probes of a socket that is not read. */
const PROBE_INTERVAL = 1000;
/** Bytes that are read and dropped after the last bytes went out. */
const MAX_DISCARDED = 64 * 1024;
const NO_BYTES = Buffer.alloc(0);

/** Leads from a socket to its wire: listeners that all sockets share cost less than closures for each. */
const kWire = Symbol("wire");

interface WiredSocket extends Socket {
  [kWire]: Wire;
}

export class Wire {
  /** When bytes last came or went, in milliseconds of the clock. */
  lastOperation: number;
  /** HAP-NodeJS's record of pair-verify. Its keys are read when the next bytes arrive. */
  encryption: HAPEncryption | undefined;
  readonly #socket: Socket;
  readonly #host: WireHost;
  readonly #engine: Engine;
  readonly #settings: Settings;
  readonly #memory: OutputMemory;
  /**
   * Bytes of plaintext that are sealed and written at a time: `maxUnsentBytes` in whole frames, so that no message takes
   * more frames than it needs. A smaller slice makes writes cost more, a larger one hides the progress of a slow controller.
   */
  readonly #sliceLength: number;
  #session: SecuredSession | undefined;
  #transfer: Transfer | undefined;
  #stallTimer: Timer | undefined;
  /** Runs while the socket is not read, when a reset goes unnoticed. */
  #probeTimer: Timer | undefined;
  #lingerTimer: Timer | undefined;
  /** Bytes that came after the last bytes went out. */
  #discarded = 0;

  constructor(socket: Socket, host: WireHost, engine: Engine, settings: Settings, memory: OutputMemory) {
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

  /** True if there are session keys, in use or not yet. */
  get hasKeys(): boolean {
    return this.#session !== undefined || hasSessionKeys(this.encryption);
  }

  /** True if output is sealed. */
  get seals(): boolean {
    return this.#session?.sealsOutbound === true;
  }

  /** True if the socket is below its high-water mark and no response is on its way out. */
  get ready(): boolean {
    return this.#transfer === undefined && !this.#socket.writableNeedDrain && this.#socket.writable;
  }

  get addresses(): SocketAddresses {
    return this.#socket;
  }

  stats(): Pick<ConnectionStats, "bytesIn" | "bytesOut" | "framesIn" | "framesOut"> {
    return {
      bytesIn: this.#socket.bytesRead,
      bytesOut: this.#socket.bytesWritten,
      framesIn: this.#session?.framesIn ?? 0,
      framesOut: this.#session?.framesOut ?? 0,
    };
  }

  /** Opens input with these keys, from the next byte on. */
  secure(keys: SessionKeys): void {
    this.#session = new SecuredSession(this.#engine, keys, this.#settings.maxFramesPerSegment);
  }

  pause(): void {
    this.#socket.pause();
    this.#probeTimer ??= this.#settings.clock.setTimeout(() => {
      this.#probe();
    }, PROBE_INTERVAL);
  }

  resume(): void {
    this.#stopProbing();
    this.#socket.resume();
  }

  /** As `net.Socket.setTimeout`. */
  setTimeout(milliseconds: number): void {
    this.#socket.setTimeout(milliseconds);
  }

  /**
   * Sends a piece of a response, one at a time. Calls back when the socket has taken it and takes more.
   *
   * @param length - The sum of the chunks' lengths, in bytes.
   */
  send(chunks: readonly Uint8Array[], length: number, callback: WriteCallback): void {
    this.#transfer = new Transfer(chunks, length, callback);
    this.#continueTransfer();
  }

  /** Sends an EVENT message, already sealed if output is. Takes over its memory. */
  sendMessage(message: Buffer): void {
    this.#session?.noteSent();
    this.#write(message);
  }

  /** Closes when the controller has got all that was written. */
  end(): void {
    if (this.#socket.readableEnded && this.#socket.writableLength === 0) {
      // The controller has ended too, and the kernel delivers the rest.
      this.#socket.destroy();
    } else if (!this.#socket.writableEnded) {
      this.#watchProgress();
      this.#socket.end(() => {
        this.#stopWatching();
        this.#lingerTimer = this.#settings.clock.setTimeout(() => {
          this.#socket.destroy();
        }, this.#settings.lingerTimeout);
      });
      // If bytes stay unread, the kernel resets the connection and cuts off the last bytes.
      this.resume();
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
    const wire = this[kWire];
    wire.lastOperation = wire.#settings.clock.now();
    wire.#host.handleEnd();
  }

  static #onTimeout(this: WiredSocket): void {
    this[kWire].#host.handleTimeout();
  }

  static #onError(this: WiredSocket, error: Error): void {
    const message = `the socket failed: ${error.message}`;
    this[kWire].#host.fail(new ConnectionError("ERR_HAPWIRE_SOCKET", message, { cause: error }));
  }

  static #onClose(this: WiredSocket): void {
    this[kWire].#handleClosed();
  }

  #receive(segment: Buffer): void {
    if (this.#socket.writableEnded) {
      this.#discard(segment.length);
      return;
    }
    let plaintext = segment;
    try {
      const { maxFramesPerSegment } = this.#settings;
      this.#session ??= SecuredSession.fromRecord(this.#engine, this.encryption, maxFramesPerSegment);
      if (this.#session !== undefined) {
        plaintext = this.#open(segment, this.#session);
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#host.handlePlaintext(plaintext)) {
      this.lastOperation = this.#settings.clock.now();
    }
  }

  #open(segment: Buffer, session: SecuredSession): Buffer {
    const wasSealing = session.sealsOutbound;
    const plaintext = session.open(segment);
    if (session.sealsOutbound !== wasSealing) {
      this.#host.handleSecured(session.sealer);
    }
    return plaintext;
  }

  /** Reads no more above the limit. The socket closes when the controller has had the time to read the last bytes. */
  #discard(length: number): void {
    this.#discarded += length;
    if (this.#discarded > MAX_DISCARDED) {
      this.#socket.pause();
    }
  }

  /** Makes the kernel report a reset: it checks the connection even if no byte is written. */
  #probe(): void {
    this.#probeTimer = undefined;
    // Not if a handler has set a timeout, which ends the wait as well: Node takes each write for activity.
    if (this.#socket.writable && this.#socket.writableLength === 0 && !this.#socket.timeout) {
      this.#socket.write(NO_BYTES);
    }
    this.pause();
  }

  #stopProbing(): void {
    if (this.#probeTimer !== undefined) {
      this.#settings.clock.clearTimeout(this.#probeTimer);
      this.#probeTimer = undefined;
    }
  }

  #continueTransfer(): void {
    const transfer = this.#transfer;
    while (transfer?.isTaken === false) {
      try {
        if (!this.#write(this.#encode(transfer.take(this.#sliceLength)))) {
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

  /** Copies or seals the chunks, whose memory the caller may use again. */
  #encode({ chunks, length }: Slice): Buffer {
    if (this.#session?.sealsOutbound === true) {
      return this.#session.seal(chunks, length, this.#memory);
    }
    const copy = Buffer.allocUnsafe(length);
    gather(chunks, copy);
    return copy;
  }

  /** @returns False if the socket takes no more for now. */
  #write(bytes: Uint8Array): boolean {
    this.lastOperation = this.#settings.clock.now();
    const wantsMore = this.#socket.write(bytes);
    if (this.#socket.writableLength === 0) {
      // The kernel has taken all bytes. The socket may say no for their number alone.
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
      const message = `the controller has taken no data for ${String(stallTimeout)} ms`;
      this.#host.fail(new ConnectionError("ERR_HAPWIRE_STALLED", message));
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
    this.#stopProbing();
    if (this.#lingerTimer !== undefined) {
      this.#settings.clock.clearTimeout(this.#lingerTimer);
    }
    this.#session?.destroy();
    const transfer = this.#transfer;
    this.#transfer = undefined;
    // First, because the host destroys the stream: an error of a live stream would look like the controller's.
    this.#host.handleClosed();
    transfer?.callback(new ConnectionError("ERR_HAPWIRE_CONNECTION_CLOSED", "the connection was closed"));
  }
}
