/** The delivery of events to connections, on every engine. [PROTOCOL: events] */

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import type { Engine } from "#src/engine/contract";
import type { HapwireError } from "#src/errors";
import {
  EventDelivery,
  type DeliverySettings,
  type EventRecipient,
  type Subscriber,
} from "#src/events/delivery";
import { ManualClock } from "../support/clock";
import { enginesUnderTest } from "../support/engines";
import { modelFrames, modelMessage } from "../support/model";

const WINDOW = 250;
const KEY = Buffer.alloc(32, 3);
const MEMORY = { allocate: (length: number): Buffer => Buffer.alloc(length) };

/** A link that keeps all messages that it is given. */
class Recipient implements EventRecipient {
  mayReceiveEvents = true;
  readonly messages: Buffer[] = [];
  readonly failures: HapwireError[] = [];
  /** Called with each message. */
  onMessage: () => void = () => undefined;

  sendEvents(message: Buffer): void {
    this.messages.push(message);
    this.onMessage();
  }

  fail(reason: HapwireError): void {
    this.mayReceiveEvents = false;
    this.failures.push(reason);
  }

  /** The values of each message, in the order in which they stand in it. */
  get values(): unknown[][] {
    return this.messages.map((message) => {
      const body = message.toString().split("\r\n\r\n")[1] ?? "";
      const { characteristics } = JSON.parse(body) as { characteristics: { value: unknown }[] };
      return characteristics.map(({ value }) => value);
    });
  }

  get failureCodes(): string[] {
    return this.failures.map(({ code }) => code);
  }
}

/** A connection and its events. */
interface Member {
  readonly link: Recipient;
  readonly subscriber: Subscriber;
}

for (const { name, create } of enginesUnderTest()) {
  describe(`event delivery, ${name}`, () => {
    let engine: Engine;
    let clock: ManualClock;
    let delivery: EventDelivery;
    beforeEach(() => {
      engine = create();
      clock = new ManualClock();
      useDelivery({});
    });

    function useDelivery(settings: Partial<DeliverySettings>): void {
      const defaults = { maxQueuedEvents: 4096, maxQueuedEventBytes: 1 << 20, maxSubscriptions: 100 };
      delivery = new EventDelivery(
        engine,
        { clock, coalescingDelay: WINDOW, ...defaults, ...settings },
        MEMORY,
      );
    }

    /** Adds a connection that is subscribed to 1.9 and 1.10. */
    function addMember(): Member {
      const link = new Recipient();
      const subscriber = delivery.add(link);
      subscriber.subscribe(1, 9);
      subscriber.subscribe(1, 10);
      return { link, subscriber };
    }

    function broadcast(value: unknown, immediate = false, except?: Subscriber): void {
      delivery.broadcast(1, 9, value, immediate, except);
    }

    describe("windows", () => {
      it("gather events into one message, newest first", () => {
        const { link } = addMember();
        broadcast(1);
        clock.advance(WINDOW - 1);
        broadcast(2);
        assert.deepEqual(link.values, []);
        clock.advance(1);
        assert.deepEqual(link.values, [[2, 1]]);
        clock.advance(WINDOW);
        assert.deepEqual(link.values, [[2, 1]]);
      });

      it("that open in one tick share a timer", () => {
        const members = [addMember(), addMember(), addMember()];
        broadcast(1);
        delivery.broadcast(1, 10, 2, false, undefined);
        assert.equal(clock.pending, 1);
        clock.advance(WINDOW);
        assert.deepEqual(
          members.map(({ link }) => link.values),
          [[[2, 1]], [[2, 1]], [[2, 1]]],
        );
      });

      it("keep their timer for another connection after an immediate event left them", () => {
        const [a, b] = [addMember(), addMember()];
        a.subscriber.send(1, 9, "waits", false);
        a.subscriber.send(1, 9, "at once", true);
        b.subscriber.send(1, 9, "of the other", false);
        assert.deepEqual(a.link.values, [["at once", "waits"]]);
        clock.advance(WINDOW);
        assert.deepEqual(b.link.values, [["of the other"]]);
      });

      it("end with the connection, and leave no timer", async () => {
        const { link, subscriber } = addMember();
        broadcast(1);
        await Promise.resolve();
        subscriber.remove();
        assert.equal(clock.pending, 0);
        clock.advance(WINDOW);
        assert.deepEqual(link.messages, []);
      });

      it("make the events of a busy connection due, and those of the others go out", () => {
        const [busy, idle] = [addMember(), addMember()];
        busy.link.mayReceiveEvents = false;
        broadcast(1);
        clock.advance(WINDOW);
        assert.deepEqual([busy.link.values, idle.link.values], [[], [[1]]]);
        busy.link.mayReceiveEvents = true;
        busy.subscriber.flush();
        assert.deepEqual(busy.link.values, [[1]]);
      });
    });

    describe("a flush", () => {
      it("before the end of the window sends nothing", () => {
        const { link, subscriber } = addMember();
        broadcast(1);
        subscriber.flush();
        assert.deepEqual(link.messages, []);
        clock.advance(WINDOW);
        assert.deepEqual(link.values, [[1]]);
      });

      it("sends no message without events", () => {
        const { link, subscriber } = addMember();
        broadcast(1);
        subscriber.unsubscribeAll();
        clock.advance(WINDOW);
        assert.deepEqual(link.messages, []);
        subscriber.subscribe(1, 9);
        broadcast(2);
        clock.advance(WINDOW);
        assert.deepEqual(link.values, [[2]]);
      });

      it("sends all that waits if one event is immediate, as soon as the connection may receive", () => {
        const { link, subscriber } = addMember();
        link.mayReceiveEvents = false;
        broadcast(1);
        broadcast(2, true);
        broadcast(3);
        assert.deepEqual(link.messages, []);
        link.mayReceiveEvents = true;
        subscriber.flush();
        assert.deepEqual(link.values, [[3, 2, 1]]);
        subscriber.flush();
        assert.equal(link.messages.length, 1);
      });

      it("seals once a sealer is attached", () => {
        const { link, subscriber } = addMember();
        const sealer = engine.createSealer(KEY, 0n);
        broadcast(1, true);
        subscriber.attachSealer(sealer);
        broadcast(2, true);
        const [plain, sealed] = [1, 2].map((value) => modelMessage([{ aid: 1, iid: 9, value }]));
        assert.ok(plain !== undefined && sealed !== undefined);
        assert.deepEqual(link.messages, [plain, Buffer.concat(modelFrames(KEY, 0n, sealed))]);
        assert.equal(sealer.frames, 1);
      });

      it("that fails closes its connection, and no other", () => {
        const [broken, other] = [addMember(), addMember()];
        const sealer = engine.createSealer(KEY, 0n);
        broken.subscriber.attachSealer(sealer);
        sealer.destroy();
        broadcast(1, true);
        broadcast(2, true);
        assert.deepEqual(broken.link.failureCodes, ["ERR_HAPWIRE_CODEC_CLOSED"]);
        assert.deepEqual(broken.link.messages, []);
        assert.deepEqual(other.link.values, [[1], [2]]);
      });

      it("whose link throws closes its connection, and no other", () => {
        const [broken, other] = [addMember(), addMember()];
        broken.link.onMessage = () => {
          throw new Error("a fault of the link's");
        };
        broadcast(1, true);
        assert.deepEqual(broken.link.failureCodes, ["ERR_HAPWIRE_SOCKET"]);
        assert.deepEqual(other.link.values, [[1]]);
      });
    });

    for (const count of [64, 65, 66, 128, 129]) {
      it(`reaches each of ${String(count)} connections once, and not the one that the change came from`, () => {
        const members = Array.from({ length: count }, addMember);
        const [origin, ...others] = members;
        broadcast(1, true, origin?.subscriber);
        broadcast(2, false, origin?.subscriber);
        clock.advance(WINDOW);
        for (const { link } of others) {
          assert.deepEqual(link.values, [[1], [2]]);
        }
        assert.deepEqual(origin?.link.messages, []);
      });
    }

    it("ignores the exception of another delivery's connection in the same slot", () => {
      const { subscriber } = addMember();
      useDelivery({});
      const { link } = addMember();
      broadcast(1, true, subscriber);
      assert.deepEqual(link.values, [[1]]);
    });

    describe("listeners", () => {
      it("may broadcast during a flush: each connection gets each event once", () => {
        const members = Array.from({ length: 4 }, addMember);
        const [first] = members;
        assert.ok(first !== undefined);
        let rounds = 0;
        first.link.onMessage = () => {
          rounds += 1;
          if (rounds < 3) {
            broadcast(`round ${String(rounds)}`, true);
          }
        };
        broadcast("round 0", true);
        for (const { link } of members) {
          assert.deepEqual(
            link.values.flatMap((values) => values.reverse()),
            ["round 0", "round 1", "round 2"],
          );
        }
      });

      it("may remove a connection during a flush: it gets nothing, nor does the next one in its slot", () => {
        const [first, second] = [addMember(), addMember()];
        const added: Member[] = [];
        first.link.onMessage = () => {
          second.subscriber.remove();
          added.push(addMember());
        };
        broadcast(1, true);
        assert.deepEqual(second.link.messages, []);
        broadcast(2, true, first.subscriber);
        assert.deepEqual(
          added.map(({ link }) => link.values),
          [[[2]]],
        );
      });

      it("in a toJSON may use the delivery: their events come first", () => {
        const { link } = addMember();
        const value = {
          toJSON: (): string => {
            broadcast("inner", true);
            return "outer";
          },
        };
        broadcast(value, true);
        assert.deepEqual(link.values, [["inner"], ["outer"]]);
      });
    });

    describe("an overflow", () => {
      const big = "x".repeat(200);
      beforeEach(() => {
        useDelivery({ maxQueuedEventBytes: 100 });
      });

      it("is flushed if the connection may receive", () => {
        const { link, subscriber } = addMember();
        subscriber.send(1, 9, big, false);
        subscriber.send(1, 10, 1, false);
        assert.deepEqual(link.values, [[1, big]]);
        assert.deepEqual(link.failures, []);
        subscriber.send(1, 10, 2, false);
        clock.advance(WINDOW);
        assert.deepEqual(link.values, [[1, big], [2]]);
      });

      it("closes the connection if it may not, once", () => {
        const { link, subscriber } = addMember();
        const other = addMember();
        link.mayReceiveEvents = false;
        broadcast(big);
        delivery.broadcast(1, 10, 1, true, undefined);
        delivery.broadcast(1, 10, 2, true, undefined);
        assert.deepEqual(link.failureCodes, ["ERR_HAPWIRE_EVENT_OVERFLOW"]);
        assert.deepEqual(other.link.values, [[1, big], [2]]);
        assert.equal(subscriber.counts().pendingEvents, 0);
        link.mayReceiveEvents = true;
        subscriber.flush();
        assert.deepEqual(link.messages, []);
      });

      it("does not happen with one event alone: it is delivered, whatever its size", () => {
        const { link } = addMember();
        const huge = "y".repeat(2 << 20);
        broadcast(huge);
        clock.advance(WINDOW);
        assert.deepEqual(link.values, [[huge]]);
      });
    });

    describe("a connection", () => {
      it("is refused more subscriptions than it may have", () => {
        useDelivery({ maxSubscriptions: 2 });
        const { subscriber } = addMember();
        assert.equal(subscriber.subscribe(1, 11), false);
        assert.equal(subscriber.subscribe(1, 9), true);
        subscriber.unsubscribe(1, 9);
        assert.equal(subscriber.subscribe(1, 11), true);
        assert.deepEqual([...subscriber.subscriptions()], [1, 10, 1, 11]);
      });

      it("that is muted gets no event, and keeps its subscriptions", () => {
        const { link, subscriber } = addMember();
        broadcast(1);
        subscriber.mute();
        broadcast(2, true);
        clock.advance(WINDOW);
        subscriber.flush();
        assert.deepEqual(link.messages, []);
        assert.equal(subscriber.isSubscribed(1, 9), true);
      });

      it("that is removed does nothing, and its counts stay", () => {
        const { link, subscriber } = addMember();
        broadcast(1, true);
        subscriber.remove();
        subscriber.remove();
        const { link: newer } = addMember();
        subscriber.send(1, 9, 2, true);
        subscriber.unsubscribeAll();
        subscriber.mute();
        subscriber.flush();
        assert.equal(subscriber.subscribe(1, 9), true);
        assert.equal(subscriber.isSubscribed(1, 9), false);
        assert.equal(subscriber.subscriptions().length, 0);
        broadcast(3, true, subscriber);
        assert.deepEqual([link.values, newer.values], [[[1]], [[3]]]);
        const { queued, delivered, messages } = subscriber.counts();
        assert.deepEqual({ queued, delivered, messages }, { queued: 1, delivered: 1, messages: 1 });
      });
    });
  });
}
