/**
 * How long a request may take to arrive. Most come in one piece and need no timer; it runs while one has begun and has not
 * ended.
 */

import type { Clock, Timer } from "../../clock";

/** Milliseconds from a request's first byte. */
export interface ReceiveTimeouts {
  /** Until its head is complete. */
  readonly headTimeout: number;
  /** Until its body is complete. */
  readonly requestTimeout: number;
}

/** What is told when a request has not arrived in time. */
export interface DeadlineOwner {
  handleLate(): void;
}

/** The request that is arriving, as the boundaries of requests show it. */
export interface Arrival {
  /** Counts requests: it tells one from the next. */
  readonly started: number;
  readonly receiving: boolean;
  readonly inHead: boolean;
}

export class ReceiveDeadline {
  readonly #clock: Clock;
  readonly #timeouts: ReceiveTimeouts;
  readonly #arrival: Arrival;
  readonly #owner: DeadlineOwner;
  #timer: Timer | undefined;
  /** The request that the timer runs for. */
  #request = 0;
  #since = 0;

  constructor(clock: Clock, timeouts: ReceiveTimeouts, arrival: Arrival, owner: DeadlineOwner) {
    this.#clock = clock;
    this.#timeouts = timeouts;
    this.#arrival = arrival;
    this.#owner = owner;
  }

  /** To be called when bytes have arrived. */
  update(): void {
    if (!this.#arrival.receiving) {
      this.stop();
    } else if (this.#timer === undefined || this.#request !== this.#arrival.started) {
      this.stop();
      this.#request = this.#arrival.started;
      this.#since = this.#clock.now();
      this.#sleep();
    }
  }

  stop(): void {
    if (this.#timer !== undefined) {
      this.#clock.clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }

  /** Until the head's deadline, and past that until the body's. */
  #sleep(): void {
    const { headTimeout, requestTimeout } = this.#timeouts;
    const elapsed = this.#clock.now() - this.#since;
    const timeout = elapsed < headTimeout ? Math.min(headTimeout, requestTimeout) : requestTimeout;
    this.#timer = this.#clock.setTimeout(() => {
      this.#wake();
    }, timeout - elapsed);
  }

  #wake(): void {
    this.#timer = undefined;
    const { headTimeout, requestTimeout } = this.#timeouts;
    const elapsed = this.#clock.now() - this.#since;
    if (elapsed >= requestTimeout || (this.#arrival.inHead && elapsed >= headTimeout)) {
      this.#owner.handleLate();
    } else {
      this.#sleep();
    }
  }
}
