/**
 * The idle sweep: closes connections that have been silent for too long. It sleeps until the first of them can be due, and
 * never keeps the process alive. [PROTOCOL: fault 9]
 */

import type { Clock, Timer } from "./clock";

/** What the sweep asks of a connection. */
export interface Idler {
  /** When bytes last came or went, in milliseconds of the clock. */
  readonly lastSocketOperation: number;
  /** Whether silence is enough to close it, however few there are: the accessory does not know it, or it ends. */
  readonly isExpendable: boolean;
}

export interface IdleSweepOptions {
  /** Milliseconds of silence after which a connection is closed that is worth keeping. */
  idleTimeout: number;
  /** From how many connections on that is done. */
  threshold: number;
  /** Milliseconds of silence after which all others are closed, always. */
  strangerIdleTimeout: number;
}

type Connections<Connection> = Iterable<Connection> & { readonly size: number };

export class IdleSweep<Connection extends Idler> {
  readonly #clock: Clock;
  readonly #options: IdleSweepOptions;
  readonly #connections: Connections<Connection>;
  readonly #close: (connection: Connection, idleFor: number) => void;
  #timer: Timer | undefined;
  /** When the timer goes off, in milliseconds of the clock: no connection is due before. */
  #timerAt = Infinity;

  constructor(
    clock: Clock,
    options: IdleSweepOptions,
    connections: Connections<Connection>,
    close: (connection: Connection, idleFor: number) => void,
  ) {
    this.#clock = clock;
    this.#options = options;
    this.#connections = connections;
    this.#close = close;
  }

  /** To be called when a connection was added. */
  connectionAdded(connection: Connection): void {
    if (this.#connections.size === this.#options.threshold) {
      // From now on those worth keeping are looked at too.
      this.#sweep();
    } else {
      this.connectionChanged(connection);
    }
  }

  /** To be called when a connection may be due earlier than it was. */
  connectionChanged(connection: Connection): void {
    this.#wakeAt(this.#dueAt(connection));
  }

  stop(): void {
    if (this.#timer !== undefined) {
      this.#clock.clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#timerAt = Infinity;
    }
  }

  #dueAt(connection: Connection): number {
    const { idleTimeout, strangerIdleTimeout, threshold } = this.#options;
    if (connection.isExpendable) {
      return connection.lastSocketOperation + strangerIdleTimeout;
    }
    return this.#connections.size >= threshold ? connection.lastSocketOperation + idleTimeout : Infinity;
  }

  #sweep(): void {
    this.stop();
    const now = this.#clock.now();
    for (const connection of [...this.#connections]) {
      const dueAt = this.#dueAt(connection);
      if (dueAt <= now) {
        this.#close(connection, now - connection.lastSocketOperation);
      } else {
        this.#wakeAt(dueAt);
      }
    }
  }

  /** Makes sure that the sweep runs at this time, or before. */
  #wakeAt(time: number): void {
    if (time >= this.#timerAt) {
      return;
    }
    this.stop();
    this.#timerAt = time;
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#sweep();
      },
      Math.max(0, time - this.#clock.now()),
    );
  }
}
