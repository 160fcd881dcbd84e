/** A controller of the load: speaks to a contender's server over TCP, and takes nothing on trust that it hears. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { FrameOpener, FrameSealer, type SessionKeys } from "hapwire";

import { SESSION_KEYS, SUBSCRIBE, SUBSCRIBED, VERIFIED, VERIFY } from "./home";
import { MessageReader, type Message } from "./message-reader";

/** Milliseconds without a message after which one is taken for lost. */
const PATIENCE = 20_000;

/** Holds events that a controller receives against the changes that were made. */
export interface DeliveryCheck {
  /** True when all events have come. */
  readonly isComplete: boolean;
  /** @throws Error if the message says anything else than it must. */
  take(message: Message): void;
}

/** What a request sends. */
export interface Content {
  readonly method: string;
  readonly type: string;
  readonly body: Buffer;
}

const GET: Content = { method: "GET", type: "", body: Buffer.alloc(0) };

interface Waiting {
  readonly resolve: (message: Message) => void;
  readonly reject: (error: Error) => void;
}

export class Controller {
  readonly #socket: Socket;
  readonly #reader = new MessageReader();
  #sealer: FrameSealer | undefined;
  #opener: FrameOpener | undefined;
  #response: Waiting | undefined;
  #events: (Waiting & { readonly check: DeliveryCheck }) | undefined;
  #failure: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (segment) => {
      try {
        this.#take(segment);
      } catch (error) {
        this.#fail(error as Error);
      }
    });
    socket.on("error", this.#fail.bind(this));
    socket.on("close", () => {
      this.#fail(new Error("the server closed the connection"));
    });
  }

  static async connect(port: number): Promise<Controller> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new Controller(socket);
  }

  /** Sends the last request of pair-verify, which switches the connection to encryption unless the server has none. */
  async verify(encrypted: boolean): Promise<void> {
    await this.get(VERIFY, VERIFIED);
    if (encrypted) {
      this.secure(SESSION_KEYS);
    }
  }

  /** Encrypts all that follows. */
  secure(keys: SessionKeys): void {
    this.#sealer = new FrameSealer(keys.controllerToAccessoryKey);
    this.#opener = new FrameOpener(keys.accessoryToControllerKey);
  }

  async subscribe(changes: number): Promise<void> {
    await this.get(SUBSCRIBE + String(changes), SUBSCRIBED);
  }

  /** Sends a GET request and waits for its response. @throws Error if the body is another than this. */
  async get(path: string, body: string): Promise<void> {
    const message = await this.request(path);
    if (message.body.length !== Buffer.byteLength(body) || message.body.toString() !== body) {
      throw new Error(`the response to GET ${path} is not the one that was to come`);
    }
  }

  /** Sends a request and waits for its response. @throws Error if the response is no success. */
  async request(path: string, { method, type, body }: Content = GET): Promise<Message> {
    const about =
      method === "GET" ? "" : `Content-Type: ${type}\r\nContent-Length: ${String(body.length)}\r\n`;
    const head = Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: bridge.local\r\n${about}\r\n`);
    const request = body.length === 0 ? head : Buffer.concat([head, body]);
    return this.#await("a response", (waiting) => {
      this.#response = waiting;
      this.#socket.write(this.#sealer?.seal(request) ?? request);
    });
  }

  /** Waits until all these events have come. @throws Error if one is lost, doubled or changed. */
  async receive(check: DeliveryCheck): Promise<void> {
    await this.#await("all events", (waiting) => {
      this.#events = { ...waiting, check };
    });
  }

  close(): void {
    this.#socket.removeAllListeners("close");
    this.#socket.destroy();
  }

  async #await(what: string, start: (waiting: Waiting) => void): Promise<Message> {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    const deadline = setTimeout(() => {
      this.#fail(new Error(`${what} did not come in ${String(PATIENCE / 1000)} s`));
    }, PATIENCE);
    try {
      return await new Promise((resolve, reject) => {
        start({ resolve, reject });
      });
    } finally {
      clearTimeout(deadline);
    }
  }

  #take(segment: Buffer): void {
    const plaintext = this.#opener === undefined ? segment : this.#opener.open(segment);
    for (const message of this.#reader.push(plaintext)) {
      if (message.kind === "event") {
        this.#takeEvent(message);
      } else {
        this.#takeResponse(message);
      }
    }
  }

  #takeResponse(message: Message): void {
    const response = this.#response;
    if (response === undefined) {
      throw new Error("a response came that nobody asked for");
    }
    this.#response = undefined;
    response.resolve(message);
  }

  #takeEvent(message: Message): void {
    if (this.#events === undefined) {
      throw new Error("an event came that nobody broadcast");
    }
    const { check, resolve } = this.#events;
    check.take(message);
    if (check.isComplete) {
      this.#events = undefined;
      resolve(message);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#response?.reject(error);
    this.#events?.reject(error);
  }
}
