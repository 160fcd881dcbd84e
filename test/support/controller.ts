/** A controller over a real TCP socket: writes requests, seals them once secured, and reads what comes back. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { FrameOpener, FrameSealer, type SessionKeys } from "hapwire";

import { MessageReader, type Message } from "./message-reader";
import { patient } from "./patience";

/** One entry of an EVENT message. */
export interface EventEntry {
  aid: number;
  iid: number;
  value?: unknown;
}

export interface RequestOptions {
  headers?: Record<string, string>;
  body?: string | Buffer;
}

/** Milliseconds after which a test gives up waiting for a message: far more than any takes, so that only a hang meets it. */
const PATIENCE = patient(20_000);

export class Controller {
  readonly socket: Socket;
  /** All messages so far, in the order in which they came. */
  readonly messages: Message[] = [];
  /** Bytes from the accessory so far, as they stood on the wire. */
  readonly received: Buffer[] = [];
  /** Resolves when the connection is gone, however that came. */
  readonly closed: Promise<void>;
  readonly #reader = new MessageReader();
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #sealer: FrameSealer | undefined;
  #opener: FrameOpener | undefined;
  #failure: unknown;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        resolve();
        this.#wake();
      });
    });
    socket.on("data", this.#onData.bind(this));
    socket.on("error", () => {
      // A reset is a way to close; tests look at what was received.
    });
  }

  /** @param from - The controller's own address; the system chooses one by default. */
  static async connect(port: number, host = "127.0.0.1", from?: string): Promise<Controller> {
    const socket = connect({ port, host, noDelay: true, ...(from !== undefined && { localAddress: from }) });
    await once(socket, "connect");
    return new Controller(socket);
  }

  get isClosed(): boolean {
    return this.socket.destroyed;
  }

  /** What has come of a message that is not whole. */
  get unfinished(): Buffer {
    return this.#reader.unfinished;
  }

  /** EVENT messages so far. */
  get eventMessages(): EventEntry[][] {
    return this.messages.filter(({ kind }) => kind === "event").map(entriesOf);
  }

  /** Events so far, oldest first. */
  get events(): EventEntry[] {
    return this.eventMessages.flatMap((entries) => entries.toReversed());
  }

  /** Speaks through the secured session from here on. */
  secure(keys: SessionKeys): void {
    this.#sealer = new FrameSealer(keys.controllerToAccessoryKey);
    this.#opener = new FrameOpener(keys.accessoryToControllerKey);
  }

  /** @returns what goes on the wire for this plaintext. */
  seal(plaintext: string | Buffer): Buffer {
    const bytes = Buffer.from(plaintext as string, "latin1");
    return this.#sealer === undefined ? bytes : this.#sealer.seal(bytes);
  }

  /** Writes plaintext, sealed once secured. */
  write(plaintext: string | Buffer): void {
    this.socket.write(this.seal(plaintext));
  }

  /** Writes a request and does not wait. */
  send(method: string, path: string, options: RequestOptions = {}): void {
    this.write(this.request(method, path, options));
  }

  /** @returns the bytes of a request, whose answer is awaited from now on. */
  request(method: string, path: string, { headers = {}, body = "" }: RequestOptions = {}): Buffer {
    this.#reader.expectAnswerTo(method);
    const fields: Record<string, string> = { Host: "accessory.local", ...headers };
    if (body.length > 0 && fields["Transfer-Encoding"] === undefined) {
      fields["Content-Length"] = String(Buffer.byteLength(body));
    }
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    return Buffer.concat([
      Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`),
      Buffer.from(body),
    ]);
  }

  /** Writes a request and waits for the next message, which must be its response. */
  async fetch(method: string, path: string, options?: RequestOptions): Promise<Message> {
    this.send(method, path, options);
    return this.nextResponse();
  }

  async get(path: string): Promise<Message> {
    return this.fetch("GET", path);
  }

  /** Waits for the next message of either kind. */
  async next(): Promise<Message> {
    await this.#until(() => this.messages.length > this.#taken, "the next message");
    const message = this.messages[this.#taken];
    assert.ok(message !== undefined);
    this.#taken += 1;
    return message;
  }

  async nextResponse(): Promise<Message> {
    const message = await this.next();
    assert.equal(message.kind, "response", `expected a response, got ${message.body.toString()}`);
    return message;
  }

  /** Waits for the next response, past the events that come before it. */
  async responseAfterEvents(): Promise<Message> {
    let message = await this.next();
    while (message.kind === "event") {
      message = await this.next();
    }
    return message;
  }

  /** Forgets all that was received so far. */
  forget(): void {
    this.messages.length = 0;
    this.received.length = 0;
    this.#taken = 0;
  }

  /** Waits for the next message, which must be an event. @returns its list as sent: newest first. */
  async nextEvents(): Promise<EventEntry[]> {
    const message = await this.next();
    assert.equal(message.kind, "event", "expected an event, got a response");
    return entriesOf(message);
  }

  /** Waits until `count` events have come in all. */
  async receiveEvents(count: number): Promise<EventEntry[]> {
    await this.#until(() => this.events.length >= count, `${String(count)} events`);
    this.#taken = this.messages.length;
    return this.events;
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #until(isTrue: () => boolean, what: string): Promise<void> {
    const deadline = setTimeout(() => {
      this.#failure ??= new Error(`${what} did not come`);
      this.#wake();
    }, PATIENCE);
    try {
      while (!isTrue()) {
        if (this.#failure !== undefined) {
          throw this.#failure as Error;
        }
        if (this.isClosed) {
          throw new Error(`the connection was closed before ${what}`);
        }
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  #onData(segment: Buffer): void {
    this.received.push(segment);
    try {
      const plaintext = this.#opener === undefined ? segment : this.#opener.open(segment);
      this.messages.push(...this.#reader.push(plaintext));
    } catch (error) {
      this.#failure = error;
    }
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) {
      resolve();
    }
  }
}

function entriesOf(message: Message): EventEntry[] {
  const { characteristics } = JSON.parse(message.body.toString()) as { characteristics: EventEntry[] };
  return characteristics;
}
