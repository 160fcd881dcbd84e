/** Limits the time in which a request arrives. Most requests come in one piece and need no timer. */

import type { Timer } from "../../clock";
import type { Settings } from "../../options";
import type { RequestBoundaries } from "./request-boundaries";

export type DeadlineSettings = Pick<Settings, "clock" | "headTimeout" | "requestTimeout">;

/** The request that is arriving. `started` tells one request from the next. */
type Arrival = Pick<RequestBoundaries, "started" | "receiving" | "inHead">;

export class ReceiveDeadline {
  readonly #settings: DeadlineSettings;
  readonly #arrival: Arrival;
  readonly #onLate: () => void;
  #timer: Timer | undefined;
  /** The request that the timer runs for. */
  #request = 0;
  #since = 0;

  /** @param onLate - Called when a request has not arrived in time. */
  constructor(settings: DeadlineSettings, arrival: Arrival, onLate: () => void) {
    this.#settings = settings;
    this.#arrival = arrival;
    this.#onLate = onLate;
  }

  /** Called when bytes have arrived. */
  update(): void {
    if (!this.#arrival.receiving) {
      this.stop();
    } else if (this.#timer === undefined || this.#request !== this.#arrival.started) {
      this.stop();
      this.#request = this.#arrival.started;
      this.#since = this.#settings.clock.now();
      this.#sleep(0);
    }
  }

  stop(): void {
    if (this.#timer !== undefined) {
      this.#settings.clock.clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }

  /** Waits for the deadline of the head, or after it for the deadline of the request. */
  #sleep(elapsed: number): void {
    const { clock, headTimeout, requestTimeout } = this.#settings;
    const timeout = elapsed < headTimeout ? Math.min(headTimeout, requestTimeout) : requestTimeout;
    this.#timer = clock.setTimeout(() => {
      this.#wake();
    }, timeout - elapsed);
  }

  #wake(): void {
    this.#timer = undefined;
    const { clock, headTimeout, requestTimeout } = this.#settings;
    const elapsed = clock.now() - this.#since;
    if (elapsed >= requestTimeout || (this.#arrival.inHead && elapsed >= headTimeout)) {
      this.#onLate();
    } else {
      this.#sleep(elapsed);
    }
  }
}
