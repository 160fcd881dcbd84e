/** A controller of the soak: it keeps no message, only a tally of events and the answer that it waits for. */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { FrameOpener, FrameSealer } from "hapwire";

import { MessageReader, type Message } from "../support/message-reader";
import { EMPTY_TALLY, LAST_IID, tallied, type Tally } from "./messages";

/** Milliseconds in which an answer must come, on a machine that does nothing else than this. */
const PATIENCE = 60_000;

/** The connection has ended: that may happen at any time. */
export class Disconnected extends Error {}

export class Client {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  tally: Tally = EMPTY_TALLY;
  /** Whether the last event of all has come. */
  hasLast = false;
  readonly #reader = new MessageReader();
  #sealer: FrameSealer | undefined;
  #opener: FrameOpener | undefined;
  #answered: ((outcome: Message | Error) => void) | undefined;
  #fault: Error | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.#sealer?.destroy();
        this.#opener?.destroy();
        this.#answer(this.#fault ?? new Disconnected());
        resolve();
      });
    });
    socket.on("error", () => {
      // `close` follows.
    });
    socket.on("data", this.#onData.bind(this));
  }

  /** @throws {@link Disconnected} */
  static async connect(port: number): Promise<Client> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    try {
      await once(socket, "connect");
    } catch {
      throw new Disconnected();
    }
    return new Client(socket);
  }

  /** What was wrong with what came; undefined for nothing. */
  get fault(): Error | undefined {
    return this.#fault;
  }

  /** Switches to encryption. */
  async verify(id: string, username: string, subscriptions: readonly number[]): Promise<void> {
    const [accessoryKey, controllerKey] = [randomBytes(32), randomBytes(32)];
    const introduction = {
      id,
      username,
      subscriptions,
      accessoryKey: accessoryKey.toString("hex"),
      controllerKey: controllerKey.toString("hex"),
    };
    await this.request("POST", "/pair-verify", Buffer.from(JSON.stringify(introduction)));
    this.#sealer = new FrameSealer(controllerKey);
    this.#opener = new FrameOpener(accessoryKey);
    await this.request("GET", "/content/1");
  }

  /** @throws {@link Disconnected}, or an error that says what was wrong. */
  async request(method: string, path: string, body: Buffer = Buffer.alloc(0)): Promise<Message> {
    const answer = new Promise<Message | Error>((resolve) => {
      this.#answered = resolve;
      if (this.socket.destroyed) {
        this.#answer(this.#fault ?? new Disconnected());
      }
    });
    const timer = setTimeout(() => {
      this.#fail(new Error(`${method} ${path} was not answered within ${String(PATIENCE)} ms`));
    }, PATIENCE);
    this.send(method, path, body);
    const outcome = await answer;
    clearTimeout(timer);
    if (outcome instanceof Error) {
      throw outcome;
    }
    return outcome;
  }

  /** Sends a request and does not wait. */
  send(method: string, path: string, body: Buffer = Buffer.alloc(0)): void {
    this.#reader.expectAnswerTo(method);
    const length = body.length > 0 ? `Content-Length: ${String(body.length)}\r\n` : "";
    const head = `${method} ${path} HTTP/1.1\r\nHost: accessory.local\r\n${length}\r\n`;
    this.write(this.seal(Buffer.concat([Buffer.from(head), body])));
  }

  seal(plaintext: Buffer): Buffer {
    return this.#sealer === undefined || this.socket.destroyed ? plaintext : this.#sealer.seal(plaintext);
  }

  write(bytes: Buffer): void {
    if (this.socket.writable) {
      this.socket.write(bytes);
    }
  }

  #onData(segment: Buffer): void {
    try {
      const plaintext = this.#opener === undefined ? segment : this.#opener.open(segment);
      for (const message of this.#reader.push(plaintext)) {
        this.#take(message);
      }
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #take(message: Message): void {
    if (message.kind === "response") {
      this.#answer(message);
      return;
    }
    const { characteristics } = JSON.parse(message.body.toString()) as {
      characteristics: { iid: number; value: number }[];
    };
    for (const { iid, value } of characteristics.reverse()) {
      this.tally = tallied(this.tally, iid, value);
      this.hasLast ||= iid === LAST_IID;
    }
  }

  #fail(fault: Error): void {
    this.#fault ??= fault;
    this.socket.destroy();
  }

  #answer(outcome: Message | Error): void {
    this.#answered?.(outcome);
    this.#answered = undefined;
  }
}
