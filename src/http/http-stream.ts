/**
 * The in-memory socket between a connection and its HTTP server: plaintext of requests goes in, plaintext of responses
 * comes out. To handlers it looks like the controller's socket.
 */

import type { AddressInfo } from "node:net";
import { Duplex } from "node:stream";

/** What the stream needs of its connection. */
export interface HttpStreamHost {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly remoteFamily: string | undefined;
  readonly localAddress: string;
  readonly localPort: number | undefined;
  /** Whether what goes out is sealed. */
  readonly encrypted: boolean;
  /** Sends a piece of a response; calls back when the next one may come, or with the error that closed the connection. */
  transmit(chunks: readonly Uint8Array[], callback: (error?: Error | null) => void): void;
  /** The HTTP server wants more of the controller's bytes. */
  resume(): void;
  /** The HTTP server is done with the connection: all it wrote goes out, then it is closed. */
  endGracefully(): void;
  /** The HTTP server gives the connection up. */
  abandon(error: Error | null): void;
  /** Watches for inactivity of the controller, as `net.Socket.setTimeout` does. */
  setTimeout(milliseconds: number): void;
}

interface PendingChunk {
  chunk: Uint8Array;
}

export class HttpStream extends Duplex {
  /** As on a connected socket. */
  readonly connecting = false;
  readonly pending = false;
  /** Plaintext bytes of requests so far. */
  bytesRead = 0;
  /** Plaintext bytes of responses so far. */
  bytesWritten = 0;
  readonly #host: HttpStreamHost;

  constructor(host: HttpStreamHost) {
    super({ allowHalfOpen: true });
    this.#host = host;
  }

  get remoteAddress(): string {
    return this.#host.remoteAddress;
  }

  get remotePort(): number {
    return this.#host.remotePort;
  }

  get remoteFamily(): string | undefined {
    return this.#host.remoteFamily;
  }

  get localAddress(): string {
    return this.#host.localAddress;
  }

  get localPort(): number | undefined {
    return this.#host.localPort;
  }

  get localFamily(): string | undefined {
    return this.#host.remoteFamily;
  }

  /** True once the controller and this side speak through the secured session. */
  get encrypted(): boolean {
    return this.#host.encrypted;
  }

  address(): AddressInfo {
    return { address: this.localAddress, family: this.localFamily ?? "", port: this.localPort ?? 0 };
  }

  setTimeout(milliseconds: number, callback?: () => void): this {
    this.#host.setTimeout(milliseconds);
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

  /** @returns false where no more should come until {@link HttpStreamHost.resume}. */
  receive(plaintext: Buffer): boolean {
    this.bytesRead += plaintext.length;
    return this.push(plaintext);
  }

  override _read(): void {
    this.#host.resume();
  }

  override _write(
    chunk: Uint8Array,
    _encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    this.bytesWritten += chunk.length;
    this.#host.transmit([chunk], callback);
  }

  override _writev(pending: PendingChunk[], callback: (error?: Error | null) => void): void {
    const chunks = pending.map(({ chunk }) => chunk);
    for (const chunk of chunks) {
      this.bytesWritten += chunk.length;
    }
    this.#host.transmit(chunks, callback);
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
