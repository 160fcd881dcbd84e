/** The wall clock of a board without a real-time clock jumps. No duration may notice. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import timers from "node:timers";

import { systemClock } from "#src/clock";

import { ManualClock } from "../support/clock";
import { Harness, transportEngines, whenClosed } from "../support/harness";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

for (const engine of transportEngines()) {
  describe(`a wall clock that jumps, on the ${engine} engine`, () => {
    it("closes no connection when it jumps forward", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock, idleSweepThreshold: 1, idleTimeout: HOUR });
      const { controller, connection } = await harness.connectSecured();
      clock.jump(5 * HOUR);
      clock.advance(HOUR - 1);
      assert.equal((await controller.get("/")).status, 200);
      assert.equal(connection.closeReason, undefined);
    });

    it("keeps no idle connection longer, and wakes no timer, when it jumps back", async (t) => {
      const clock = new ManualClock();
      const harness = await Harness.start(t, { engine, clock, idleSweepThreshold: 1, idleTimeout: HOUR });
      const { connection } = await harness.connectSecured();
      const { pending } = clock;
      clock.jump(-30 * DAY);
      const gone = whenClosed(connection);
      clock.advance(HOUR - 1);
      assert.equal(clock.pending, pending);
      clock.advance(1);
      await gone;
      assert.equal(connection.closeReason?.code, "ERR_HAPWIRE_IDLE");
    });

    it("is what lastSocketOperation and openedAt show", async (t) => {
      const clock = new ManualClock();
      clock.jump(DAY);
      const harness = await Harness.start(t, { engine, clock });
      const { connection } = await harness.connect();
      assert.equal(connection.openedAt, clock.date());
      clock.advance(10);
      assert.equal(connection.lastSocketOperation, clock.date() - 10);
      connection.lastSocketOperation = clock.date() - 4;
      assert.equal(connection.lastSocketOperation, clock.date() - 4);
      connection.lastSocketOperation = clock.date() + DAY;
      assert.equal(connection.lastSocketOperation, clock.date());
    });
  });
}

describe("the clock of the machine", () => {
  it("does not follow the wall clock", (t) => {
    const before = systemClock.now();
    t.mock.method(Date, "now", () => 0);
    assert.ok(systemClock.now() >= before);
  });

  it("does not use the globals, in whose place jsdom puts others", (t) => {
    t.mock.method(globalThis, "setTimeout", () => 1);
    t.mock.method(globalThis, "clearTimeout", () => assert.fail("the global clearTimeout was called"));
    systemClock.clearTimeout(systemClock.setTimeout(() => undefined, 1000));
  });

  it("takes delays of any length", (t) => {
    const delays: unknown[] = [];
    t.mock.method(timers, "setTimeout", (_callback: () => void, delay: number) => {
      delays.push(delay);
      return { unref: () => ({}) };
    });
    for (const delay of [-5, 0.2, 2 ** 40]) {
      systemClock.setTimeout(() => undefined, delay);
    }
    assert.deepEqual(delays, [0, 1, 2 ** 31 - 1]);
  });
});
