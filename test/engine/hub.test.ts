/** The event hub of each engine, rule by rule. [PROTOCOL: events] */

import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import type { Engine, EventHub, HubLimits } from "#src/engine/contract";
import { NO_SLOT, Signal, Subscribed } from "#src/engine/contract";
import { enginesUnderTest } from "../support/engines";
import { addSubscriber, broadcast, NO_COUNTS, signalsOf, takeValues, WIDE } from "../support/hub";
import { modelFrames, modelMessage } from "../support/model";

const UNKNOWN_SLOT = 1000;
/** Of a characteristic that nobody is subscribed to. */
const NOBODYS_IID = 77;
const KEY = Buffer.alloc(32, 7);

for (const { name, create } of enginesUnderTest()) {
  describe(`event hub, ${name}`, () => {
    let engine: Engine;
    /** With one connection, which is subscribed to 1.9, 1.10 and 2.9. */
    let hub: EventHub;
    let slot: number;
    before(() => {
      engine = create();
    });
    beforeEach(() => {
      useHub(WIDE);
    });

    function useHub(limits: Partial<HubLimits>): void {
      hub = engine.createEventHub({ ...WIDE, ...limits });
      slot = addSubscriber(hub);
    }

    it("ignores ids that nobody can subscribe to, of any type", () => {
      const noIds = ["1", 1n, [1], { valueOf: () => 1 }, 1.5, -1, 0, NaN, 2 ** 53, null, undefined, true];
      for (const id of noIds as number[]) {
        assert.equal(hub.broadcast(id, 9, true, true, NO_SLOT), 0, String(id));
        assert.equal(hub.broadcast(1, id, true, true, NO_SLOT), 0, String(id));
        assert.equal(hub.send(slot, id, 9, true, true), 0, String(id));
        assert.equal(hub.send(slot, 1, id, true, true), 0, String(id));
      }
      assert.deepEqual(hub.counts(slot), NO_COUNTS);
    });

    describe("slots", () => {
      it("are small integers that are used again", () => {
        const added = [slot, hub.add(), hub.add()];
        assert.deepEqual([...added].sort(), [0, 1, 2]);
        hub.remove(1);
        hub.remove(0);
        assert.deepEqual([hub.add(), hub.add()].sort(), [0, 1]);
        assert.equal(hub.add(), 3);
      });

      it("know nothing of the connection that had them before", () => {
        broadcast(hub, 1, 9, true);
        hub.remove(slot);
        assert.equal(hub.add(), slot);
        assert.equal(hub.isSubscribed(slot, 1, 9), false);
        assert.equal(hub.subscriptions(slot).length, 0);
        assert.deepEqual(hub.counts(slot), NO_COUNTS);
        assert.deepEqual(broadcast(hub, 1, 9, false), []);
        assert.equal(hub.take(slot), undefined);
      });

      it("that are unknown make every method do nothing", () => {
        for (const unknown of [UNKNOWN_SLOT, slot]) {
          hub.remove(unknown);
          assert.equal(hub.subscribe(unknown, 1, 9), Subscribed.Nothing);
          hub.mute(unknown);
          hub.attachSealer(unknown, engine.createSealer(KEY, 0n));
          assert.equal(hub.isSubscribed(unknown, 1, 9), false);
          assert.equal(hub.unsubscribe(unknown, 1, 9), false);
          hub.unsubscribeAll(unknown);
          assert.deepEqual(hub.subscriptions(unknown), new Float64Array(0));
          assert.equal(hub.send(unknown, 1, 9, true, true), 0);
          assert.equal(hub.take(unknown), undefined);
          assert.deepEqual(hub.counts(unknown), NO_COUNTS);
        }
      });

      it("can be many at once", () => {
        const slots = Array.from({ length: 300 }, () => addSubscriber(hub));
        const signals = broadcast(hub, 1, 9, true, false, slot);
        assert.deepEqual(
          signals,
          slots.map((other) => [other, Signal.WindowOpens]),
        );
        slots.forEach((other) => {
          assert.deepEqual(hub.take(other), modelMessage([{ aid: 1, iid: 9, value: true }]));
        });
      });
    });

    describe("subscriptions", () => {
      it("are made and ended once", () => {
        assert.equal(hub.subscribe(slot, 3, 1), Subscribed.Added);
        assert.equal(hub.subscribe(slot, 3, 1), Subscribed.Present);
        assert.equal(hub.isSubscribed(slot, 3, 1), true);
        assert.equal(hub.unsubscribe(slot, 3, 1), true);
        assert.equal(hub.unsubscribe(slot, 3, 1), false);
        assert.equal(hub.isSubscribed(slot, 3, 1), false);
      });

      it("past the limit of a connection are refused, until one ends", () => {
        useHub({ maxSubscriptions: 3 });
        assert.equal(hub.subscribe(slot, 3, 1), Subscribed.Refused);
        assert.equal(hub.isSubscribed(slot, 3, 1), false);
        assert.equal(hub.subscribe(slot, 1, 9), Subscribed.Present);
        assert.equal(hub.subscribe(hub.add(), 3, 1), Subscribed.Added);
        hub.unsubscribe(slot, 1, 9);
        assert.equal(hub.subscribe(slot, 3, 1), Subscribed.Added);
        assert.deepEqual([...hub.subscriptions(slot)], [1, 10, 2, 9, 3, 1]);
      });

      it("keep the order in which they were made; one made again goes to the end", () => {
        assert.deepEqual([...hub.subscriptions(slot)], [1, 9, 1, 10, 2, 9]);
        hub.subscribe(slot, 1, 9);
        assert.deepEqual([...hub.subscriptions(slot)], [1, 9, 1, 10, 2, 9]);
        hub.unsubscribe(slot, 1, 9);
        hub.subscribe(slot, 1, 9);
        assert.deepEqual([...hub.subscriptions(slot)], [1, 10, 2, 9, 1, 9]);
      });

      it("keep that order if an event waits too", () => {
        broadcast(hub, 1, 9, true);
        hub.unsubscribe(slot, 1, 9);
        assert.deepEqual([...hub.subscriptions(slot)], [1, 10, 2, 9]);
        hub.subscribe(slot, 1, 9);
        assert.deepEqual([...hub.subscriptions(slot)], [1, 10, 2, 9, 1, 9]);
      });

      it("belong to one connection", () => {
        const other = addSubscriber(hub);
        hub.unsubscribe(slot, 1, 9);
        assert.equal(hub.isSubscribed(other, 1, 9), true);
        hub.unsubscribeAll(slot);
        assert.deepEqual([...hub.subscriptions(slot)], []);
        assert.deepEqual([...hub.subscriptions(other)], [1, 9, 1, 10, 2, 9]);
      });

      it("tell an aid from an iid, and large ones apart", () => {
        const huge = Number.MAX_SAFE_INTEGER;
        hub.subscribe(slot, huge, 1);
        hub.subscribe(slot, 1, huge - 1);
        hub.subscribe(slot, 0, 0);
        assert.equal(hub.isSubscribed(slot, huge - 1, 1), false);
        assert.equal(hub.isSubscribed(slot, 1, huge), false);
        assert.equal(hub.isSubscribed(slot, 9, 1), false);
        assert.equal(hub.isSubscribed(slot, 0, 0), true);
        assert.deepEqual([...hub.subscriptions(slot)].slice(-6), [huge, 1, 1, huge - 1, 0, 0]);
      });

      it("whose ids have the same digits in a row are two", () => {
        hub.subscribe(slot, 1, 11);
        hub.subscribe(slot, 11, 1);
        broadcast(hub, 1, 11, 1);
        broadcast(hub, 11, 1, 1);
        hub.unsubscribe(slot, 1, 11);
        assert.equal(hub.isSubscribed(slot, 11, 1), true);
        assert.deepEqual(takeValues(hub, slot), ["11.1=1"]);
      });
    });

    describe("queueing", () => {
      it("reaches each subscriber but the one that the change came from", () => {
        const other = addSubscriber(hub);
        const third = hub.add();
        assert.deepEqual(broadcast(hub, 1, 9, true, false, slot), [[other, Signal.WindowOpens]]);
        assert.equal(hub.counts(slot).pendingEvents, 0);
        assert.equal(hub.counts(other).pendingEvents, 1);
        assert.equal(hub.counts(third).pendingEvents, 0);
      });

      it("drops what nobody is subscribed to", () => {
        assert.deepEqual(broadcast(hub, 7, 7, true), []);
        assert.equal(hub.send(slot, 7, 7, true, true), 0);
        assert.deepEqual(hub.counts(slot), NO_COUNTS);
      });

      it("by send reaches one connection only", () => {
        const other = addSubscriber(hub);
        assert.deepEqual(signalsOf(hub, hub.send(other, 1, 9, 5, false)), [[other, Signal.WindowOpens]]);
        assert.equal(hub.counts(slot).pendingEvents, 0);
        assert.deepEqual(hub.take(other), modelMessage([{ aid: 1, iid: 9, value: 5 }]));
      });

      it("drops an event equal to the last queued one of its characteristic", () => {
        broadcast(hub, 1, 9, 1);
        broadcast(hub, 1, 10, 1);
        broadcast(hub, 1, 9, 1);
        broadcast(hub, 1, 9, 2);
        broadcast(hub, 1, 9, 1);
        hub.send(slot, 1, 9, 1, false);
        assert.deepEqual(takeValues(hub, slot), ["1.9=1", "1.9=2", "1.10=1", "1.9=1"]);
        const counts = { queued: 4, duplicates: 2, delivered: 4, messages: 1 };
        assert.deepEqual(hub.counts(slot), { ...NO_COUNTS, ...counts });
      });

      it("tells values apart that JSON tells apart, and no others", () => {
        for (const value of [1, "1", true, "true", null, "", undefined, [1], { value: 1 }, 0]) {
          broadcast(hub, 1, 9, value);
        }
        assert.equal(hub.counts(slot).pendingEvents, 10);
        broadcast(hub, 1, 9, -0);
        assert.equal(hub.counts(slot).duplicates, 1);
        broadcast(hub, 1, 9, NaN);
        broadcast(hub, 1, 9, Infinity);
        broadcast(hub, 1, 9, null);
        assert.equal(hub.counts(slot).duplicates, 3);
      });

      it("never drops an immediate event, but a duplicate of one", () => {
        broadcast(hub, 1, 9, 1);
        broadcast(hub, 1, 9, 1, true);
        broadcast(hub, 1, 9, 1, true);
        broadcast(hub, 1, 9, 1);
        assert.deepEqual(takeValues(hub, slot), ["1.9=1", "1.9=1", "1.9=1"]);
        assert.equal(hub.counts(slot).duplicates, 1);
      });

      it("forgets duplicates when the queue is emptied", () => {
        broadcast(hub, 1, 9, 1);
        hub.take(slot);
        assert.deepEqual(broadcast(hub, 1, 9, 1), [[slot, Signal.WindowOpens]]);
        assert.deepEqual(takeValues(hub, slot), ["1.9=1"]);
      });

      it("makes the JSON once, when the event is queued", () => {
        addSubscriber(hub);
        let calls = 0;
        const value = {
          toJSON(key: string): string {
            calls += 1;
            return key;
          },
        };
        broadcast(hub, 1, 9, value);
        assert.equal(calls, 1);
        const changing = { on: true };
        broadcast(hub, 1, 10, changing);
        changing.on = false;
        const expected = [
          { aid: 1, iid: 9, value: "value" },
          { aid: 1, iid: 10, value: { on: true } },
        ];
        assert.deepEqual(hub.take(slot), modelMessage(expected));
      });

      it("throws if JSON.stringify would, and queues nothing", () => {
        const cycle: { self?: unknown } = {};
        cycle.self = cycle;
        for (const value of [1n, cycle, { deep: [1n] }]) {
          for (const iid of [9, NOBODYS_IID]) {
            assert.throws(() => hub.broadcast(1, iid, value, false, NO_SLOT), TypeError);
            assert.throws(() => hub.send(slot, 1, iid, value, false), TypeError);
          }
        }
        assert.deepEqual(hub.counts(slot), NO_COUNTS);
      });

      it("lets toJSON use the hub: its events come first", () => {
        const other = addSubscriber(hub);
        const value = {
          toJSON: (): string => {
            hub.unsubscribeAll(slot);
            hub.subscribe(slot, 1, 9);
            broadcast(hub, 2, 9, "inner");
            return "outer";
          },
        };
        assert.deepEqual(broadcast(hub, 1, 9, value), [[slot, Signal.WindowOpens]]);
        assert.deepEqual(takeValues(hub, slot), ["1.9=outer"]);
        assert.deepEqual(takeValues(hub, other), ["1.9=outer", "2.9=inner"]);
        assert.deepEqual(signalsOf(hub, hub.send(other, 1, 9, value, true)), [[other, Signal.FlushNow]]);
        assert.deepEqual(takeValues(hub, other), ["1.9=outer", "2.9=inner"]);
      });

      it("passes on what toJSON throws", () => {
        const value = {
          toJSON(): never {
            throw new RangeError("no value");
          },
        };
        assert.throws(() => hub.broadcast(1, 9, value, true, NO_SLOT), new RangeError("no value"));
        assert.deepEqual(hub.counts(slot), NO_COUNTS);
      });
    });

    describe("signals", () => {
      it("open the window at the first event only", () => {
        assert.deepEqual(broadcast(hub, 1, 9, 1), [[slot, Signal.WindowOpens]]);
        assert.deepEqual(broadcast(hub, 1, 10, 1), []);
        assert.deepEqual(broadcast(hub, 1, 10, 1), []);
        hub.take(slot);
        assert.deepEqual(broadcast(hub, 1, 10, 1), [[slot, Signal.WindowOpens]]);
      });

      it("flush at the first immediate event only", () => {
        assert.deepEqual(broadcast(hub, 1, 9, 1), [[slot, Signal.WindowOpens]]);
        assert.deepEqual(broadcast(hub, 1, 9, 2, true), [[slot, Signal.FlushNow]]);
        assert.deepEqual(broadcast(hub, 1, 9, 3, true), []);
        assert.deepEqual(broadcast(hub, 1, 9, 4), []);
        hub.take(slot);
        assert.deepEqual(broadcast(hub, 1, 9, 5, true), [[slot, Signal.FlushNow]]);
      });

      it("go to each connection by its own queue", () => {
        const [waiting, flushing, idle] = [addSubscriber(hub), addSubscriber(hub), addSubscriber(hub)];
        hub.send(waiting, 1, 10, 1, false);
        hub.send(flushing, 1, 10, 1, true);
        assert.deepEqual(broadcast(hub, 1, 9, 1, true), [
          [slot, Signal.FlushNow],
          [waiting, Signal.FlushNow],
          [idle, Signal.FlushNow],
        ]);
      });
    });

    describe("taking", () => {
      it("gives one message, newest event first", () => {
        broadcast(hub, 1, 9, true);
        broadcast(hub, 2, 9, "Küche 🍳\u2028");
        broadcast(hub, 1, 9, false);
        const expected = [
          { aid: 1, iid: 9, value: true },
          { aid: 2, iid: 9, value: "Küche 🍳\u2028" },
          { aid: 1, iid: 9, value: false },
        ];
        assert.deepEqual(hub.take(slot), modelMessage(expected));
        assert.equal(hub.take(slot), undefined);
        assert.equal(hub.counts(slot).pendingEvents, 0);
      });

      it("gives these bytes", () => {
        broadcast(hub, 1, 9, true);
        const message =
          "EVENT/1.0 200 OK\r\nContent-Type: application/hap+json\r\nContent-Length: 52\r\n\r\n" +
          '{"characteristics":[{"aid":1,"iid":9,"value":true}]}';
        assert.equal(hub.take(slot)?.toString(), message);
      });

      it("seals the message that it would return as plaintext", () => {
        const value = "x".repeat(2900);
        const message = modelMessage([{ aid: 1, iid: 9, value }]);
        const sealer = engine.createSealer(KEY, 5n);
        broadcast(hub, 1, 9, value);
        hub.attachSealer(slot, sealer);
        assert.deepEqual(hub.take(slot), Buffer.concat(modelFrames(KEY, 5n, message)));
        assert.equal(sealer.counter, 8n);
        assert.equal(sealer.frames, 3);
        assert.equal(hub.take(slot), undefined);
        assert.equal(sealer.counter, 8n);
        const second = modelMessage([{ aid: 1, iid: 9, value: 1 }]);
        broadcast(hub, 1, 9, 1);
        assert.deepEqual(hub.take(slot), Buffer.concat(modelFrames(KEY, 8n, second)));
        assert.equal(sealer.frames, 4);
      });

      it("seals for the connection that the sealer was attached to, and for no other", () => {
        const other = addSubscriber(hub);
        hub.attachSealer(slot, engine.createSealer(KEY, 0n));
        const message = modelMessage([{ aid: 1, iid: 9, value: 1 }]);
        broadcast(hub, 1, 9, 1);
        assert.deepEqual(hub.take(other), message);
        assert.deepEqual(hub.take(slot), Buffer.concat(modelFrames(KEY, 0n, message)));
        hub.remove(slot);
        assert.equal(addSubscriber(hub), slot);
        broadcast(hub, 1, 9, 1);
        assert.deepEqual(hub.take(slot), message);
      });

      it("throws if the sealer was destroyed, and the events are gone", () => {
        const sealer = engine.createSealer(KEY, 0n);
        hub.attachSealer(slot, sealer);
        broadcast(hub, 1, 9, true);
        sealer.destroy();
        assert.throws(() => hub.take(slot), { name: "FrameError", code: "ERR_HAPWIRE_CODEC_CLOSED" });
        assert.equal(hub.take(slot), undefined);
      });

      it("takes its memory from the allocator", () => {
        const lengths: number[] = [];
        const memory = {
          allocate(length: number): Buffer {
            lengths.push(length);
            return Buffer.alloc(length);
          },
        };
        hub.attachSealer(slot, engine.createSealer(KEY, 0n));
        broadcast(hub, 1, 9, true);
        assert.deepEqual(lengths, [hub.take(slot, memory)?.length]);
      });

      it("gives the same to each connection that missed the same", () => {
        const other = addSubscriber(hub);
        broadcast(hub, 1, 9, true);
        broadcast(hub, 1, 10, 50);
        const first = hub.take(slot);
        assert.deepEqual(hub.take(other), first);
        broadcast(hub, 1, 9, false);
        const second = hub.take(slot);
        assert.deepEqual(hub.take(other), second);
        assert.deepEqual(second, modelMessage([{ aid: 1, iid: 9, value: false }]));
      });

      it("leaves out characteristics that were unsubscribed meanwhile", () => {
        broadcast(hub, 1, 9, 1);
        broadcast(hub, 1, 10, 2);
        broadcast(hub, 1, 9, 3);
        hub.unsubscribe(slot, 1, 9);
        assert.deepEqual(takeValues(hub, slot), ["1.10=2"]);
        const counts = { queued: 3, unsubscribed: 2, delivered: 1, messages: 1 };
        assert.deepEqual(hub.counts(slot), { ...NO_COUNTS, ...counts });
      });

      it("returns nothing if the queue is empty", () => {
        broadcast(hub, 1, 9, 1, true);
        hub.unsubscribeAll(slot);
        assert.equal(hub.counts(slot).pendingEvents, 1);
        assert.equal(hub.take(slot), undefined);
        assert.deepEqual(hub.counts(slot), { ...NO_COUNTS, queued: 1, unsubscribed: 1 });
      });

      it("delivers events of a characteristic that was subscribed again in time, and remembers duplicates until then", () => {
        broadcast(hub, 1, 9, 1);
        hub.unsubscribe(slot, 1, 9);
        assert.deepEqual(broadcast(hub, 1, 9, 2), []);
        hub.subscribe(slot, 1, 9);
        broadcast(hub, 1, 9, 1);
        assert.deepEqual(takeValues(hub, slot), ["1.9=1"]);
        const counts = { queued: 1, duplicates: 1, delivered: 1, messages: 1 };
        assert.deepEqual(hub.counts(slot), { ...NO_COUNTS, ...counts });
      });

      it("does not deliver a connection's event to another", () => {
        broadcast(hub, 1, 9, 1);
        hub.unsubscribeAll(slot);
        const other = addSubscriber(hub);
        assert.equal(hub.take(other), undefined);
        assert.equal(hub.take(slot), undefined);
      });
    });

    describe("a muted connection", () => {
      beforeEach(() => {
        broadcast(hub, 1, 9, 1, true);
        hub.mute(slot);
      });

      it("has no events and gets no more", () => {
        assert.equal(hub.take(slot), undefined);
        assert.deepEqual(broadcast(hub, 1, 9, 2, true), []);
        assert.equal(hub.send(slot, 1, 9, 3, true), 0);
        assert.equal(hub.take(slot), undefined);
        assert.deepEqual(hub.counts(slot), { ...NO_COUNTS, queued: 1 });
      });

      it("keeps its subscriptions, which can change", () => {
        hub.unsubscribe(slot, 1, 9);
        hub.subscribe(slot, 3, 1);
        assert.deepEqual([...hub.subscriptions(slot)], [1, 10, 2, 9, 3, 1]);
      });

      it("leaves its slot unmuted", () => {
        hub.remove(slot);
        assert.equal(addSubscriber(hub), slot);
        assert.deepEqual(broadcast(hub, 1, 9, 1), [[slot, Signal.WindowOpens]]);
      });
    });
  });
}
