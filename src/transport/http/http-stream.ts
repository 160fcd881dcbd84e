/**
 * The in-memory socket between a connection and its HTTP server: plaintext of requests goes in, plaintext of responses
 * comes out. To handlers it looks like the controller's socket.
 */

import type { AddressInfo } from "node:net";
import { Duplex } from "node:stream";

import type { ParserObserver } from "./parser-observer";

/** What the stream needs of the controller's socket. */
export interface HttpStreamWire {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  /** True if output is sealed. */
  readonly seals: boolean;
  /** Lets more of the controller's bytes come. */
  resume(): void;
  /** Watches for inactivity of the controller, as `net.Socket.setTimeout` does. */
  setTimeout(milliseconds: number): void;
}

/** Who feeds the stream, and follows what Node's parser makes of it. */
export interface HttpStreamFeeder extends ParserObserver {
  /** The stream has room for more of the controller's bytes. */
  feedMore(): void;
  /** The HTTP server has taken bytes from the stream. */
  handleTaken(): void;
}

/** What the stream needs of its connection. */
export interface HttpStreamHost {
  /**
   * Sends a piece of a response.
   *
   * @param length - The sum of the chunks' lengths, in bytes.
   * @param callback - Called when the next one may come, or with the error that closed the connection.
   */
  transmit(chunks: readonly Uint8Array[], length: number, callback: (error?: Error | null) => void): void;
  /** The HTTP server is done with the connection: all it wrote goes out, then it is closed. */
  endGracefully(): void;
  /** The HTTP server, or a handler, gives the connection up, with the error if there is one. */
  abandon(error: Error | null): void;
}

/** A piece of a response as the HTTP server writes it: its heads are strings, and most bodies. */
interface PendingChunk {
  chunk: string | Uint8Array;
  encoding: BufferEncoding;
}

/** The feeder of a stream. Handlers get the stream as their request's socket, and must not reach the feeder. */
export let feederOf: (stream: HttpStream) => HttpStreamFeeder;

export class HttpStream extends Duplex {
  static {
    feederOf = (stream) => stream.#feeder;
  }

  /** As on a connected socket. */
  readonly connecting = false;
  readonly pending = false;
  /** Plaintext bytes of requests so far. */
  bytesRead = 0;
  /** Plaintext bytes of responses so far. */
  bytesWritten = 0;
  readonly #feeder: HttpStreamFeeder;
  readonly #host: HttpStreamHost;
  readonly #wire: HttpStreamWire;

  constructor(host: HttpStreamHost, wire: HttpStreamWire, feeder: HttpStreamFeeder) {
    // Strings come as they are: all pieces of a response are written to one Buffer then, not each to one of its own.
    super({ allowHalfOpen: true, decodeStrings: false });
    this.#feeder = feeder;
    this.#host = host;
    this.#wire = wire;
  }

  /** Tells the feeder when bytes have been taken. Called after the HTTP server has added its listener. */
  watch(): void {
    this.on("data", handleData);
  }

  get remoteAddress(): string | undefined {
    return this.#wire.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#wire.remotePort;
  }

  get remoteFamily(): string | undefined {
    return this.#wire.remoteFamily;
  }

  get localAddress(): string | undefined {
    return this.#wire.localAddress;
  }

  get localPort(): number | undefined {
    return this.#wire.localPort;
  }

  get localFamily(): string | undefined {
    return this.#wire.remoteFamily;
  }

  /** True once the controller and this side speak through the secured session. */
  get encrypted(): boolean {
    return this.#wire.seals;
  }

  address(): AddressInfo {
    return { address: this.localAddress ?? "", family: this.localFamily ?? "", port: this.localPort ?? 0 };
  }

  setTimeout(milliseconds: number, callback?: () => void): this {
    this.#wire.setTimeout(milliseconds);
    if (callback !== undefined) {
      this.once("timeout", callback);
    }
    return this;
  }

  /** The controller's socket has no delay already. */
  setNoDelay(): this {
    return this;
  }

  /** HAP allows no TCP keep-alive probes: they wake iOS devices. */
  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  /** Ends once all that was written has gone out. */
  destroySoon(): void {
    this.end();
  }

  /**
   * Takes plaintext of the controller's.
   *
   * @returns False if no more should come until {@link HttpStreamFeeder.feedMore}.
   * @throws What a listener of a request throws.
   */
  receive(plaintext: Buffer): boolean {
    this.bytesRead += plaintext.length;
    try {
      return this.push(plaintext);
    } catch (error) {
      // Node's parser has lost the rest.
      this.destroy(error as Error);
      throw error;
    }
  }

  override _read(): void {
    this.#feeder.feedMore();
  }

  override _write(
    chunk: string | Uint8Array,
    encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    this._writev([{ chunk, encoding }], callback);
  }

  override _writev(pending: PendingChunk[], callback: (error?: Error | null) => void): void {
    const chunks = encodeStrings(pending);
    let length = 0;
    for (const chunk of chunks) {
      length += chunk.length;
    }
    this.bytesWritten += length;
    this.#host.transmit(chunks, length, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#host.endGracefully();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#host.abandon(error);
    callback(error);
  }
}

function handleData(this: HttpStream): void {
  feederOf(this).handleTaken();
}

interface StringChunk extends PendingChunk {
  chunk: string;
}

/** Writes neighbouring strings to one Buffer, and leaves bytes in place. */
function encodeStrings(pending: readonly PendingChunk[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let strings: StringChunk[] = [];
  for (const { chunk, encoding } of pending) {
    if (typeof chunk === "string") {
      strings.push({ chunk, encoding });
    } else {
      if (strings.length > 0) {
        chunks.push(joinStrings(strings));
        strings = [];
      }
      chunks.push(chunk);
    }
  }
  if (strings.length > 0) {
    chunks.push(joinStrings(strings));
  }
  return chunks;
}

function joinStrings(strings: readonly StringChunk[]): Buffer {
  let length = 0;
  for (const { chunk, encoding } of strings) {
    length += Buffer.byteLength(chunk, encoding);
  }
  const joined = Buffer.allocUnsafe(length);
  let offset = 0;
  for (const { chunk, encoding } of strings) {
    offset += joined.write(chunk, offset, encoding);
  }
  // Of base64 and hex the length is an estimate: what was not written is memory as it was found.
  return offset === length ? joined : joined.subarray(0, offset);
}
