/** A controller's end of one connection: sends requests, and checks every byte that it receives. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { FrameOpener, FrameSealer, type SessionKeys } from "hapwire";

import { MessageReader, type Message } from "./message-reader";
import { patient } from "./patience";

export interface RequestOptions {
  headers?: Record<string, string>;
  body?: string | Buffer;
}

/** Seals the plaintext of a controller and opens the segments of the accessory. */
export interface Codec {
  seal(plaintext: Buffer): Buffer;
  open(segment: Buffer): Buffer;
}

/** The connection has closed before the awaited message came. */
export class Disconnected extends Error {
  override readonly name = "Disconnected";
}

export class ControllerConnection {
  readonly socket: Socket;
  /** Resolves when the connection has closed, for whatever reason. */
  readonly closed: Promise<void>;
  /** Milliseconds to wait for a message: far more than any takes. */
  patience = patient(20_000);
  /** Seals and opens once the session is secured. */
  protected codec: Codec | undefined;
  /** Messages that nobody has taken yet, oldest first. */
  protected readonly inbox: Message[] = [];
  readonly #reader = new MessageReader();
  readonly #waiting: (() => void)[] = [];
  #failure: Error | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        resolve();
        this.#wake();
      });
    });
    socket.on("error", () => {
      // `close` follows.
    });
    socket.on("data", this.takeSegment.bind(this));
  }

  /** @param from - The controller's own address; the system chooses one by default. */
  static async connect<T extends ControllerConnection>(
    this: new (socket: Socket) => T,
    port: number,
    host = "127.0.0.1",
    from?: string,
  ): Promise<T> {
    const socket = connect({ port, host, noDelay: true, ...(from !== undefined && { localAddress: from }) });
    await once(socket, "connect");
    return new this(socket);
  }

  get isClosed(): boolean {
    return this.socket.destroyed;
  }

  /** The first thing that was wrong with what came, or that did not come in time. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** The bytes of a message that is not whole. */
  get unfinished(): Buffer {
    return this.#reader.unfinished;
  }

  /** Speaks through the secured session from here on. */
  secure({ controllerToAccessoryKey, accessoryToControllerKey }: SessionKeys): void {
    const sealer = new FrameSealer(controllerToAccessoryKey);
    const opener = new FrameOpener(accessoryToControllerKey);
    this.codec = { seal: sealer.seal.bind(sealer), open: opener.open.bind(opener) };
  }

  /** @returns The bytes of this plaintext on the wire. */
  seal(plaintext: string | Buffer): Buffer {
    const bytes = Buffer.from(plaintext as string, "latin1");
    return this.codec?.seal(bytes) ?? bytes;
  }

  /** Writes plaintext, sealed once the session is secured. */
  write(plaintext: string | Buffer): void {
    this.socket.write(this.seal(plaintext));
  }

  /** Writes a request without waiting for its response. */
  send(method: string, path: string, options: RequestOptions = {}): void {
    this.write(this.request(method, path, options));
  }

  /** @returns The bytes of a request, whose response is expected from now on. */
  request(method: string, path: string, { headers = {}, body = "" }: RequestOptions = {}): Buffer {
    this.#reader.expectAnswerTo(method);
    const fields: Record<string, string> = { Host: "accessory.local", ...headers };
    if (body.length > 0 && fields["Transfer-Encoding"] === undefined) {
      fields["Content-Length"] = String(Buffer.byteLength(body));
    }
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    return Buffer.concat([
      Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`),
      Buffer.from(body as string),
    ]);
  }

  /** Writes a request and waits for the next message, which must be its response. */
  async fetch(method: string, path: string, options?: RequestOptions): Promise<Message> {
    this.send(method, path, options);
    return this.nextResponse();
  }

  /** Waits for the next message of either kind. */
  async next(): Promise<Message> {
    await this.until(() => this.inbox.length > 0, "the next message");
    const message = this.inbox.shift();
    if (message === undefined) {
      throw new Error("two callers wait for the next message, and one has come");
    }
    return message;
  }

  /** Waits for the next message, which must be a response. */
  async nextResponse(): Promise<Message> {
    const message = await this.next();
    if (message.kind !== "response") {
      throw new Error(`an event came before the response: ${message.body.toString()}`);
    }
    return message;
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Takes a segment as it came from the socket. */
  protected takeSegment(segment: Buffer): void {
    if (this.#failure !== undefined) {
      return;
    }
    try {
      for (const message of this.#reader.push(this.codec?.open(segment) ?? segment)) {
        this.takeMessage(message);
      }
    } catch (error) {
      this.fail(error as Error);
    }
    this.#wake();
  }

  /** Takes a message. @throws Error if it must not come now. */
  protected takeMessage(message: Message): void {
    this.inbox.push(message);
  }

  /** Ends all waiting with this error, now and later. */
  protected fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  /** Waits until messages have made the condition true. @throws {@link Disconnected} */
  protected async until(isTrue: () => boolean, what: string): Promise<void> {
    const deadline = setTimeout(() => {
      this.fail(new Error(`${what} did not come in ${String(this.patience / 1000)} s`));
    }, this.patience);
    try {
      while (!isTrue()) {
        if (this.#failure !== undefined) {
          throw this.#failure;
        }
        if (this.isClosed) {
          throw new Disconnected(`the connection was closed before ${what} came`);
        }
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) {
      resolve();
    }
  }
}
