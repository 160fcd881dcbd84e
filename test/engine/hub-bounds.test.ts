/** The bounds of the event hub of each engine, and what its work costs. [PROTOCOL: events] */

import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import type { Engine, EventHub, HubLimits } from "#src/engine/contract";
import { NO_SLOT, Signal } from "#src/engine/contract";
import { enginesUnderTest } from "../support/engines";
import { addSubscriber, broadcast, bytesOf, NO_COUNTS, takeValues, WIDE } from "../support/hub";
import { modelMessage } from "../support/model";

/** As many subscriptions as an attacker makes with one request of 1 MiB. */
const HOSTILE_COUNT = 20_000;

/** Small integers that V8 hashes to one bucket: its hash of numbers has no seed. */
const collidingNumbers = lazily(() => {
  const numbers: number[] = [];
  for (let number = 1; numbers.length < HOSTILE_COUNT; number += 1) {
    if ((hashOfNumber(number) & 0x3fff) === 0) {
      numbers.push(number);
    }
  }
  return numbers;
});

/** Ids that filled one bucket of a hash table without a seed. */
const HOSTILE_IDS: Record<string, (k: number) => Id> = {
  "ids on a lattice": (k) => [1 + k * 2_971_215_073, 1 + k * 50_920_843],
  "aids of one bucket in V8": (k) => [collidingNumbers()[k] ?? 0, 1],
  "iids of one bucket in V8": (k) => [1, collidingNumbers()[k] ?? 0],
};

for (const { name, create } of enginesUnderTest()) {
  describe(`bounds of the event hub, ${name}`, () => {
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

    it("may be met exactly", () => {
      useHub({ maxEvents: 3, maxBytes: 3 * bytesOf(1, 9, 1) });
      [1, 2, 3].forEach((value) => broadcast(hub, 1, 9, value));
      assert.deepEqual(takeValues(hub, slot), ["1.9=3", "1.9=2", "1.9=1"]);
    });

    it("on events, when passed, leave the newest value of each characteristic", () => {
      useHub({ maxEvents: 4 });
      broadcast(hub, 1, 9, 1);
      broadcast(hub, 1, 10, 1);
      broadcast(hub, 1, 9, 2);
      broadcast(hub, 2, 9, 1);
      assert.deepEqual(broadcast(hub, 1, 9, 3), []);
      assert.equal(hub.counts(slot).pendingEvents, 3);
      assert.deepEqual(takeValues(hub, slot), ["1.9=3", "2.9=1", "1.10=1"]);
      const counts = { queued: 5, collapsed: 2, delivered: 3, messages: 1 };
      assert.deepEqual(hub.counts(slot), { ...NO_COUNTS, ...counts });
    });

    it("on bytes count UTF-8, and do the same", () => {
      const values = ["é", "ê"];
      const bytes = bytesOf(1, 9, "é");
      useHub({ maxBytes: bytes - 1 });
      values.forEach((value) => broadcast(hub, 1, 9, value));
      assert.deepEqual(hub.counts(slot), {
        ...NO_COUNTS,
        queued: 2,
        collapsed: 1,
        pendingEvents: 1,
        pendingBytes: bytes,
      });
      assert.deepEqual(takeValues(hub, slot), ["1.9=ê"]);
    });

    it("leave all immediate events, in order", () => {
      useHub({ maxEvents: 5 });
      broadcast(hub, 1, 9, 1, true);
      broadcast(hub, 1, 9, 2);
      broadcast(hub, 1, 9, 3, true);
      broadcast(hub, 1, 9, 4);
      broadcast(hub, 1, 10, 5);
      assert.deepEqual(broadcast(hub, 1, 9, 6), []);
      assert.deepEqual(takeValues(hub, slot), ["1.9=6", "1.10=5", "1.9=3", "1.9=1"]);
    });

    it("leave the newest value that is not immediate, even if an immediate one is newer", () => {
      useHub({ maxEvents: 2 });
      broadcast(hub, 1, 9, 1);
      broadcast(hub, 1, 9, 2);
      assert.deepEqual(broadcast(hub, 1, 9, 3, true), [[slot, Signal.FlushNow]]);
      assert.deepEqual(takeValues(hub, slot), ["1.9=3", "1.9=2"]);
    });

    it("leave the knowledge of duplicates", () => {
      useHub({ maxEvents: 2 });
      [1, 2, 3].forEach((value) => broadcast(hub, 1, 9, value));
      assert.equal(hub.counts(slot).collapsed, 2);
      broadcast(hub, 1, 9, 3);
      assert.equal(hub.counts(slot).duplicates, 1);
      broadcast(hub, 1, 9, 2);
      assert.deepEqual(takeValues(hub, slot), ["1.9=2", "1.9=3"]);
    });

    it("can be passed again and again", () => {
      useHub({ maxEvents: 4 });
      for (let value = 0; value < 1000; value += 1) {
        broadcast(hub, 1, 9 + (value % 2), value);
      }
      const { queued, collapsed, pendingEvents } = hub.counts(slot);
      assert.equal(queued, 1000);
      assert.equal(queued, collapsed + pendingEvents);
      const values = takeValues(hub, slot);
      assert.deepEqual(values.slice(0, 2), ["1.10=999", "1.9=998"]);
    });

    it("cost the same for each event on a long queue as on a short one", () => {
      let [narrow, wide] = [Infinity, Infinity];
      for (let round = 0; round < 3; round += 1) {
        narrow = Math.min(narrow, timeAtTheBound(engine, 16));
        wide = Math.min(wide, timeAtTheBound(engine, 4096));
      }
      // Walking through the queue at each event would cost 256 times as much; caches that others use too, 20 times.
      assert.ok(wide < 100 * narrow, `${wide.toFixed(1)} ms against ${narrow.toFixed(1)} ms`);
    });

    it("cost the same for each immediate event on a long queue as on a short one", () => {
      let [narrow, wide] = [Infinity, Infinity];
      for (let round = 0; round < 3; round += 1) {
        narrow = Math.min(narrow, timeAtTheBound(engine, 16, true));
        wide = Math.min(wide, timeAtTheBound(engine, 4096, true));
      }
      assert.ok(wide < 100 * narrow, `${wide.toFixed(1)} ms against ${narrow.toFixed(1)} ms`);
    });

    it("still passed leave only the newest event of each characteristic, immediate or not", () => {
      useHub({ maxEvents: 2 });
      broadcast(hub, 1, 9, 1, true);
      broadcast(hub, 1, 9, 2, true);
      assert.deepEqual(broadcast(hub, 1, 9, 3, true), []);
      assert.deepEqual(takeValues(hub, slot), ["1.9=3"]);
      assert.deepEqual(hub.counts(slot), {
        ...NO_COUNTS,
        queued: 3,
        collapsed: 2,
        delivered: 1,
        messages: 1,
      });
    });

    it("of events may be passed by the newest values alone", () => {
      useHub({ maxEvents: 1 });
      broadcast(hub, 1, 9, 1);
      broadcast(hub, 1, 10, 1, true);
      assert.deepEqual(broadcast(hub, 2, 9, 1), []);
      assert.deepEqual(broadcast(hub, 1, 9, 2), []);
      assert.deepEqual(takeValues(hub, slot), ["1.9=2", "2.9=1", "1.10=1"]);
    });

    it("leave it known that an immediate event was dropped", () => {
      useHub({ maxEvents: 1 });
      assert.deepEqual(broadcast(hub, 1, 9, 1, true), [[slot, Signal.FlushNow]]);
      assert.deepEqual(broadcast(hub, 1, 9, 2), []);
      assert.equal(hub.counts(slot).collapsed, 1);
      assert.deepEqual(broadcast(hub, 1, 9, 3, true), []);
      hub.take(slot);
      assert.deepEqual(broadcast(hub, 1, 9, 4, true), [[slot, Signal.FlushNow]]);
    });

    it("of bytes may be passed by one event of any size", () => {
      useHub({ maxBytes: 100 });
      const value = "x".repeat(1000);
      assert.deepEqual(broadcast(hub, 1, 9, value), [[slot, Signal.WindowOpens]]);
      assert.deepEqual(hub.take(slot), modelMessage([{ aid: 1, iid: 9, value }]));
    });

    it("of bytes passed by the newest values without the last one signal an overflow, and lose nothing", () => {
      useHub({ maxBytes: 100 });
      const value = "x".repeat(100);
      const other = hub.add();
      hub.subscribe(other, 1, 10);
      broadcast(hub, 1, 9, value);
      assert.deepEqual(broadcast(hub, 1, 10, 1), [
        [slot, Signal.Overflow],
        [other, Signal.WindowOpens],
      ]);
      assert.deepEqual(broadcast(hub, 2, 9, 2), [[slot, Signal.Overflow]]);
      assert.deepEqual(takeValues(hub, slot), ["2.9=2", "1.10=1", `1.9=${value}`]);
      assert.deepEqual(broadcast(hub, 2, 9, 2), [[slot, Signal.WindowOpens]]);
    });

    for (const [pattern, idOf] of Object.entries(HOSTILE_IDS)) {
      it(`hold subscriptions cheap: ${pattern} cost as much as ordinary ids`, () => {
        let [plain, hostile] = [Infinity, Infinity];
        for (let round = 0; round < 3; round += 1) {
          plain = Math.min(plain, timeToSubscribe(engine, plainId));
          hostile = Math.min(hostile, timeToSubscribe(engine, idOf));
        }
        // One bucket for all of them costs 25 times as much or more.
        assert.ok(hostile < 12 * plain, `${hostile.toFixed(1)} ms against ${plain.toFixed(1)} ms`);
      });
    }
  });
}

type Id = readonly [aid: number, iid: number];

function plainId(k: number): Id {
  return [1 + Math.floor(k / 100), 1 + (k % 100)];
}

/** Milliseconds of CPU time to subscribe to many characteristics and to forget them. */
function timeToSubscribe(engine: Engine, idOf: (k: number) => Id): number {
  const hub = engine.createEventHub(WIDE);
  const slot = hub.add();
  const started = process.cpuUsage();
  for (let k = 0; k < HOSTILE_COUNT; k += 1) {
    const [aid, iid] = idOf(k);
    hub.subscribe(slot, aid, iid);
  }
  hub.remove(slot);
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1000;
}

/**
 * Milliseconds of CPU time that events take on a queue that is full with one event of each of `width` characteristics:
 * each event makes the queue collapse by one.
 */
function timeAtTheBound(engine: Engine, width: number, immediate = false): number {
  const hub = engine.createEventHub({ ...WIDE, maxEvents: width });
  const slot = hub.add();
  const broadcast = (value: number): number =>
    hub.broadcast(1, 1 + (value % width), value, immediate, NO_SLOT);
  for (let value = 0; value < width; value += 1) {
    hub.subscribe(slot, 1, 1 + value);
    broadcast(value);
  }
  const started = process.cpuUsage();
  for (let event = 0; event < 3000; event += 1) {
    broadcast(width + event);
  }
  const { user, system } = process.cpuUsage(started);
  assert.equal(hub.counts(slot).collapsed, 3000);
  return (user + system) / 1000;
}

/** V8's hash of a small integer. */
function hashOfNumber(number: number): number {
  let hash = number >>> 0;
  hash = (~hash + (hash << 15)) >>> 0;
  hash = (hash ^ (hash >>> 12)) >>> 0;
  hash = (hash + (hash << 2)) >>> 0;
  hash = (hash ^ (hash >>> 4)) >>> 0;
  hash = Math.imul(hash, 2057) >>> 0;
  return (hash ^ (hash >>> 16)) >>> 0;
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
