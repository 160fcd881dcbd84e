/** The connections of one server that ended, and the controllers that connected again. */

import type { Clock } from "../../clock";
import type { HAPConnection } from "../../connection";
import {
  connectionClosed,
  connectionOpened,
  type ConnectionClosedMessage,
  type ConnectionOpenedMessage,
} from "../../diagnostics";
import type { UserNumbers, Who } from "../users";
import { Counts, type Counted } from "./counts";
import { endReasonOf, type EndReason } from "./end-reasons";
import { HOUR } from "./last-hour";
import { listen } from "./listen";

/** Controllers whose last end is remembered: those that left last. */
const MAX_CONTROLLERS = 128;

export class ConnectionLog {
  /** Ends the log. */
  readonly release: () => void;
  readonly #clock: Clock;
  readonly #users: UserNumbers;
  readonly #ended: Counts<EndReason>;
  readonly #lost: Counts<EndReason>;
  readonly #reconnects: Counts<Who>;
  /** When a connection of each controller ended last, in milliseconds of the clock. The longest ago first. */
  readonly #left = new Map<string, number>();

  constructor(server: HAPConnection["server"], clock: Clock, users: UserNumbers) {
    this.#clock = clock;
    this.#users = users;
    this.#ended = new Counts(clock);
    this.#lost = new Counts(clock);
    this.#reconnects = new Counts(clock);
    this.release = listen<[ConnectionOpenedMessage, ConnectionClosedMessage]>(
      server,
      [connectionOpened, this.#onOpened.bind(this)],
      [connectionClosed, this.#onClosed.bind(this)],
    );
  }

  /** The most frequent reason first. */
  listEnded(): Counted<EndReason>[] {
    return this.#ended.list();
  }

  /**
   * Connections of controllers that did not end in order. Strangers are left out: they can open and break off as many
   * connections as they like, and keep no tile waiting.
   */
  listLost(): Counted<EndReason>[] {
    return this.#lost.list();
  }

  /** How often each controller came back within an hour. The most frequent first. */
  listReconnects(): Counted<Who>[] {
    return this.#reconnects.list();
  }

  #onOpened({ connection }: ConnectionOpenedMessage): void {
    connection.once("authenticated", () => {
      const key = keyOf(connection);
      const left = this.#left.get(key);
      if (left !== undefined && this.#clock.now() - left <= HOUR) {
        this.#reconnects.add(key, this.#users.whoIs(connection));
      }
    });
  }

  #onClosed({ connection, reason }: ConnectionClosedMessage): void {
    const end = endReasonOf(reason);
    this.#ended.add(end.words, end);
    if (connection.username !== undefined) {
      if (end.code !== null) {
        this.#lost.add(end.words, end);
      }
      this.#remember(keyOf(connection));
    }
  }

  #remember(key: string): void {
    // Moves the entry to the end of the map's order.
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
