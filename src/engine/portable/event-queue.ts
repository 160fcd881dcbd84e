/** The events of one connection that wait to be sent. [PROTOCOL: events] */

import { Signal, type HubLimits, type QueueCounts } from "../contract";

/** The transport has nothing to do. */
export const NO_SIGNAL = 0;

/** An event, shared by all queues that hold it. */
export interface QueuedEvent {
  /** Names the characteristic. */
  readonly key: string;
  readonly json: string;
  /** The length of `json` in UTF-8. */
  readonly bytes: number;
  /** Sent without waiting for the coalescing window; never a duplicate. */
  readonly immediate: boolean;
}

/** Collects events until they are taken, drops duplicates, and collapses if it exceeds a limit. */
export class EventQueue {
  readonly #limits: HubLimits;
  /** By serial number, in order. A collapse deletes the events that it drops and visits no other. */
  readonly #events = new Map<number, QueuedEvent>();
  #nextSerial = 0;
  /** The last queued event of each characteristic. */
  readonly #lastOf = new Map<string, number>();
  /** The newest event of each characteristic that is not immediate. */
  readonly #newestPlainOf = new Map<string, number>();
  /** Plain events with a newer plain event of the same characteristic. The next collapse drops them. */
  #superseded: number[] = [];
  /** All other events with a newer event of the same characteristic; some may have been dropped. */
  #overtaken: number[] = [];
  #bytes = 0;
  /** Whether an immediate event came since the queue was empty, even if a collapse dropped it. */
  #hasImmediate = false;
  #isMuted = false;
  readonly #counts = { queued: 0, duplicates: 0, collapsed: 0, unsubscribed: 0, delivered: 0, messages: 0 };

  constructor(limits: HubLimits) {
    this.#limits = limits;
  }

  get counts(): QueueCounts {
    return { ...this.#counts, pendingEvents: this.#events.size, pendingBytes: this.#bytes };
  }

  /** @returns A {@link Signal}, or {@link NO_SIGNAL}. */
  push(event: QueuedEvent): number {
    if (this.#isMuted) {
      return NO_SIGNAL;
    }
    const last = this.#eventAt(this.#lastOf.get(event.key));
    if (!event.immediate && last?.json === event.json) {
      this.#counts.duplicates += 1;
      return NO_SIGNAL;
    }
    const signal = this.#signalFor(event);
    this.#append(event);
    if (this.#exceedsLimits(event)) {
      this.#collapsePlain();
      if (this.#exceedsLimits(event)) {
        this.#collapseAll();
      }
      if (this.#exceedsBytes(event)) {
        return Signal.Overflow;
      }
    }
    return signal;
  }

  /** Empties the queue. @returns The events of the characteristics that are subscribed now, oldest first. */
  take(subscribed: { has(key: string): boolean }): QueuedEvent[] {
    const wanted = [...this.#events.values()].filter(({ key }) => subscribed.has(key));
    this.#counts.unsubscribed += this.#events.size - wanted.length;
    this.#counts.delivered += wanted.length;
    this.#counts.messages += wanted.length === 0 ? 0 : 1;
    this.#clear();
    return wanted;
  }

  /** Drops all events and takes no more. */
  mute(): void {
    this.#clear();
    this.#isMuted = true;
  }

  #eventAt(serial: number | undefined): QueuedEvent | undefined {
    return serial === undefined ? undefined : this.#events.get(serial);
  }

  /** The signal of `event` if it is queued now. */
  #signalFor(event: QueuedEvent): number {
    if (event.immediate) {
      return this.#hasImmediate ? NO_SIGNAL : Signal.FlushNow;
    }
    return this.#events.size === 0 ? Signal.WindowOpens : NO_SIGNAL;
  }

  #append(event: QueuedEvent): void {
    const serial = this.#nextSerial;
    this.#nextSerial += 1;
    const last = this.#lastOf.get(event.key);
    const newestPlain = this.#newestPlainOf.get(event.key);
    if (last !== undefined && (event.immediate || last !== newestPlain)) {
      this.#overtaken.push(last);
    }
    if (!event.immediate) {
      if (newestPlain !== undefined) {
        this.#superseded.push(newestPlain);
      }
      this.#newestPlainOf.set(event.key, serial);
    }
    this.#lastOf.set(event.key, serial);
    this.#events.set(serial, event);
    this.#bytes += event.bytes;
    this.#hasImmediate ||= event.immediate;
    this.#counts.queued += 1;
  }

  #exceedsLimits(newest: QueuedEvent): boolean {
    return this.#events.size > this.#limits.maxEvents || this.#exceedsBytes(newest);
  }

  #exceedsBytes(newest: QueuedEvent): boolean {
    return this.#bytes - newest.bytes > this.#limits.maxBytes;
  }

  #collapsePlain(): void {
    for (const serial of this.#superseded) {
      this.#drop(serial);
    }
    this.#superseded = [];
  }

  /** Called after `#collapsePlain`, when each plain event is the newest one of its characteristic. */
  #collapseAll(): void {
    for (const serial of this.#overtaken) {
      const event = this.#events.get(serial);
      if (event?.immediate === false) {
        this.#newestPlainOf.delete(event.key);
      }
      this.#drop(serial);
    }
    this.#overtaken = [];
  }

  #drop(serial: number): void {
    const event = this.#events.get(serial);
    if (event !== undefined) {
      this.#events.delete(serial);
      this.#bytes -= event.bytes;
      this.#counts.collapsed += 1;
    }
  }

  #clear(): void {
    this.#events.clear();
    this.#lastOf.clear();
    this.#newestPlainOf.clear();
    this.#superseded = [];
    this.#overtaken = [];
    this.#bytes = 0;
    this.#hasImmediate = false;
  }
}
