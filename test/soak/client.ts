/** A controller of the soak: it keeps no message, only a tally of events. */

import { randomBytes } from "node:crypto";

import { ControllerConnection } from "#bench/harness/controller-connection";
import type { Message } from "#bench/harness/message-reader";

import { EMPTY_TALLY, LAST_IID, tallied, type Tally } from "./messages";

export class Client extends ControllerConnection {
  tally: Tally = EMPTY_TALLY;
  /** Whether the last event of all has come. */
  hasLast = false;
  /** Hundreds of controllers share the machine. */
  override patience = 60_000;

  /** Switches to encryption. */
  async verify(id: string, username: string, subscriptions: readonly number[]): Promise<void> {
    const [accessoryToControllerKey, controllerToAccessoryKey] = [randomBytes(32), randomBytes(32)];
    const introduction = {
      id,
      username,
      subscriptions,
      accessoryKey: accessoryToControllerKey.toString("hex"),
      controllerKey: controllerToAccessoryKey.toString("hex"),
    };
    await this.fetch("POST", "/pair-verify", { body: JSON.stringify(introduction) });
    this.secure({ accessoryToControllerKey, controllerToAccessoryKey });
    await this.fetch("GET", "/content/1");
  }

  protected override takeMessage(message: Message): void {
    if (message.kind === "response") {
      super.takeMessage(message);
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

  /** Closes the connection too, because the visitor replaces a controller that has failed. */
  protected override fail(error: Error): void {
    super.fail(error);
    this.destroy();
  }
}
