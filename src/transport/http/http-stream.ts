/** The in-memory socket between a connection and its HTTP server. To handlers it looks like the controller's socket. */

import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Duplex } from "node:stream";

import type { WriteCallback } from "../transfer";
import type { Wire } from "../wire";

/** The controller's socket. */
export type HttpStreamWire = Pick<Wire, "addresses" | "seals" | "resume" | "setTimeout">;

/** Feeds the stream, and follows the requests that Node's parser finds. */
export interface HttpStreamFeeder {
  /** The stream has room for more of the controller's bytes. */
  feedMore(): void;
  /** The HTTP server has taken bytes from the stream. */
  handleTaken(): void;
  /** The parser has handed out this many bytes of a body. @returns False if the request must not keep the last of them. */
  handleBody(bodySize: number): boolean;
  /** The parser has seen the end of a request, and this many bytes of its body. */
  handleComplete(request: IncomingMessage, bodySize: number): void;
}

/** The connection of a stream. */
export interface HttpStreamHost {
  /**
   * Sends a piece of a response.
   *
   * @param length - The sum of the chunks' lengths, in bytes.
   * @param callback - Called when the next piece may come, or with the error that closed the connection.
   */
  transmit(chunks: readonly Uint8Array[], length: number, callback: WriteCallback): void;
  /** The HTTP server ends the connection: all that it wrote goes out, then the connection closes. */
  endGracefully(): void;
  /** The HTTP server or a handler destroys the connection. */
  abandon(error: Error | null): void;
}

/** A piece of a response as the HTTP server writes it. Heads and most bodies are strings. */
interface PendingChunk {
  chunk: string | Uint8Array;
  encoding: BufferEncoding;
}

/** The feeder of a stream. Handlers, who get the stream as a socket, can't reach it. */
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
    // Undecoded, so that all strings of a response are written to one Buffer.
    super({ allowHalfOpen: true, decodeStrings: false });
    this.#feeder = feeder;
    this.#host = host;
    this.#wire = wire;
  }

  /** Tells the feeder when bytes were taken. Called after the HTTP server has added its listeners. */
  watch(): void {
    // Node has put closures here, for a parser that reads from a handle. The stream has no handle, and they take 0.3 KiB.
    this.on = super.on;
    this.addListener = super.addListener;
    this.prependListener = super.prependListener;
    this.on("data", HttpStream.#onData);
  }

  get remoteAddress(): string | undefined {
    return this.#wire.addresses.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#wire.addresses.remotePort;
  }

  get remoteFamily(): string | undefined {
    return this.#wire.addresses.remoteFamily;
  }

  get localAddress(): string | undefined {
    return this.#wire.addresses.localAddress;
  }

  get localPort(): number | undefined {
    return this.#wire.addresses.localPort;
  }

  get localFamily(): string | undefined {
    return this.#wire.addresses.remoteFamily;
  }

  /** True if output is sealed. */
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

  /** Called by Node's HTTP server after the last response. */
  destroySoon(): void {
    this.end();
  }

  /** @returns False if no more should come until `feedMore`. @throws The error of a listener of a request. */
  receive(plaintext: Buffer): boolean {
    this.bytesRead += plaintext.length;
    try {
      if (this.readableFlowing === true && this.readableLength === 0) {
        // `push` would do the same, and schedule a call of `_read` that has nothing to do.
        this.emit("data", plaintext);
        return true;
      }
      return this.push(plaintext);
    } catch (error) {
      // Node's parser has lost the rest.
      this.destroy(error as Error);
      throw error;
    }
  }

  static #onData(this: HttpStream): void {
    this.#feeder.handleTaken();
  }

  override _read(): void {
    this.#feeder.feedMore();
  }

  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, callback: WriteCallback): void {
    this._writev([{ chunk, encoding }], callback);
  }

  override _writev(pending: PendingChunk[], callback: WriteCallback): void {
    const chunks = encodeStrings(pending);
    let length = 0;
    for (const chunk of chunks) {
      length += chunk.length;
    }
    this.bytesWritten += length;
    this.#host.transmit(chunks, length, callback);
  }

  override _final(callback: WriteCallback): void {
    this.#host.endGracefully();
    callback();
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    this.#host.abandon(error);
    callback(error);
  }
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
  // The length of base64 and hex is an estimate. Unwritten memory must not go out.
  return offset === length ? joined : joined.subarray(0, offset);
}
