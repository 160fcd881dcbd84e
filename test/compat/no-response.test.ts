/** A bridge of HAP-NodeJS with an accessory that is slow, silent or broken: the status report names it. */

import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { describe, it, type TestContext } from "node:test";

import { timeAccessories } from "#src/homebridge/accessory-timing";
import { named } from "#src/status/trouble/names";
import { EventedHTTPServer } from "hapwire";

import { Harness, whenClosed } from "../support/harness";
import { patient } from "../support/patience";
import { Gate, hap, HAPStatus, Lamp, TimedBridge } from "../support/timed-bridge";

/** A lamp whose reads wait for the gate. */
function gatedLamp(name: string): [lamp: Lamp, gate: Gate] {
  const [lamp, gate] = [new Lamp(name), new Gate()];
  lamp.on.onGet(async () => gate.pass());
  return [lamp, gate];
}

/** Many that answer at once. */
function quickLamps(count: number): Lamp[] {
  return Array.from({ length: count }, (_, index) => new Lamp(`Quick ${String(index)}`));
}

/** HAP-NodeJS warns of what these tests do on purpose. */
function silenceWarnings(t: TestContext): void {
  t.mock.method(console, "warn", () => undefined);
  t.mock.method(console, "error", () => undefined);
}

describe("the status report of a bridge of HAP-NodeJS", { timeout: patient(60_000) }, () => {
  it("names the one slow accessory among many", async (t) => {
    const [slow, gate] = gatedLamp("Slow Lamp");
    const lamps = quickLamps(30).toSpliced(11, 0, slow);
    const bridge = await TimedBridge.open(t, lamps);
    bridge.read(lamps);
    await gate.reached();
    bridge.clock.advance(4200);
    gate.open();
    assert.equal((await bridge.answer()).status, 200);
    const { report, server, texts } = bridge.report();
    assert.equal(server.name, "Test Bridge");
    assert.deepEqual(server.slow[0]?.last, slow.named);
    assert.deepEqual(texts, [
      `A read of 31 characteristics took 4.2 s: “Slow Lamp” answered last ${slow.ids}.`,
    ]);
    assert.deepEqual(report.why[0]?.bridge, "Test Bridge");
  });

  it("names it if a write was slow, and counts further requests that waited for it", async (t) => {
    const slow = new Lamp("Slow Lamp");
    const gate = new Gate();
    slow.on.onSet(async () => {
      await gate.pass();
    });
    const bridge = await TimedBridge.open(t, [slow]);
    for (const milliseconds of [700, 1500]) {
      const answer = bridge.write(slow);
      await gate.reached();
      bridge.clock.advance(milliseconds);
      gate.open();
      assert.equal((await answer).status, 204);
    }
    const { texts } = bridge.report();
    assert.deepEqual(texts, [
      `A write of 1 characteristic took 1.5 s, and 1 more: “Slow Lamp” answered last ${slow.ids}.`,
    ]);
  });

  it("blames no accessory whose answer waited behind an earlier one", async (t) => {
    const [first, firstGate] = gatedLamp("First");
    const [second, secondGate] = gatedLamp("Second");
    const bridge = await TimedBridge.open(t, [first, second]);
    bridge.read([first]);
    // Is refused at once, and has to wait for its turn.
    bridge.controller.send("GET", "/characteristics");
    bridge.read([second]);
    await Promise.all([firstGate.reached(), secondGate.reached()]);
    bridge.clock.advance(600);
    secondGate.open();
    // HAP-NodeJS collects the answers in a few microtasks.
    await new Promise(setImmediate);
    bridge.clock.advance(1400);
    firstGate.open();
    const statuses = [await bridge.answer(), await bridge.answer(), await bridge.answer()];
    assert.deepEqual(
      statuses.map(({ status }) => status),
      [200, 400, 200],
    );
    assert.deepEqual(bridge.report().texts.sort(), [
      "A read of 1 characteristic took 2.0 s: its answer waited for an earlier one, or for the controller to take it.",
      `A read of 1 characteristic took 2.0 s: “First” answered last ${first.ids}.`,
      "A read of characteristics took 2.0 s.",
    ]);
  });

  it("tells two reads apart that wait on one connection", async (t) => {
    const [first, firstGate] = gatedLamp("First");
    const [second, secondGate] = gatedLamp("Second");
    const bridge = await TimedBridge.open(t, [first, second]);
    bridge.read([first]);
    bridge.read([second]);
    await Promise.all([firstGate.reached(), secondGate.reached()]);
    bridge.clock.advance(1500);
    secondGate.open();
    await new Promise(setImmediate);
    bridge.clock.advance(500);
    firstGate.open();
    await bridge.answer();
    await bridge.answer();
    const { slow } = bridge.report().server;
    assert.deepEqual(slow.map(({ last }) => last?.accessory).sort(), ["First", "Second"]);
  });

  it("names an accessory that never answers", async (t) => {
    silenceWarnings(t);
    // HAP-NodeJS gives up after 3 and 6 more seconds.
    for (const name of ["TIMEOUT_WARNING", "TIMEOUT_AFTER_WARNING"]) {
      const before = Reflect.get(hap.Accessory, name) as number;
      Reflect.set(hap.Accessory, name, 20);
      t.after(() => Reflect.set(hap.Accessory, name, before));
    }
    const silent = new Lamp("Silent Lamp");
    silent.on.onGet(async () => new Promise<never>(() => undefined));
    const lamps = [silent, ...quickLamps(5)];
    const bridge = await TimedBridge.open(t, lamps);
    for (let i = 0; i < 3; i += 1) {
      bridge.read(lamps);
      assert.equal((await bridge.answer()).status, 207);
    }
    assert.deepEqual(bridge.report().texts, [
      `“Silent Lamp” ${silent.ids} did not answer 3 requests in time.`,
    ]);
  });

  it("names the slow accessory if another one reports at once that its device timed out", async (t) => {
    silenceWarnings(t);
    const [slow, gate] = gatedLamp("Slow Lamp");
    const lost = new Lamp("Lost Lamp");
    lost.on.onGet(() => {
      throw new hap.HapStatusError(HAPStatus.OPERATION_TIMED_OUT);
    });
    const bridge = await TimedBridge.open(t, [lost, slow]);
    bridge.read([lost, slow]);
    await gate.reached();
    bridge.clock.advance(4200);
    gate.open();
    await bridge.answer();
    const { server, texts } = bridge.report();
    assert.deepEqual([server.slow[0]?.last, server.slow[0]?.silent], [slow.named, []]);
    assert.deepEqual(texts, [
      `“Lost Lamp” ${lost.ids} did not answer a request in time.`,
      `A read of 2 characteristics took 4.2 s: “Slow Lamp” answered last ${slow.ids}.`,
    ]);
  });

  it("blames no accessory if the controller was slow to send its request", async (t) => {
    const lamp = new Lamp("Lamp");
    const bridge = await TimedBridge.open(t, [lamp]);
    const [aid, iid] = lamp.id.split(".").map(Number);
    const body = JSON.stringify({ characteristics: [{ aid, iid, value: true }] });
    const request = bridge.controller.request("PUT", "/characteristics", { body });
    const handed = once(bridge.server, "request");
    bridge.controller.write(request.subarray(0, -body.length));
    await handed;
    bridge.clock.advance(3000);
    bridge.controller.write(request.subarray(-body.length));
    assert.equal((await bridge.answer()).status, 204);
    const { server, texts } = bridge.report();
    assert.equal(server.slow[0]?.last, null);
    assert.deepEqual(texts, ["A write of 1 characteristic took 3.0 s: the controller was slow to send it."]);
  });

  it("counts the error statuses of an accessory, the ones that show No Response first", async (t) => {
    const broken = new Lamp("Broken Lamp");
    broken.on.onGet(() => {
      throw new hap.HapStatusError(HAPStatus.SERVICE_COMMUNICATION_FAILURE);
    });
    const picky = new Lamp("Picky Lamp");
    picky.on.onSet(() => {
      throw new hap.HapStatusError(HAPStatus.INVALID_VALUE_IN_REQUEST);
    });
    const lamps = [broken, picky, ...quickLamps(3)];
    const bridge = await TimedBridge.open(t, lamps);
    for (let i = 0; i < 2; i += 1) {
      bridge.read(lamps);
      assert.equal((await bridge.answer()).status, 207);
    }
    assert.equal((await bridge.write(picky)).status, 207);
    assert.deepEqual(bridge.report().texts, [
      `“Broken Lamp” ${broken.ids} answered twice with -70402: the plugin could not reach the device.`,
      `“Picky Lamp” ${picky.ids} answered once with -70410: the request or its value was not valid.`,
    ]);
  });

  it("names the accessory for which a connection waited until its end", async (t) => {
    const [slow, gate] = gatedLamp("Slow Lamp");
    const bridge = await TimedBridge.open(t, [slow]);
    const [connection] = bridge.server.connections;
    assert.ok(connection !== undefined);
    bridge.read([slow]);
    await gate.reached();
    bridge.clock.advance(8000);
    bridge.controller.socket.resetAndDestroy();
    await whenClosed(connection);
    assert.equal(bridge.report().server.slow[0]?.last, null);
    gate.open();
    // HAP-NodeJS collects the answers in a few microtasks.
    await new Promise(setImmediate);
    assert.ok(
      bridge
        .report()
        .texts.includes(
          `A read of 1 characteristic got no answer: its connection ended after 8.0 s; ` +
            `it waited for “Slow Lamp” ${slow.ids}.`,
        ),
    );
  });

  it("takes the control characters out of a name, and shortens it", async (t) => {
    silenceWarnings(t);
    const lamps = ["\u001b[31m<b>\u202eLamp\n", "x".repeat(500), `👩\u200d🚀${"x".repeat(58)}😀`].map(
      (name) => new Lamp(name),
    );
    for (const lamp of lamps) {
      lamp.on.onGet(() => {
        throw new hap.HapStatusError(HAPStatus.SERVICE_COMMUNICATION_FAILURE);
      });
    }
    const bridge = await TimedBridge.open(t, lamps);
    bridge.read(lamps);
    await bridge.answer();
    const { texts } = bridge.report();
    assert.match(texts[0] ?? "", /^“\[31m<b> Lamp” \(On, aid \d+, iid \d+\) answered once/);
    assert.match(texts[1] ?? "", /^“x{64}…” \(On, /);
    assert.match(texts[2] ?? "", /^“👩\u200d🚀x{58}…” \(On, /);
  });

  it("leaves the answers as they are", async (t) => {
    const lamp = new Lamp("Lamp");
    const bridge = await TimedBridge.open(t, [lamp]);
    bridge.read([lamp, lamp]);
    assert.equal((await bridge.answer()).status, 422);
    bridge.read([lamp]);
    const { status, body } = await bridge.answer();
    const [aid, iid] = lamp.id.split(".").map(Number);
    assert.deepEqual(
      [status, JSON.parse(body.toString())],
      [200, { characteristics: [{ aid, iid, value: 0 }] }],
    );
  });
});

describe("timeAccessories", () => {
  const callback = (): void => undefined;

  it("leaves a HAPServer alone that has another shape", async (t) => {
    const { server } = await Harness.start(t);
    const frozen = Object.freeze(new EventEmitter());
    for (const hapServer of [{}, { emit: callback }, frozen]) {
      const before = Reflect.get(hapServer, "emit") as unknown;
      timeAccessories({ name: "Bridge", server, hap: {}, hapServer });
      assert.equal(Reflect.get(hapServer, "emit"), before);
    }
  });

  it("names a bridge if a plugin has replaced emit of the class, and leaves the replacement", (t) => {
    class Accessory extends EventEmitter {
      readonly displayName = "Owner";
      _server: unknown;
      getAccessoryByAID(): this {
        return this;
      }
    }
    const replaced: string[] = [];
    const wrap = (name: string): void => {
      const original = Reflect.get(Accessory.prototype, "emit") as (...values: unknown[]) => boolean;
      t.mock.method(Accessory.prototype, "emit", function (this: Accessory, ...values: unknown[]) {
        replaced.push(name);
        return original.apply(this, values);
      });
    };
    const nameOf = (server: EventedHTTPServer): string | null => named(server, { aid: 1, iid: 2 }).accessory;
    for (const when of ["before", "meanwhile"]) {
      const [owner, hapServer, server] = [new Accessory(), new EventEmitter(), new EventedHTTPServer()];
      owner._server = hapServer;
      timeAccessories({ name: "Bridge", server, hap: { Accessory }, hapServer });
      hapServer.on("listening", () => owner.emit("listening"));
      if (when === "before") wrap("before");
      else owner.on("listening", wrap.bind(undefined, "meanwhile"));
      hapServer.emit("listening");
      assert.equal(nameOf(server), "Owner", when);
    }
    replaced.length = 0;
    new Accessory().emit("other");
    assert.deepEqual(replaced, ["meanwhile", "before"]);
  });

  it("passes on events that have another shape", () => {
    const hapServer = new EventEmitter();
    timeAccessories({ name: "Bridge", server: new EventedHTTPServer(), hap: {}, hapServer });
    const seen: unknown[][] = [];
    for (const event of ["listening", "get-characteristics", "set-characteristics", "pair"]) {
      hapServer.on(event, (...values: unknown[]) => seen.push(values));
      assert.equal(hapServer.emit(event, "connection", { ids: "none" }, callback), true);
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 4 }, () => ["connection", { ids: "none" }, callback]),
    );
    assert.equal(hapServer.emit("other"), false);
    assert.deepEqual(Object.keys(hapServer).includes("emit"), false);
  });
});
