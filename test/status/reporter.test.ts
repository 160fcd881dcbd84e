/** The status report: how long one is reused, its figures of connections and events, and the listeners it leaves behind. */

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { Reporter } from "#src/status/reporter";
import type { ServerOptions } from "hapwire";

import { ManualClock } from "../support/clock";
import { Harness } from "../support/harness";
import { patient } from "../support/patience";

interface Scene {
  readonly harness: Harness;
  readonly reporter: Reporter;
  readonly clock: ManualClock;
}

/** A server and the reports of it, on one clock. */
async function start(t: TestContext, options: ServerOptions = {}, host?: string): Promise<Scene> {
  const clock = new ManualClock();
  const reporter = new Reporter(clock);
  // Before the harness's own end, which looks for timers.
  t.after(() => {
    reporter.close();
  });
  const harness = await Harness.start(t, { clock, ...options }, host);
  reporter.watch(harness.server);
  return { harness, reporter, clock };
}

describe("the status report", { timeout: patient(30_000) }, () => {
  it("is written anew if the machine's clock was set back", async (t) => {
    const { harness, reporter, clock } = await start(t);
    assert.equal(reporter.report().servers[0]?.open, 0);
    await harness.connect();
    clock.jump(-60 * 60 * 1000);
    clock.advance(1000);
    const [server] = reporter.report().servers;
    assert.equal(server?.open, 1);
    assert.deepEqual([server.connections[0]?.age, server.connections[0]?.idle], [0, 1000]);
  });

  it("tells how long a connection has been there, and how long it has been idle", async (t) => {
    const { harness, reporter, clock } = await start(t);
    const { controller } = await harness.connect();
    clock.advance(5000);
    await controller.get("/");
    clock.advance(700);
    const [connection] = reporter.report().servers[0]?.connections ?? [];
    assert.deepEqual([connection?.age, connection?.idle], [5700, 700]);
  });

  it("tells of events that wait, that went out, and that were dropped or replaced", async (t) => {
    const { harness, reporter, clock } = await start(t, { maxQueuedEvents: 2 });
    const { controller, connection } = await harness.connectSecured();
    connection.enableEventNotifications(1, 9);
    for (const value of [1, 1, 2, 3]) {
      harness.server.broadcastEvent(1, 9, value);
    }
    const { pendingBytes, ...waiting } = reporter.report().servers[0]?.events ?? assert.fail();
    assert.deepEqual(waiting, { queued: 3, coalesced: 3, delivered: 0, messages: 0, pending: 1 });
    assert.equal(pendingBytes, '{"aid":1,"iid":9,"value":3}'.length);
    clock.advance(500);
    await controller.nextEvents();
    const { events, connections } = reporter.report().servers[0] ?? assert.fail();
    assert.deepEqual(events, {
      queued: 3,
      coalesced: 3,
      delivered: 1,
      messages: 1,
      pending: 0,
      pendingBytes: 0,
    });
    assert.deepEqual(connections[0]?.events, events);
  });

  it("puts an IPv6 address into brackets before its port", async (t) => {
    const { harness, reporter } = await start(t, {}, "::1");
    const { controller } = await harness.connect("::1");
    const [connection] = reporter.report().servers[0]?.connections ?? [];
    assert.equal(connection?.remote, `[::1]:${String(controller.socket.localPort)}`);
  });

  it("leaves no timer behind", async (t) => {
    const clock = new ManualClock();
    const { harness } = await start(t);
    const reporter = new Reporter(clock);
    reporter.watch(harness.server);
    reporter.report();
    reporter.close();
    assert.equal(clock.pending, 0);
  });
});
