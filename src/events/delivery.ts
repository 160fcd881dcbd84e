/** Delivers events: owns the hub and the windows, and decides when a connection's events go out. [PROTOCOL: events] */

import {
  NO_SLOT,
  Signal,
  SIGNAL_STRIDE,
  Subscribed,
  type Allocator,
  type Engine,
  type EventHub,
  type FrameSealer,
  type QueueCounts,
} from "../engine/contract";
import { ConnectionError, connectionFailure, type HapwireError } from "../errors";
import type { Settings } from "../options";
import { CoalescingWindows, type Window } from "./coalescing-windows";

/** A connection's link. */
export interface EventRecipient {
  /** True if an EVENT message may go out now. */
  readonly mayReceiveEvents: boolean;
  /** Sends an EVENT message, sealed if a sealer is attached. Its memory may be used again when the kernel has taken it. */
  sendEvents(message: Buffer): void;
  /** Closes the connection. */
  fail(reason: HapwireError): void;
}

export type DeliverySettings = Pick<
  Settings,
  "clock" | "coalescingDelay" | "maxQueuedEvents" | "maxQueuedEventBytes" | "maxSubscriptions"
>;

/** Shared by the subscribers of one delivery. */
interface SharedParts {
  readonly hub: EventHub;
  readonly memory: Allocator;
  readonly windows: CoalescingWindows<Subscriber>;
  /** By slot. */
  readonly subscribers: (Subscriber | undefined)[];
}

/** The state of a connection's queue. From `Due` on it is flushed as soon as the recipient may receive. */
enum Queue {
  /** Takes no events. */
  Muted,
  Empty,
  /** Its events wait for the end of their window. */
  Waiting,
  Due,
  /** Exceeds its limit: it is flushed at once, or the connection closes. */
  Overflowing,
}

/** The events of one server. */
export class EventDelivery {
  readonly #parts: SharedParts;

  /** @param memory - For the messages. */
  constructor(engine: Engine, settings: DeliverySettings, memory: Allocator) {
    this.#parts = {
      hub: engine.createEventHub({
        maxEvents: settings.maxQueuedEvents,
        maxBytes: settings.maxQueuedEventBytes,
        maxSubscriptions: settings.maxSubscriptions,
      }),
      memory,
      windows: new CoalescingWindows(settings.clock, settings.coalescingDelay, flushElapsed),
      subscribers: [],
    };
  }

  add(recipient: EventRecipient): Subscriber {
    return new Subscriber(recipient, this.#parts);
  }

  /** Queues an event for every subscriber but one, and flushes those that must not wait. @throws As `JSON.stringify`. */
  broadcast(
    aid: number,
    iid: number,
    value: unknown,
    immediate: boolean,
    except: Subscriber | undefined,
  ): void {
    const parts = this.#parts;
    const exceptSlot = except?.slotIn(parts) ?? NO_SLOT;
    const count = parts.hub.broadcast(aid, iid, value, immediate, exceptSlot);
    if (count > 0) {
      applySignals(parts, count);
    }
  }
}

/** The events of one connection: its subscriptions, its queue, its window. */
export class Subscriber {
  /** Set by {@link CoalescingWindows} only. */
  window: Window | undefined;
  readonly #recipient: EventRecipient;
  readonly #parts: SharedParts;
  #slot: number;
  #queue = Queue.Empty;
  /** The hub's counts when the queue was muted. They do not change after that. */
  #finalCounts: QueueCounts | undefined;

  constructor(recipient: EventRecipient, parts: SharedParts) {
    this.#recipient = recipient;
    this.#parts = parts;
    this.#slot = parts.hub.add();
    parts.subscribers[this.#slot] = this;
  }

  /** @returns False if the connection has `maxSubscriptions` already. */
  subscribe(aid: number, iid: number): boolean {
    return this.#parts.hub.subscribe(this.#slot, aid, iid) !== Subscribed.Refused;
  }

  /** Also leaves out the characteristic's events that wait. */
  unsubscribe(aid: number, iid: number): void {
    this.#parts.hub.unsubscribe(this.#slot, aid, iid);
  }

  isSubscribed(aid: number, iid: number): boolean {
    return this.#parts.hub.isSubscribed(this.#slot, aid, iid);
  }

  unsubscribeAll(): void {
    this.#parts.hub.unsubscribeAll(this.#slot);
  }

  /** As {@link EventHub.subscriptions}. */
  subscriptions(): Float64Array {
    return this.#parts.hub.subscriptions(this.#slot);
  }

  /** As {@link EventDelivery.broadcast}, for this connection alone. */
  send(aid: number, iid: number, value: unknown, immediate: boolean): void {
    if (this.#queue === Queue.Muted) {
      return;
    }
    const count = this.#parts.hub.send(this.#slot, aid, iid, value, immediate);
    if (count > 0) {
      applySignals(this.#parts, count);
    }
  }

  /** Seals messages from here on. @throws TypeError as {@link EventHub.attachSealer}. */
  attachSealer(sealer: FrameSealer): void {
    this.#parts.hub.attachSealer(this.#slot, sealer);
  }

  /** Sends the events that are due, if the recipient may receive. Called when that may have become true. */
  flush(): void {
    if (this.#queue >= Queue.Due && this.#recipient.mayReceiveEvents) {
      this.#flush();
    }
  }

  /** Drops the events that wait and takes no more. The subscriptions stay. */
  mute(): void {
    if (this.#queue === Queue.Muted) {
      return;
    }
    const { hub } = this.#parts;
    this.#forgetQueue();
    this.#queue = Queue.Muted;
    hub.mute(this.#slot);
    this.#finalCounts = hub.counts(this.#slot);
  }

  /** Forgets the connection. The counts stay. */
  remove(): void {
    if (this.#slot === NO_SLOT) {
      return;
    }
    this.mute();
    const { hub, subscribers } = this.#parts;
    hub.remove(this.#slot);
    subscribers[this.#slot] = undefined;
    // The hub may give the slot to another connection.
    this.#slot = NO_SLOT;
  }

  counts(): QueueCounts {
    return this.#finalCounts ?? this.#parts.hub.counts(this.#slot);
  }

  /** The slot. Undefined if the subscriber belongs to another delivery, whose slots are others. */
  slotIn(parts: SharedParts): number | undefined {
    return this.#parts === parts ? this.#slot : undefined;
  }

  /** Takes a signal of the hub. @returns True if `flush` and `closeIfOverflowing` must follow. */
  applySignal(signal: number): boolean {
    if (signal === Signal.WindowOpens) {
      this.#queue = Queue.Waiting;
      this.#parts.windows.open(this);
      return false;
    }
    this.#queue = signal === Signal.FlushNow ? Queue.Due : Queue.Overflowing;
    return true;
  }

  endWindow(): void {
    if (this.#queue === Queue.Waiting) {
      this.#queue = Queue.Due;
    }
  }

  /** Closes the connection if its queue exceeds its limit and could not be flushed. */
  closeIfOverflowing(): void {
    if (this.#queue === Queue.Overflowing) {
      const message =
        "the controller takes no events, and the newest values alone exceed the bytes that may wait for it";
      this.#fail(new ConnectionError("ERR_HAPWIRE_EVENT_OVERFLOW", message));
    }
  }

  #flush(): void {
    this.#forgetQueue();
    try {
      const message = this.#parts.hub.take(this.#slot, this.#parts.memory);
      if (message !== undefined) {
        this.#recipient.sendEvents(message);
      }
    } catch (error) {
      this.#fail(connectionFailure(error));
    }
  }

  #forgetQueue(): void {
    this.#queue = Queue.Empty;
    this.#parts.windows.close(this);
  }

  #fail(reason: HapwireError): void {
    this.mute();
    this.#recipient.fail(reason);
  }
}

function applySignals({ hub, subscribers }: SharedParts, count: number): void {
  const due: Subscriber[] = [];
  const { signals } = hub;
  for (let i = 0; i < count; i += 1) {
    const signal = signals[i] ?? 0;
    const subscriber = subscribers[Math.floor(signal / SIGNAL_STRIDE)];
    if (subscriber?.applySignal(signal % SIGNAL_STRIDE) === true) {
      due.push(subscriber);
    }
  }
  // Not before all signals are read: a flush may run listeners that broadcast again.
  for (const subscriber of due) {
    subscriber.flush();
    subscriber.closeIfOverflowing();
  }
}

/** Marks all members before the first flush, which may run listeners that change queues. */
function flushElapsed(members: Iterable<Subscriber>): void {
  const subscribers = [...members];
  for (const subscriber of subscribers) {
    subscriber.endWindow();
  }
  for (const subscriber of subscribers) {
    subscriber.flush();
  }
}
