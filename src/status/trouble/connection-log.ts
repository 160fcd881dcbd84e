/** The connections of one server that ended, and the controllers that connected again. */

import { subscribe, unsubscribe } from "node:diagnostics_channel";

import type { Clock } from "../../clock";
import type { HAPConnection } from "../../connection";
import {
  connectionClosed,
  connectionOpened,
  type ConnectionClosedMessage,
  type ConnectionOpenedMessage,
} from "../../diagnostics";
import { controllerOf, type Controller } from "./controller";
import { Counts, type Counted } from "./counts";
import { endReasonOf, type EndReason } from "./end-reasons";
import { HOUR } from "./last-hour";

/** Controllers whose last end is remembered: those that left last. */
const MAX_CONTROLLERS = 128;

export class ConnectionLog {
  readonly #server: HAPConnection["server"];
  readonly #clock: Clock;
  readonly #ended: Counts<EndReason>;
  readonly #lost: Counts<EndReason>;
  readonly #reconnects: Counts<Controller>;
  /** When a connection of each controller ended last, in milliseconds of the clock. The longest ago first. */
  readonly #left = new Map<string, number>();

  constructor(server: HAPConnection["server"], clock: Clock) {
    this.#server = server;
    this.#clock = clock;
    this.#ended = new Counts(clock);
    this.#lost = new Counts(clock);
    this.#reconnects = new Counts(clock);
    subscribe(connectionOpened.name, this.#onOpened);
    subscribe(connectionClosed.name, this.#onClosed);
  }

  /** The most frequent reason first. */
  listEnded(): Counted<EndReason>[] {
    return this.#ended.list();
  }

  /**
   * Connections of controllers that did not end in order. A stranger can open and break off as many connections as it
   * likes: they keep no tile waiting.
   */
  listLost(): Counted<EndReason>[] {
    return this.#lost.list();
  }

  /** How often each controller came back within an hour. The most frequent first. */
  listReconnects(): Counted<Controller>[] {
    return this.#reconnects.list();
  }

  /** Ends the log. */
  release(): void {
    unsubscribe(connectionOpened.name, this.#onOpened);
    unsubscribe(connectionClosed.name, this.#onClosed);
  }

  readonly #onOpened = (message: unknown): void => {
    const { connection } = message as ConnectionOpenedMessage;
    if (connection.server === this.#server) {
      connection.once("authenticated", () => {
        const key = keyOf(connection);
        const left = this.#left.get(key);
        if (left !== undefined && this.#clock.now() - left <= HOUR) {
          this.#reconnects.add(key, controllerOf(connection));
        }
      });
    }
  };

  readonly #onClosed = (message: unknown): void => {
    const { connection, reason } = message as ConnectionClosedMessage;
    if (connection.server !== this.#server) {
      return;
    }
    const end = endReasonOf(reason);
    this.#ended.add(end.words, end);
    if (connection.username !== undefined) {
      if (end.code !== null) {
        this.#lost.add(end.words, end);
      }
      this.#remember(keyOf(connection));
    }
  };

  #remember(key: string): void {
    // Last in the map's order.
    this.#left.delete(key);
    this.#left.set(key, this.#clock.now());
    if (this.#left.size > MAX_CONTROLLERS) {
      const [oldest = ""] = this.#left.keys();
      this.#left.delete(oldest);
    }
  }
}

/** All devices of a user share a pairing identifier: only the address tells them apart. */
function keyOf({ username = "", remoteAddress }: HAPConnection): string {
  return `${remoteAddress} ${username}`;
}
