/** `hapwire doctor --storage`: why HomeKit shows "No Response", from bridges that run in another process. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";

import type { Report } from "#src/cli/doctor/report";
import { BridgeSocket } from "#src/status/bridge-socket";
import { socketOf } from "#src/status/socket-folder";

import { ROOT, runNode } from "../support/child";
import { patient } from "../support/patience";
import { Gate, hap, HAPStatus, Lamp, TimedBridge } from "../support/timed-bridge";

const MAIN = path.join(ROOT, "dist", "cli", "main.js");

function createStorage(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "hapwire-storage-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

async function doctor(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runNode([MAIN, "doctor", ...args]);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** A bridge with a broken lamp that was read twice, and a slow one, on the socket of this process. */
async function serveTrouble(t: TestContext, storage: string): Promise<TimedBridge> {
  const lamp = new Lamp("Lamp 192.168.1.77 8CAAB5123456");
  lamp.on.onGet(() => {
    throw new hap.HapStatusError(HAPStatus.SERVICE_COMMUNICATION_FAILURE);
  });
  const slow = new Lamp("Slow Lamp");
  const gate = new Gate();
  slow.on.onGet(async () => gate.pass());
  const bridge = await TimedBridge.open(t, [lamp, slow]);
  const socket = new BridgeSocket(storage, () => undefined, bridge.clock);
  t.after(async () => socket.close());
  await socket.ready;
  const { server, username } = bridge;
  socket.add({ name: "Test Bridge", username, hapVersion: "2.2.3", server });
  for (let i = 0; i < 2; i += 1) {
    bridge.read([lamp]);
    await bridge.answer();
  }
  bridge.read([slow]);
  await gate.reached();
  bridge.clock.advance(1300);
  gate.open();
  await bridge.answer();
  return bridge;
}

describe("hapwire doctor --storage", { timeout: patient(60_000) }, () => {
  it("says what the bridges recorded, without addresses and pairing identifiers", async (t) => {
    const storage = createStorage(t);
    const { controllerName, username } = await serveTrouble(t, storage);
    const text = await doctor("--storage", storage);
    assert.match(text, /^ {2}process \d+: hapwire \d/m);
    assert.match(
      text,
      /^ {4}Test Bridge: \w+ engine, HAP-NodeJS 2\.2\.3, connections: 1, requests: \d+, p99 /m,
    );
    assert.match(
      text,
      /\d\d:\d\d:\d\d {2}“Lamp \[hidden\] \[hidden\]” \(.*\) answered twice with -70402: .* \[Test Bridge\]$/m,
    );
    assert.match(
      text,
      /“Slow Lamp” answered last \(On, aid \d+, iid \d+\)\. \[Test Bridge, controller 1\]$/m,
    );
    const json = await doctor("--storage", storage, "--json");
    const { bridges } = JSON.parse(json) as Report;
    assert.equal(bridges?.processes[0]?.pid, process.pid);
    assert.match(bridges.processes[0].why[0]?.text ?? "", /answered twice/);
    for (const output of [text, json]) {
      for (const secret of [
        "192.168.1.77",
        "8CAAB5123456",
        "127.0.0.1",
        username,
        controllerName,
        `${controllerName.slice(0, 4)}…`,
      ]) {
        assert.ok(!output.toLowerCase().includes(secret.toLowerCase()), secret);
      }
    }
  });

  it("says that no process serves a report", async (t) => {
    assert.match(await doctor("--storage", createStorage(t)), /^Bridges\n {2}No process serves a report/m);
  });

  it("says that a process runs another version of hapwire", async (t) => {
    const storage = createStorage(t);
    const { file } = socketOf(storage, process.pid);
    mkdirSync(path.dirname(file));
    const other = createServer((socket) => socket.end('{"format":1}')).listen(file);
    t.after(() => other.close());
    await once(other, "listening");
    const line = new RegExp(
      `^Bridges\\n {2}process ${String(process.pid)} runs another version of hapwire: `,
      "m",
    );
    assert.match(await doctor("--storage", storage), line);
  });

  it("says nothing about bridges if it is not asked", async () => {
    assert.doesNotMatch(await doctor(), /Bridges|No Response/);
  });
});
