/** Subscribes a log to the diagnostics channels, for the connections of one server. */

import { subscribe, unsubscribe, type Channel } from "node:diagnostics_channel";

import type { HAPConnection } from "../../connection";
import type { ConnectionOpenedMessage } from "../../diagnostics";

type Handlers<Messages extends ConnectionOpenedMessage[]> = {
  [Index in keyof Messages]: readonly [channel: Channel, handle: (message: Messages[Index]) => void];
};

/**
 * Calls each handler with the messages of its channel, if they are about a connection of this server.
 *
 * @returns A function that ends all subscriptions.
 */
export function listen<Messages extends ConnectionOpenedMessage[]>(
  server: HAPConnection["server"],
  ...handlers: Handlers<Messages>
): () => void {
  const subscriptions = handlers.map(([{ name }, handle]) => {
    const onMessage = (message: unknown): void => {
      if ((message as ConnectionOpenedMessage).connection.server === server) {
        (handle as (message: unknown) => void)(message);
      }
    };
    subscribe(name, onMessage);
    return [name, onMessage] as const;
  });
  return () => {
    for (const [name, onMessage] of subscriptions) {
      unsubscribe(name, onMessage);
    }
  };
}
