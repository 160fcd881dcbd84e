/** The history of the status report: the last five minutes, also of the time before anybody asked. */

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { Reporter } from "#src/status/reporter";
import type { History } from "#src/status/report";

import { ManualClock } from "../support/clock";
import { Harness, type Pair } from "../support/harness";
import { patient } from "../support/patience";

const SECOND = 1000;

interface Scene {
  readonly clock: ManualClock;
  readonly reporter: Reporter;
  readonly harness: Harness;
  readonly pair: Pair;
}

async function start(t: TestContext): Promise<Scene> {
  const clock = new ManualClock();
  const reporter = new Reporter(clock);
  // Before the harness's own end, which looks for timers.
  t.after(() => {
    reporter.close();
  });
  const harness = await Harness.start(t, { clock });
  const pair = await harness.connectSecured();
  return { clock, reporter, harness, pair };
}

async function ask({ pair }: Scene, requests: number): Promise<void> {
  for (let i = 0; i < requests; i += 1) {
    await pair.controller.get("/");
  }
}

function historyOf({ reporter }: Scene): History {
  return reporter.report().history;
}

describe("the history of the status report", { timeout: patient(30_000) }, () => {
  it("has a sample for each second before the first report, and no traffic from before the watch", async (t) => {
    const scene = await start(t);
    const { clock, reporter, harness, pair } = scene;
    await ask(scene, 5);
    reporter.watch(harness.server);
    pair.connection.enableEventNotifications(1, 9);
    const before = harness.server.stats().total;
    await ask(scene, 3);
    for (const value of [1, 1, 2]) {
      harness.server.broadcastEvent(1, 9, value);
    }
    clock.advance(SECOND);
    await pair.controller.nextEvents();
    const { bytesIn, bytesOut } = harness.server.stats().total;
    clock.advance(SECOND);
    const history = historyOf(scene);
    assert.deepEqual(history.requests, [3, 0]);
    assert.deepEqual(history.queued, [2, 0]);
    assert.deepEqual(history.coalesced, [1, 0]);
    assert.deepEqual(history.delivered, [2, 0]);
    assert.deepEqual(history.pending, [0, 0]);
    assert.deepEqual(history.bytesIn, [bytesIn - before.bytesIn, 0]);
    assert.deepEqual(history.bytesOut, [bytesOut - before.bytesOut, 0]);
    assert.deepEqual([history.p50[0] !== null, history.p99[0] !== null], [true, true]);
    assert.deepEqual(
      [history.loopDelay, history.longestLoopDelay],
      [
        [0, 0],
        [0, 0],
      ],
    );
  });

  it("keeps 300 samples, also if the wall clock jumps", async (t) => {
    const scene = await start(t);
    scene.reporter.watch(scene.harness.server);
    await ask(scene, 1);
    scene.clock.advance(SECOND);
    scene.clock.jump(-3600 * SECOND);
    scene.clock.advance(299 * SECOND);
    const first = historyOf(scene);
    assert.deepEqual([first.requests.length, first.requests[0]], [300, 1]);
    scene.clock.advance(SECOND);
    for (const [name, column] of Object.entries(historyOf(scene))) {
      assert.equal(column.length, 300, name);
    }
    assert.equal(historyOf(scene).requests[0], 0);
    assert.equal(first.requests[0], 1, "a report changed after it was written");
  });

  it("spreads a sample over the seconds that the event loop stood still", async (t) => {
    const scene = await start(t);
    scene.reporter.watch(scene.harness.server);
    await ask(scene, 8);
    scene.clock.stall(4 * SECOND);
    scene.clock.advance(SECOND);
    const { requests, longestLoopDelay } = historyOf(scene);
    assert.deepEqual(requests, [2, 2, 2, 2, 0]);
    assert.deepEqual(longestLoopDelay.at(0), 3950);
    assert.deepEqual(longestLoopDelay.at(-1), 0);
  });

  it("survives a stall that is longer than the history", async (t) => {
    const scene = await start(t);
    scene.reporter.watch(scene.harness.server);
    scene.clock.stall(100_000 * SECOND);
    assert.equal(historyOf(scene).requests.length, 300);
  });
});
