/**
 * The idle sweep: on a server with many connections, those that have been silent for long are closed, since iOS leaves
 * some behind. It sleeps until the first connection can be due, and never keeps the process alive. [PROTOCOL: fault 9]
 */

import type { Clock, Timer } from "./clock";

/** What the sweep asks of a connection. */
export interface Idler {
  /** When bytes last came or went, in milliseconds of the clock. */
  readonly lastSocketOperation: number;
}

export interface IdleSweepOptions {
  /** Milliseconds of silence after which a connection is closed. */
  idleTimeout: number;
  /** From how many connections on the sweep runs. */
  threshold: number;
}

export class IdleSweep<Connection extends Idler> {
  readonly #clock: Clock;
  readonly #options: IdleSweepOptions;
  readonly #connections: Iterable<Connection> & { readonly size: number };
  readonly #close: (connection: Connection, idleFor: number) => void;
  #timer: Timer | undefined;

  constructor(
    clock: Clock,
    options: IdleSweepOptions,
    connections: Iterable<Connection> & { readonly size: number },
    close: (connection: Connection, idleFor: number) => void,
  ) {
    this.#clock = clock;
    this.#options = options;
    this.#connections = connections;
    this.#close = close;
  }

  /** To be called when a connection was added. */
  connectionAdded(): void {
    if (this.#timer === undefined && this.#connections.size >= this.#options.threshold) {
      this.#sweep();
    }
  }

  stop(): void {
    if (this.#timer !== undefined) {
      this.#clock.clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }

  #sweep(): void {
    this.#timer = undefined;
    const { idleTimeout, threshold } = this.#options;
    const now = this.#clock.now();
    let remaining = 0;
    let nextDue = idleTimeout;
    for (const connection of [...this.#connections]) {
      const idleFor = now - connection.lastSocketOperation;
      if (idleFor >= idleTimeout) {
        this.#close(connection, idleFor);
      } else {
        remaining += 1;
        nextDue = Math.min(nextDue, idleTimeout - idleFor);
      }
    }
    if (remaining >= threshold) {
      this.#timer = this.#clock.setTimeout(() => {
        this.#sweep();
      }, nextDue);
    }
  }
}
