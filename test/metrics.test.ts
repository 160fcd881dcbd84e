/** hapwire/metrics: a server's figures, as Prometheus would read them. */

import assert from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";

import { Counter, Registry } from "prom-client";
import { ArgumentError } from "hapwire";
import { collectMetrics } from "hapwire/metrics";

import { ROOT, runNode } from "./support/child";
import { ManualClock } from "./support/clock";
import { Harness, whenClosed } from "./support/harness";

/** Values by the line's name and labels, as they stand in the exposition format. */
async function scrape(register: Registry): Promise<Map<string, number>> {
  const text = await register.metrics();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
}

/** Starts to collect; ends with the test. */
function collect(t: TestContext, ...[server, options]: Parameters<typeof collectMetrics>): () => void {
  const stop = collectMetrics(server, options);
  t.after(stop);
  return stop;
}

describe("collectMetrics", () => {
  it("reports the server's stats at the time of the request", async (t) => {
    const clock = new ManualClock();
    const harness = await Harness.start(t, { clock });
    const register = new Registry();
    collect(t, harness.server, { register, name: "bridge" });
    const { controller, connection } = await harness.connectSecured();
    await harness.connect();
    connection.enableEventNotifications(1, 9);
    for (const value of [1, 1, 2]) {
      harness.server.broadcastEvent(1, 9, value);
    }
    const waiting = await scrape(register);
    assert.equal(waiting.get('hapwire_events_pending{server="bridge"}'), 2);
    clock.advance(250);
    await controller.nextEvents();

    const { total } = harness.server.stats();
    const values = await scrape(register);
    const server = '{server="bridge"}';
    assert.equal(values.get('hapwire_connections{server="bridge",authenticated="true"}'), 1);
    assert.equal(values.get('hapwire_connections{server="bridge",authenticated="false"}'), 1);
    assert.equal(values.get(`hapwire_connections_accepted_total${server}`), 2);
    assert.equal(values.get(`hapwire_requests_total${server}`), 2);
    assert.equal(values.get(`hapwire_received_bytes_total${server}`), total.bytesIn);
    assert.equal(values.get(`hapwire_sent_bytes_total${server}`), total.bytesOut);
    assert.equal(values.get(`hapwire_received_frames_total${server}`), 1);
    assert.equal(values.get(`hapwire_sent_frames_total${server}`), 2);
    assert.equal(values.get(`hapwire_events_queued_total${server}`), 2);
    assert.equal(values.get('hapwire_events_coalesced_total{server="bridge",how="duplicate"}'), 1);
    assert.equal(values.get(`hapwire_events_delivered_total${server}`), 2);
    assert.equal(values.get(`hapwire_event_messages_total${server}`), 1);
    assert.equal(values.get(`hapwire_events_pending${server}`), 0);
    assert.ok(total.bytesIn > 0 && total.bytesOut > 0);
  });

  it("has a metric for each figure", async (t) => {
    const harness = await Harness.start(t);
    const register = new Registry();
    collect(t, harness.server, { register });
    const stats = harness.server.stats();
    const total = { ...stats.total };
    Object.keys(total).forEach((key, i) => {
      total[key as keyof typeof total] = 101 + i;
    });
    const mocked = t.mock.method(harness.server, "stats", () => ({
      ...stats,
      accepted: 7,
      connections: 5,
      authenticated: 3,
      total,
    }));
    const values = await scrape(register);
    mocked.mock.restore();
    const figures = Object.entries({
      'connections{server="1",authenticated="true"}': 3,
      'connections{server="1",authenticated="false"}': 2,
      'connections_accepted_total{server="1"}': 7,
      'requests_total{server="1"}': total.requests,
      'responses_total{server="1"}': total.responses,
      'received_bytes_total{server="1"}': total.bytesIn,
      'sent_bytes_total{server="1"}': total.bytesOut,
      'received_frames_total{server="1"}': total.framesIn,
      'sent_frames_total{server="1"}': total.framesOut,
      'events_queued_total{server="1"}': total.eventsQueued,
      'events_coalesced_total{server="1",how="duplicate"}': total.eventsDuplicate,
      'events_coalesced_total{server="1",how="collapsed"}': total.eventsCollapsed,
      'events_unsubscribed_total{server="1"}': total.eventsUnsubscribed,
      'events_delivered_total{server="1"}': total.eventsDelivered,
      'event_messages_total{server="1"}': total.eventMessages,
      'events_pending{server="1"}': total.eventsPending,
      'event_pending_bytes{server="1"}': total.eventBytesPending,
    }).map(([name, value]): [string, number] => [`hapwire_${name}`, value]);
    assert.deepEqual([...values], figures);
  });

  it("gives a server without a name the next number that is free", async (t) => {
    const register = new Registry();
    const servers = [await Harness.start(t), await Harness.start(t), await Harness.start(t)];
    for (const [i, name] of ["1", undefined, undefined].entries()) {
      const { server } = servers[i] ?? assert.fail();
      collect(t, server, { register, ...(name !== undefined && { name }) });
    }
    const names = [...(await scrape(register)).keys()].filter((line) => line.includes("requests_total"));
    assert.deepEqual(
      names,
      ["1", "2", "3"].map((name) => `hapwire_requests_total{server="${name}"}`),
    );
  });

  it("tells of no event that waits once its connection has closed", async (t) => {
    const harness = await Harness.start(t, { clock: new ManualClock() });
    const register = new Registry();
    collect(t, harness.server, { register });
    const { controller, connection } = await harness.connectSecured();
    connection.enableEventNotifications(1, 9);
    harness.server.broadcastEvent(1, 9, true);
    const closed = whenClosed(connection);
    controller.destroy();
    await closed;
    const values = await scrape(register);
    assert.equal(values.get('hapwire_events_queued_total{server="1"}'), 1);
    assert.equal(values.get('hapwire_events_pending{server="1"}'), 0);
    assert.equal(values.get('hapwire_event_pending_bytes{server="1"}'), 0);
  });

  it("tells how long requests take, of answered ones alone", async (t) => {
    const harness = await Harness.start(t);
    const register = new Registry();
    collect(t, harness.server, { register });
    const { controller, connection } = await harness.connectSecured();
    const answered = await scrape(register);
    assert.equal(answered.get('hapwire_request_duration_seconds_count{server="1"}'), 2);
    assert.ok((answered.get('hapwire_request_duration_seconds_sum{server="1"}') ?? 0) > 0);
    assert.equal(answered.get('hapwire_request_duration_seconds_bucket{le="+Inf",server="1"}'), 2);

    const asked = once(harness.server, "request");
    harness.handler = () => undefined;
    controller.send("GET", "/never-answered");
    await asked;
    const closed = whenClosed(connection);
    connection.close();
    await closed;
    assert.equal((await scrape(register)).get('hapwire_request_duration_seconds_count{server="1"}'), 2);
  });

  it("tells of refusals and closes, by reason", async (t) => {
    const harness = await Harness.start(t);
    const register = new Registry();
    collect(t, harness.server, { register });
    const { controller, connection } = await harness.connect();
    const closed = whenClosed(connection);
    controller.write("NO HTTP\r\n\r\n");
    await closed;
    const values = await scrape(register);
    assert.equal(values.get('hapwire_refusals_total{server="1",reason="ERR_HAPWIRE_HTTP"}'), 1);
    assert.equal(values.get('hapwire_connections_closed_total{server="1",reason="ERR_HAPWIRE_HTTP"}'), 1);
  });

  it("tells several servers apart, and forgets one that is taken out", async (t) => {
    const register = new Registry();
    const [one, two] = [await Harness.start(t), await Harness.start(t)];
    const stop = collect(t, one.server, { register });
    collect(t, two.server, { register });
    await (await one.connect()).controller.get("/");
    const { controller, connection } = await one.connect();
    const closed = whenClosed(connection);
    controller.write("NO HTTP\r\n\r\n");
    await closed;
    const both = await scrape(register);
    assert.equal(both.get('hapwire_requests_total{server="1"}'), 1);
    assert.equal(both.get('hapwire_requests_total{server="2"}'), 0);
    assert.equal(both.get('hapwire_request_duration_seconds_count{server="2"}'), undefined);
    assert.equal(both.get('hapwire_refusals_total{server="1",reason="ERR_HAPWIRE_HTTP"}'), 1);
    assert.equal(both.get('hapwire_refusals_total{server="2",reason="ERR_HAPWIRE_HTTP"}'), undefined);
    stop();
    const lines = [...(await scrape(register)).keys()];
    assert.deepEqual(
      lines.filter((line) => line.includes('server="1"')),
      [],
    );
    assert.ok(lines.includes('hapwire_requests_total{server="2"}'));
  });

  it("takes a server out once: another one may have its name by then", async (t) => {
    const register = new Registry();
    const [one, two, three] = [await Harness.start(t), await Harness.start(t), await Harness.start(t)];
    collect(t, one.server, { register });
    const stop = collect(t, two.server, { register, name: "bridge" });
    stop();
    collect(t, three.server, { register, name: "bridge" });
    stop();
    await (await three.connect()).controller.get("/");
    const values = await scrape(register);
    assert.equal(values.get('hapwire_requests_total{server="bridge"}'), 1);
    assert.equal(values.get('hapwire_request_duration_seconds_count{server="bridge"}'), 1);
  });

  it("leaves nothing behind when the last server is taken out", async (t) => {
    const harness = await Harness.start(t);
    const register = new Registry();
    const channels = [channel("hapwire:request"), channel("hapwire:connection:refused")];
    const stop = collectMetrics(harness.server, { register });
    assert.ok(channels.every(({ hasSubscribers }) => hasSubscribers));
    stop();
    stop();
    assert.ok(channels.every(({ hasSubscribers }) => !hasSubscribers));
    assert.deepEqual(register.getMetricsAsArray(), []);
    collect(t, harness.server, { register });
    assert.ok(register.getSingleMetric("hapwire_connections") !== undefined);
  });

  it("registers anew after the registry was cleared, and leaves alone what others have there by then", async (t) => {
    const [one, two] = [await Harness.start(t), await Harness.start(t)];
    const register = new Registry();
    const stop = collect(t, one.server, { register });
    register.clear();
    const stopAnew = collect(t, two.server, { register });
    await (await two.connect()).controller.get("/");
    stop();
    const values = await scrape(register);
    assert.equal(values.get('hapwire_requests_total{server="1"}'), 1);
    assert.equal(values.get('hapwire_request_duration_seconds_count{server="1"}'), 1);

    register.clear();
    const other = new Counter({
      name: "hapwire_requests_total",
      help: "Somebody else's.",
      registers: [register],
    });
    stopAnew();
    assert.deepEqual(register.getMetricsAsArray(), [other]);
  });

  it("goes on without a metric that was taken out of the registry", async (t) => {
    const [one, two] = [await Harness.start(t), await Harness.start(t)];
    const register = new Registry();
    collect(t, one.server, { register });
    register.removeSingleMetric("hapwire_request_duration_seconds");
    collect(t, two.server, { register });
    const values = await scrape(register);
    assert.equal(values.get('hapwire_requests_total{server="2"}'), 0);
    assert.ok(!values.has('hapwire_request_duration_seconds_count{server="2"}'));
  });

  it("takes another prefix, and says of a bad one or a taken one that it is", async (t) => {
    const harness = await Harness.start(t);
    const register = new Registry();
    collect(t, harness.server, { register, prefix: "home_" });
    assert.ok((await scrape(register)).has('home_requests_total{server="1"}'));
    const other = new Registry();
    new Counter({ name: "home_requests_total", help: "Somebody else's.", registers: [other] });
    for (const options of [
      { register, prefix: "1st_" },
      { register: other, prefix: "home_" },
      { register, prefix: "home_", name: "1" },
      { register, name: "" },
    ]) {
      assert.throws(
        () => collectMetrics(harness.server, options),
        (error) => error instanceof ArgumentError && error.argument.startsWith("options."),
      );
    }
    assert.equal(other.getMetricsAsArray().length, 1);
  });

  it("names the package to install if prom-client is missing", async (t) => {
    const copy = mkdtempSync(path.join(tmpdir(), "hapwire-copy-"));
    t.after(() => {
      rmSync(copy, { recursive: true });
    });
    for (const name of ["package.json", "dist"]) {
      cpSync(path.join(ROOT, name), path.join(copy, name), { recursive: true });
    }
    const code = `
      const { EventedHTTPServer } = require("hapwire");
      const { collectMetrics } = require("hapwire/metrics");
      try { collectMetrics(new EventedHTTPServer({ engine: "portable" })); } catch ({ name, code, peer, message }) {
        console.log(JSON.stringify({ name, code, peer, message }));
      }`;
    const { stdout, stderr } = await runNode(["--eval", code], { cwd: copy });
    assert.deepEqual(
      [JSON.parse(stdout), stderr],
      [
        {
          name: "MissingPeerError",
          code: "ERR_HAPWIRE_PEER_MISSING",
          peer: "prom-client",
          message: "prom-client cannot be loaded; to install it: npm install prom-client",
        },
        "",
      ],
    );
  });
});
