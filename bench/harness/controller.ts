/** A controller of the load: checks each response and each event that a contender's server sends. */

import { ControllerConnection, type RequestOptions } from "./controller-connection";
import { SESSION_KEYS, SUBSCRIBE, SUBSCRIBED, VERIFIED, VERIFY } from "./home";
import type { Message } from "./message-reader";

/** Holds events that a controller receives against the changes that were made. */
export interface DeliveryCheck {
  /** True when all events have come. */
  readonly isComplete: boolean;
  /** @throws Error if the message says anything else than it must. */
  take(message: Message): void;
}

export class Controller extends ControllerConnection {
  #check: DeliveryCheck | undefined;

  /** Sends the last request of pair-verify, which switches the connection to encryption if the server has it. */
  async verify(encrypted: boolean): Promise<void> {
    await this.get(VERIFY, VERIFIED);
    if (encrypted) {
      this.secure(SESSION_KEYS);
    }
  }

  async subscribe(changes: number): Promise<void> {
    await this.get(SUBSCRIBE + String(changes), SUBSCRIBED);
  }

  /** Sends a request and waits for its response. @throws Error if the response is no success. */
  async ask(method: string, path: string, options?: RequestOptions): Promise<Message> {
    const response = await this.fetch(method, path, options);
    if (response.status !== 200 && response.status !== 204) {
      throw new Error(`${method} ${path} was answered with ${String(response.status)}`);
    }
    return response;
  }

  /** Sends a GET request. @throws Error if the body of the response differs from it. */
  async get(path: string, expected: string): Promise<void> {
    const { body } = await this.ask("GET", path);
    if (body.length !== Buffer.byteLength(expected) || body.toString() !== expected) {
      throw new Error(`the response to GET ${path} differs from the expected one`);
    }
  }

  /** Waits until all these events have come. @throws Error if one is lost, doubled or changed. */
  async receive(check: DeliveryCheck): Promise<void> {
    this.#check = check;
    await this.until(() => check.isComplete, "all events");
  }

  close(): void {
    this.destroy();
  }

  protected override takeMessage(message: Message): void {
    if (message.kind === "response") {
      super.takeMessage(message);
    } else if (this.#check === undefined || this.#check.isComplete) {
      throw new Error("an event came that nobody broadcast");
    } else {
      this.#check.take(message);
    }
  }
}
