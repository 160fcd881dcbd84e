/** The events of one connection that wait to be sent. [PROTOCOL: events] */

import { Signal } from "../contract";
import type { QueueCounts, QueueLimits } from "../contract";

/** No {@link Signal}: nothing is asked of the transport. */
export const NO_SIGNAL = 0;

/** An event, shared by all queues that hold it. */
export interface QueuedEvent {
  /** Names the characteristic. */
  readonly key: string;
  readonly json: string;
  /** The length of `json` in UTF-8. */
  readonly bytes: number;
  /** Sent without waiting for the coalescing window; never dropped. */
  readonly immediate: boolean;
}

/**
 * Collects events until they are taken, drops duplicates, and stays within its limits.
 *
 * A push costs the same, however many events wait: a collapse looks only at what came since the one before it.
 */
export class EventQueue {
  readonly #limits: QueueLimits;
  /** In the order in which they were queued, with gaps where a collapse dropped some; never more gaps than events. */
  #events: (QueuedEvent | undefined)[] = [];
  /** How many events wait. */
  #pending = 0;
  /** How many of `#events` a collapse has looked at: from the first on. */
  #seen = 0;
  /** Where, among those, the newest event of each characteristic stands that is not immediate. */
  readonly #newestOf = new Map<string, number>();
  /** The JSON of the last queued event of each characteristic in the queue. */
  readonly #lastOf = new Map<string, string>();
  #bytes = 0;
  #hasImmediate = false;
  /** Set for good: the connection is to be closed, and what it missed it reads anew when it is back. */
  #overflowed = false;
  readonly #counts = { queued: 0, duplicates: 0, collapsed: 0, unsubscribed: 0, delivered: 0, messages: 0 };

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get counts(): QueueCounts {
    return { ...this.#counts, pendingEvents: this.#pending, pendingBytes: this.#bytes };
  }

  /** @returns A {@link Signal}, or {@link NO_SIGNAL}. */
  push(event: QueuedEvent): number {
    if (this.#overflowed) {
      return NO_SIGNAL;
    }
    if (!event.immediate && this.#lastOf.get(event.key) === event.json) {
      this.#counts.duplicates += 1;
      return NO_SIGNAL;
    }
    const signal = this.#signalFor(event);
    this.#append(event);
    return this.#stayWithinLimits() ? signal : Signal.Overflow;
  }

  /**
   * Empties the queue.
   *
   * @param subscribed - The keys of the characteristics whose events are still wanted.
   * @returns Those events, oldest first.
   */
  take(subscribed: { has(key: string): boolean }): QueuedEvent[] {
    const wanted = this.#events.filter(
      (event): event is QueuedEvent => event !== undefined && subscribed.has(event.key),
    );
    this.#counts.unsubscribed += this.#pending - wanted.length;
    this.#counts.delivered += wanted.length;
    this.#counts.messages += wanted.length === 0 ? 0 : 1;
    this.#clear();
    return wanted;
  }

  /** What `event` asks for if it is queued now. */
  #signalFor(event: QueuedEvent): number {
    if (event.immediate) {
      return this.#hasImmediate ? NO_SIGNAL : Signal.FlushNow;
    }
    return this.#pending === 0 ? Signal.WindowOpens : NO_SIGNAL;
  }

  #append(event: QueuedEvent): void {
    this.#events.push(event);
    this.#pending += 1;
    this.#lastOf.set(event.key, event.json);
    this.#bytes += event.bytes;
    this.#hasImmediate ||= event.immediate;
    this.#counts.queued += 1;
  }

  /** @returns false where the queue overflowed. */
  #stayWithinLimits(): boolean {
    if (this.#isPastLimits()) {
      this.#collapse();
    }
    if (this.#isPastLimits()) {
      this.#clear();
      this.#overflowed = true;
    }
    return !this.#overflowed;
  }

  #isPastLimits(): boolean {
    return this.#pending > this.#limits.maxEvents || this.#bytes > this.#limits.maxBytes;
  }

  /**
   * Keeps the newest value of each characteristic, and all immediate events.
   *
   * The last event of each characteristic is always kept, so `#lastOf` stays right.
   */
  #collapse(): void {
    for (; this.#seen < this.#events.length; this.#seen += 1) {
      const event = this.#events[this.#seen];
      if (event?.immediate === false) {
        const older = this.#newestOf.get(event.key);
        if (older !== undefined) {
          this.#drop(older);
        }
        this.#newestOf.set(event.key, this.#seen);
      }
    }
    // Waiting for as many gaps as events makes the cost of closing them constant for each drop.
    if (this.#events.length > 2 * this.#pending) {
      this.#events = this.#events.filter((event) => event !== undefined);
      this.#forgetPositions();
    }
  }

  #drop(position: number): void {
    this.#bytes -= this.#events[position]?.bytes ?? 0;
    this.#events[position] = undefined;
    this.#pending -= 1;
    this.#counts.collapsed += 1;
  }

  #forgetPositions(): void {
    this.#seen = 0;
    this.#newestOf.clear();
  }

  #clear(): void {
    this.#events = [];
    this.#pending = 0;
    this.#forgetPositions();
    this.#lastOf.clear();
    this.#bytes = 0;
    this.#hasImmediate = false;
  }
}
