/** A device of the demo, such as a phone: a controller that pair-verifies, sends requests, and keeps the events. */

import { ControllerConnection, type RequestOptions } from "#bench/harness/controller-connection";
import type { Message } from "#bench/harness/message-reader";
import type { Accessory, Post, User } from "#bench/harness/pairing";

const TLV = "application/pairing+tlv8";

/** An entry of an event, of a read or of a write. */
export interface Entry {
  readonly aid: number;
  readonly iid: number;
  readonly value?: unknown;
}

export class Device extends ControllerConnection {
  /** All events, oldest first, each as `aid.iid=value`. */
  readonly events: string[] = [];
  /** The kinds of all messages, in the order in which they came. */
  readonly order: Message["kind"][] = [];
  /** EVENT messages so far. */
  eventMessages = 0;

  /** Posts a message of pairing. */
  readonly post: Post = async (path, body) =>
    (await this.fetch("POST", path, { body, headers: { "Content-Type": TLV } })).body;

  /** Connects and does pair-verify. */
  static async open(port: number, user: User, bridge: Accessory): Promise<Device> {
    const device = await Device.connect(port);
    device.secure(await user.verify(device.post, bridge));
    return device;
  }

  /** Sends a request. @returns The JSON of the answer, undefined if the answer has no body. */
  async ask(method: "GET" | "PUT", path: string, content?: object): Promise<unknown> {
    const options: RequestOptions = content === undefined ? {} : { body: JSON.stringify(content) };
    const { status, body } = await this.fetch(method, path, options);
    if (status >= 300) {
      throw new Error(`${method} ${path} was answered with ${String(status)}: ${body.toString()}`);
    }
    return body.length === 0 ? undefined : (JSON.parse(body.toString()) as unknown);
  }

  /** Waits until so many events have come in all. */
  async receive(count: number): Promise<void> {
    await this.until(() => this.events.length >= count, `event ${String(count)}`);
  }

  protected override takeMessage(message: Message): void {
    this.order.push(message.kind);
    if (message.kind === "response") {
      super.takeMessage(message);
      return;
    }
    this.eventMessages += 1;
    const { characteristics } = JSON.parse(message.body.toString()) as { characteristics: Entry[] };
    for (const { aid, iid, value } of characteristics.reverse()) {
      this.events.push(`${String(aid)}.${String(iid)}=${String(value)}`);
    }
  }
}
