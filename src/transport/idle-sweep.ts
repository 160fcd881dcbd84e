/** Closes connections that are silent for too long. Sleeps until the first of them can be due. [PROTOCOL: idle connections] */

import type { Timer } from "../clock";
import type { Settings } from "../options";

export interface Idler {
  /** When bytes last came or went, in milliseconds of the clock. */
  readonly lastOperation: number;
  /** True if silence alone is enough to close the link, even if there are few. */
  readonly isExpendable: boolean;
}

type Links<Link> = Iterable<Link> & { readonly size: number };

export class IdleSweep<Link extends Idler> {
  readonly #settings: Settings;
  readonly #links: Links<Link>;
  readonly #close: (link: Link, idleFor: number) => void;
  #timer: Timer | undefined;
  /** The time of the timer, in milliseconds of the clock. No link is due before. */
  #timerAt = Infinity;

  constructor(settings: Settings, links: Links<Link>, close: (link: Link, idleFor: number) => void) {
    this.#settings = settings;
    this.#links = links;
    this.#close = close;
  }

  /** Called after a link was added. */
  added(link: Link): void {
    if (this.#links.size === this.#settings.idleSweepThreshold) {
      // From now on there are many: each link may be due.
      this.#sweep();
    } else {
      this.changed(link);
    }
  }

  /** Called if a link may be due earlier than before. */
  changed(link: Link): void {
    this.#wakeAt(this.#dueAt(link));
  }

  stop(): void {
    if (this.#timer !== undefined) {
      this.#settings.clock.clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#timerAt = Infinity;
    }
  }

  #dueAt(link: Link): number {
    const { idleTimeout, strangerIdleTimeout, idleSweepThreshold } = this.#settings;
    if (link.isExpendable) {
      return link.lastOperation + strangerIdleTimeout;
    }
    return this.#links.size >= idleSweepThreshold ? link.lastOperation + idleTimeout : Infinity;
  }

  #sweep(): void {
    this.stop();
    const now = this.#settings.clock.now();
    for (const link of [...this.#links]) {
      const dueAt = this.#dueAt(link);
      if (dueAt <= now) {
        this.#close(link, now - link.lastOperation);
      } else {
        this.#wakeAt(dueAt);
      }
    }
  }

  /** Sweeps at this time, or before. */
  #wakeAt(time: number): void {
    if (time >= this.#timerAt) {
      return;
    }
    this.stop();
    this.#timerAt = time;
    this.#timer = this.#settings.clock.setTimeout(
      () => {
        this.#sweep();
      },
      Math.max(0, time - this.#settings.clock.now()),
    );
  }
}
