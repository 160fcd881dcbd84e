/** The delivery of events: the hub, the windows, and the rule when a connection's events go out. [PROTOCOL: events] */

import type { Clock } from "../clock";
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
import { CoalescingWindows, type Window } from "./coalescing-windows";

/** What delivery asks of a connection's link. */
export interface EventRecipient {
  /**
   * True if an EVENT message may go out now: the link is open, no request is under way, the socket takes data, and
   * output is not between the session keys and the first sealed frame.
   */
  readonly mayReceiveEvents: boolean;
  /** Takes an EVENT message, sealed if a sealer is attached. Its memory may be used again once the kernel has it. */
  sendEvents(message: Buffer): void;
  /** The connection must close. */
  fail(reason: HapwireError): void;
}

export interface DeliverySettings {
  readonly clock: Clock;
  /** Milliseconds that events gather. */
  readonly coalescingDelay: number;
  readonly maxQueuedEvents: number;
  readonly maxQueuedEventBytes: number;
  readonly maxSubscriptions: number;
}

/** Shared by the subscribers of one delivery. */
interface SharedParts {
  readonly hub: EventHub;
  readonly memory: Allocator;
  readonly windows: CoalescingWindows<Subscriber>;
  /** By slot. */
  readonly subscribers: (Subscriber | undefined)[];
}

/** What a connection's queue holds. From {@link Queue.Due} on it is flushed as soon as the recipient may receive. */
const Queue = {
  /** Takes no events. */
  Muted: -1,
  Empty: 0,
  /** Events that wait for the end of their window. */
  Waiting: 1,
  Due: 2,
  /** More than it may: it is flushed at once, or the connection closes. */
  Overflowing: 3,
} as const;

type QueueState = (typeof Queue)[keyof typeof Queue];

/** Queues the events of one server and sends them when their time has come. */
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

  /** Adds a connection. */
  add(recipient: EventRecipient): Subscriber {
    return new Subscriber(recipient, this.#parts);
  }

  /**
   * Queues an event for every subscriber, and flushes those that must not wait.
   *
   * @param except - The connection that the change came from.
   * @throws What `JSON.stringify` throws.
   */
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
  /**
   * The window that the events gather in. For {@link CoalescingWindows} only.
   *
   * @internal
   */
  window: Window | undefined;
  readonly #recipient: EventRecipient;
  readonly #parts: SharedParts;
  #slot: number;
  #queue: QueueState = Queue.Empty;
  /** The hub's counts when the queue was muted. They do not change after that. */
  #finalCounts: QueueCounts | undefined;

  /** @internal */
  constructor(recipient: EventRecipient, parts: SharedParts) {
    this.#recipient = recipient;
    this.#parts = parts;
    this.#slot = parts.hub.add();
    parts.subscribers[this.#slot] = this;
  }

  /**
   * Subscribes to a characteristic.
   *
   * @returns false if the connection has as many subscriptions as it may have.
   */
  subscribe(aid: number, iid: number): boolean {
    return this.#parts.hub.subscribe(this.#slot, aid, iid) !== Subscribed.Refused;
  }

  /** Unsubscribes. Waiting events of the characteristic are left out. */
  unsubscribe(aid: number, iid: number): void {
    this.#parts.hub.unsubscribe(this.#slot, aid, iid);
  }

  isSubscribed(aid: number, iid: number): boolean {
    return this.#parts.hub.isSubscribed(this.#slot, aid, iid);
  }

  unsubscribeAll(): void {
    this.#parts.hub.unsubscribeAll(this.#slot);
  }

  /** The subscribed characteristics as aid, iid, aid, iid, …; the oldest subscription first. */
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

  /**
   * From here on messages are sealed.
   *
   * @throws TypeError as {@link EventHub.attachSealer}.
   */
  attachSealer(sealer: FrameSealer): void {
    this.#parts.hub.attachSealer(this.#slot, sealer);
  }

  /** Sends the events that are due, if the recipient may receive. Called whenever that may have become true. */
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
    // Another connection may get the slot.
    this.#slot = NO_SLOT;
  }

  counts(): QueueCounts {
    return this.#finalCounts ?? this.#parts.hub.counts(this.#slot);
  }

  /**
   * The slot; undefined for a subscriber of another delivery, which may have the same slot.
   *
   * @internal
   */
  slotIn(parts: SharedParts): number | undefined {
    return this.#parts === parts ? this.#slot : undefined;
  }

  /**
   * Notes a signal of the hub.
   *
   * @returns whether {@link Subscriber.flush} or {@link Subscriber.closeIfOverflowing} must follow.
   * @internal
   */
  applySignal(signal: number): boolean {
    if (signal === Signal.WindowOpens) {
      this.#queue = Queue.Waiting;
      this.#parts.windows.open(this);
      return false;
    }
    this.#queue = signal === Signal.FlushNow ? Queue.Due : Queue.Overflowing;
    return true;
  }

  /**
   * The window has ended: what waits is due.
   *
   * @internal
   */
  endWindow(): void {
    if (this.#queue === Queue.Waiting) {
      this.#queue = Queue.Due;
    }
  }

  /**
   * Closes the connection if its queue holds more than it may and could not be flushed.
   *
   * @internal
   */
  closeIfOverflowing(): void {
    if (this.#queue === Queue.Overflowing) {
      this.#fail(
        new ConnectionError(
          "ERR_HAPWIRE_EVENT_OVERFLOW",
          "the controller takes no events, and the newest values alone exceed the bytes that may wait for it",
        ),
      );
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
  // Only after all signals are read: a flush may run listeners that broadcast again.
  for (const subscriber of due) {
    subscriber.flush();
    subscriber.closeIfOverflowing();
  }
}

/** Marks all members first: a flush may run listeners that change what waits. */
function flushElapsed(members: Iterable<Subscriber>): void {
  const subscribers = [...members];
  for (const subscriber of subscribers) {
    subscriber.endWindow();
  }
  for (const subscriber of subscribers) {
    subscriber.flush();
  }
}
