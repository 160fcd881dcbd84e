/** The scenario of the whole stack: a small bridge of HAP-NodeJS, on hapwire and without, with every check on. */

import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

import { HAPNODEJS, HAPWIRE, PORTABLE, type Competitor } from "#bench/contenders";
import { runCase } from "#bench/harness/case";
import { BridgeSeat, postBy, putCharacteristics } from "#bench/harness/bridge-seat";
import { checkAccessories, checkRead, LampCheck } from "#bench/harness/lamp-check";
import { lampValue } from "#bench/harness/lamps";
import type { Message } from "#bench/harness/message-reader";
import { User } from "#bench/harness/pairing";
import type { BenchResult } from "#bench/result";
import { wholeStack } from "#bench/scenarios/whole-stack";
import { ROOT, runNode } from "../support/child";
import { transportEngines } from "../support/harness";
import { copyPackage, OWN_BUILD } from "../support/package-copy";
import { patient } from "../support/patience";

const BENCH = path.join(ROOT, "dist-bench");
const LAMPS = 4;
const SETTINGS = { rounds: 1, quick: false, connections: 2, accessories: LAMPS + 1 };
/** The first that runs here. */
const ENGINE = transportEngines()[0] === "portable" ? PORTABLE : HAPWIRE;

function competitor(name: string): Competitor {
  return { name, title: name };
}

describe("the whole stack", { timeout: patient(300_000) }, () => {
  for (const { name, title, metrics, cold } of wholeStack.cases(SETTINGS)) {
    it(`serves a fresh process's first: ${title}`, async () => {
      const sample = await cold?.sample(competitor(ENGINE));
      for (const metric of metrics) {
        assert.ok((sample?.[metric.name] ?? NaN) > 0, `${name}: ${metric.name}`);
      }
    });
  }

  it("is measured by turns, warm and cold, on hapwire and on HAP-NodeJS", async () => {
    const settings = { ...SETTINGS, quick: true };
    const burst = wholeStack.cases(settings).find(({ name }) => name === "burst");
    assert.ok(burst !== undefined);
    const contenders = [ENGINE, HAPNODEJS];
    const { metrics, cold } = await runCase(burst, contenders.map(competitor), 1, () => undefined);
    for (const series of [metrics, cold ?? []]) {
      assert.deepEqual(
        series.map(({ name }) => name),
        ["cpu", "p50", "stall"],
      );
      for (const { figures } of series) {
        assert.deepEqual(
          figures.map(({ contender, samples, failed }) => [contender, samples.length, failed]),
          contenders.map((contender) => [contender, 1, undefined]),
        );
      }
    }
  });

  it(
    "is left out with the reason if HAP-NodeJS is not installed",
    { skip: ENGINE === PORTABLE },
    async (t) => {
      const folder = copyPackage(t, { addons: [OWN_BUILD] });
      cpSync(BENCH, path.join(folder, "dist-bench"), { recursive: true });
      rmSync(path.join(folder, "node_modules"));
      mkdirSync(path.join(folder, "node_modules"));
      for (const name of ["debug", "fast-srp-hap"]) {
        symlinkSync(path.join(ROOT, "node_modules", name), path.join(folder, "node_modules", name));
      }
      const file = path.join(folder, "result.json");
      const args = ["--quick", "--scenario", "whole-stack", "--json", file];
      const ended = await runNode([path.join(folder, "dist-bench/main.js"), ...args], { cwd: folder });
      assert.equal(ended.code, 0, ended.stderr);
      assert.match(
        ended.stdout,
        /^ {4}left out: hapwire: @homebridge\/hap-nodejs is not installed, and the bridge is made with it$/m,
      );
      const { contenders, scenarios } = JSON.parse(readFileSync(file, "utf8")) as BenchResult;
      assert.equal(
        contenders.find(({ name }) => name === HAPNODEJS)?.leftOut,
        "@homebridge/hap-nodejs is not installed",
      );
      for (const { metrics } of scenarios[0]?.cases ?? []) {
        assert.ok(metrics.every(({ figures }) => figures.length === 0));
      }
    },
  );
});

describe("a controller of the whole stack", { timeout: patient(60_000) }, () => {
  it("accepts no other accessory, no refused pairing and no failed request", async (t) => {
    const seat = await BridgeSeat.start(competitor(HAPNODEJS), LAMPS, 1);
    t.after(() => seat.close());
    const [user] = seat.users;
    assert.ok(user !== undefined);
    const post = postBy(await seat.openUnverified());
    await assert.rejects(
      user.verify(post, { username: "0E:11:22:33:44:55", publicKey: new User().publicKey }),
      /M2 of pair-verify is not signed by the accessory/,
    );
    await assert.rejects(seat.open(new User()), /M4 of pair-verify is error 2/);
    const stranger = postBy(await seat.openUnverified());
    await assert.rejects(new User().setUp(stranger, seat.setupCode), /M2 of pair-setup is error 6/);

    const controller = await seat.open(user);
    const [id] = seat.ids;
    assert.ok(id !== undefined);
    await assert.rejects(putCharacteristics(controller, [{ ...id, iid: 9999, value: 1 }]), /207/);
  });
});

describe("the check of lamps", () => {
  const ids = Array.from({ length: 2 * LAMPS }, (_, index) => ({
    aid: 2 + (index % LAMPS),
    iid: 10 + Math.floor(index / LAMPS),
  }));
  const entriesOf = (revision: number): { aid: number; iid: number; value: number }[] =>
    ids.map((id, index) => ({ ...id, value: Number(lampValue(index, LAMPS, revision)) }));
  const bodyOf = (content: object): Buffer => Buffer.from(JSON.stringify(content));
  const eventOf = (characteristics: object[]): Message => {
    const body = bodyOf({ characteristics });
    return { kind: "event", status: 200, headers: new Map(), bytes: body, body };
  };

  it("gives each characteristic another value in each revision", () => {
    entriesOf(1).forEach(({ value }, index) => {
      assert.notEqual(value, entriesOf(0)[index]?.value);
      assert.notEqual(value, entriesOf(2)[index]?.value);
    });
  });

  it("takes events in any order and in any messages", () => {
    const check = new LampCheck(ids, LAMPS, 3);
    const events = entriesOf(3).reverse();
    check.take(eventOf(events.slice(0, 5)));
    assert.ok(!check.isComplete);
    check.take(eventOf(events.slice(5)));
    assert.ok(check.isComplete);
  });

  it("refuses an event that is doubled, unknown, or of another revision", () => {
    const [first] = entriesOf(3);
    assert.ok(first !== undefined);
    for (const events of [[first, first], [{ ...first, iid: 99 }], entriesOf(2)]) {
      assert.throws(() => {
        new LampCheck(ids, LAMPS, 3).take(eventOf(events));
      }, /an event was lost, doubled or changed: expected \d+\.\d+ = /);
    }
  });

  it("refuses an answer that lacks a characteristic or has another value", () => {
    const entries = entriesOf(0);
    checkRead(bodyOf({ characteristics: entries }), ids, LAMPS);
    assert.throws(() => {
      checkRead(bodyOf({ characteristics: entries.slice(1) }), ids, LAMPS);
    }, /expected 8 characteristics, got 7/);
    assert.throws(() => {
      checkRead(bodyOf({ characteristics: entriesOf(1) }), ids, LAMPS);
    }, /expected 2\.10 = 0, got 1/);

    const accessories = [1, 2, 3, 4, 5].map((aid) => ({
      aid,
      services: [{ characteristics: entries.filter((entry) => entry.aid === aid) }],
    }));
    checkAccessories(bodyOf({ accessories }), ids, LAMPS);
    assert.throws(() => {
      checkAccessories(bodyOf({ accessories: accessories.slice(1) }), ids, LAMPS);
    }, /expected 4 lamps and the bridge, got 4/);
    assert.throws(() => {
      checkAccessories(
        bodyOf({ accessories: [...accessories.slice(0, 4), { aid: 5, services: [] }] }),
        ids,
        LAMPS,
      );
    }, /expected 5\.10 = 0, got undefined/);
  });
});
