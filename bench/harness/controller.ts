/** A controller of the load: checks each response and each event that a contender's server sends. */

import { ControllerConnection } from "./controller-connection";
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

  /** Sends a GET request. @throws Error if the response is not 200 with this body. */
  async get(path: string, expected: string): Promise<void> {
    const { status, body } = await this.fetch("GET", path);
    if (status !== 200 || body.length !== Buffer.byteLength(expected) || body.toString() !== expected) {
      throw new Error(`the response to GET ${path} is not the one expected, status ${String(status)}`);
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
