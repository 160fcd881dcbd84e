/** The doctor's advice on each kind of machine, and its silence if all is well. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { adviceOn, type Findings } from "#src/cli/doctor/advice";
import { readEnvironment } from "#src/cli/doctor/machine";
import type { Advice, Machine } from "#src/cli/doctor/report";

const PI: Machine = {
  runtime: "Node",
  version: "22.1.0",
  node: "22.1.0",
  platform: "linux",
  arch: "arm64",
  armVersion: undefined,
  libc: "glibc 2.36",
  kernel: "6.6.31",
  cpu: "Cortex-A76",
  cores: 4,
};

const NATIVE: Findings["engine"] = {
  name: "native",
  choice: "preferred",
  reason: "the addon loaded",
  aead: "OpenSSL 3.0.13",
  file: "hapwire.node",
  origin: "prebuilt",
  remedy: undefined,
  rejected: [],
};

const FALLBACK: Findings["engine"] = {
  name: "portable",
  choice: "fallback",
  reason: "the addon did not load: there is none",
  aead: "sodium-native 5.1.0",
  file: undefined,
  origin: undefined,
  remedy: "run: npm rebuild hapwire",
  rejected: [],
};

const WELL: Findings = {
  machine: PI,
  environment: { switch: undefined, engine: undefined, preload: true, debug: false },
  engine: NATIVE,
  checks: [{ title: "a session on loopback", engine: "native", error: undefined }],
  interfaces: [
    { name: "lo", families: ["IPv4"], isLoopback: true },
    { name: "eth0", families: ["IPv4"], isLoopback: false },
  ],
};

/** The advice for findings that differ from those of a machine on which all is well. */
function adviceWith(findings: Partial<Findings>): Advice[] {
  return adviceOn({ ...WELL, ...findings });
}

function assertOne(advice: readonly Advice[], kind: Advice["kind"], text: RegExp): void {
  assert.equal(advice.length, 1, JSON.stringify(advice));
  assert.equal(advice[0]?.kind, kind);
  assert.match(advice[0].text, text);
}

describe("advice", () => {
  it("is empty if all is well", () => {
    assert.deepEqual(adviceOn(WELL), []);
  });

  it("gives the remedy for an addon that does not load", () => {
    assertOne(adviceWith({ engine: FALLBACK }), "hint", /For the native engine, run: npm rebuild hapwire\.$/);
  });

  it("names the file that did not load, and the one that is used instead", () => {
    const rejected = [{ file: "build/hapwire.node", reason: "the file is damaged" }];
    const text = /^build\/hapwire\.node does not load, and hapwire\.node is used instead\./;
    assertOne(adviceWith({ engine: { ...NATIVE, rejected } }), "hint", text);
  });

  it("gives no advice but a newer Node if Node is too old", () => {
    const machine = { ...PI, node: "18.20.0", version: "18.20.0" };
    const failed = { title: "a session on loopback", engine: "portable", error: "it came late" } as const;
    const advice = adviceWith({ machine, engine: FALLBACK, checks: [failed] });
    assertOne(advice, "problem", /^Node 18\.20\.0 is too old: hapwire needs Node 20 or newer\.$/);
  });

  it("recommends sodium-native if it has a binary", () => {
    const engine = { ...FALLBACK, aead: "node:crypto (OpenSSL 3.0.13)" };
    const texts = (arch: string): string =>
      JSON.stringify(adviceWith({ engine, machine: { ...PI, arch, armVersion: 7 } }));
    assert.match(texts("arm64"), /npm install sodium-native/);
    assert.doesNotMatch(texts("arm"), /npm install sodium-native/);
  });

  it("tells of an engine that is forced", () => {
    assertOne(adviceWith({ engine: { ...FALLBACK, choice: "forced" } }), "hint", /unset it/);
  });

  it("finds a problem if no engine runs, or if the self-test failed", () => {
    assertOne(adviceWith({ engine: { error: "no such thing" } }), "problem", /no such thing/);
    const failed = { title: "a session on loopback", engine: "native", error: "it came late" } as const;
    assertOne(adviceWith({ checks: [...WELL.checks, failed] }), "problem", /self-test failed/);
  });

  it("mentions tracing that is on, and a machine without network or without sight of it", () => {
    assertOne(adviceWith({ environment: { ...WELL.environment, debug: true } }), "hint", /DEBUG/);
    assertOne(adviceWith({ interfaces: WELL.interfaces.slice(0, 1) }), "hint", /no network interface but/);
    assertOne(adviceWith({ interfaces: [] }), "hint", /a sandbox may hide them/);
  });
});

describe("the environment", () => {
  it("is read for the variables that have an effect on hapwire", () => {
    assert.deepEqual(readEnvironment({}), {
      switch: undefined,
      engine: undefined,
      preload: false,
      debug: false,
    });
    const env = {
      HAPWIRE: "off",
      HAPWIRE_ENGINE: "native",
      NODE_OPTIONS: "--no-warnings -r hapwire/register",
    };
    assert.deepEqual(readEnvironment(env), {
      switch: "off",
      engine: "native",
      preload: true,
      debug: false,
    });
  });

  it("has tracing on if DEBUG names hapwire", () => {
    for (const DEBUG of ["*", "hapwire:*", "express:*,hapwire:request", "a hapwire"]) {
      assert.ok(readEnvironment({ DEBUG }).debug, DEBUG);
    }
    for (const DEBUG of ["", "express:*", "HAP-NodeJS:EventedHTTPServer", "-hapwire:*"]) {
      assert.ok(!readEnvironment({ DEBUG }).debug, DEBUG);
    }
  });
});
