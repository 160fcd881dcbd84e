/** The sockets on which the processes of a Homebridge serve their reports, and their reader. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";

import { readBridgeReports } from "#src/status/bridge-reports";
import { BridgeSocket } from "#src/status/bridge-socket";
import { socketOf, withAddress } from "#src/status/socket-folder";

import { Harness } from "../support/harness";
import { patient } from "../support/patience";
import { portOf } from "../support/port";

const LAMPS = { name: "Lamps", username: "0E:11:22:33:44:55", hapVersion: "2.2.3" };

function createStorage(t: TestContext, subfolder = ""): string {
  const folder = mkdtempSync(path.join(tmpdir(), "hapwire-storage-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return path.join(folder, subfolder);
}

/** Serves until the test ends it, or is over. */
async function serve(t: TestContext, storage: string, lines: string[] = []): Promise<BridgeSocket> {
  const socket = new BridgeSocket(storage, (line) => lines.push(line));
  t.after(() => socket.close());
  await socket.ready;
  return socket;
}

/** A process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid ?? assert.fail();
}

/** Leaves a socket on which nobody listens, as a killed process does. */
async function leaveSocket(storage: string, pid: number): Promise<string> {
  const { file } = socketOf(storage, pid);
  const program = `require("node:net").createServer().listen(${JSON.stringify(file)}, () => process.kill(process.pid, "SIGKILL"))`;
  mkdirSync(path.dirname(file), { recursive: true });
  await once(spawn(process.execPath, ["-e", program]), "exit");
  assert.ok(existsSync(file));
  return file;
}

describe("the socket of a process", { timeout: patient(30_000) }, () => {
  it("reports each bridge by name with the port of its server", async (t) => {
    const storage = createStorage(t);
    const socket = await serve(t, storage);
    const harness = await Harness.start(t);
    socket.add({ ...LAMPS, server: harness.server });
    await harness.connect();
    const { processes, silent } = await readBridgeReports(storage);
    assert.deepEqual(silent, []);
    assert.equal(processes.length, 1);
    const port = portOf(harness.server);
    assert.deepEqual(processes[0]?.bridges, [{ ...LAMPS, port }]);
    assert.equal(processes[0].pid, process.pid);
    assert.deepEqual(
      processes[0].servers.map((server) => [server.port, server.open]),
      [[port, 1]],
    );
  });

  it("reports the newest server of a bridge that was published again", async (t) => {
    const storage = createStorage(t);
    const socket = await serve(t, storage);
    const [first, second] = [await Harness.start(t), await Harness.start(t)];
    socket.add({ ...LAMPS, server: first.server });
    socket.add({ ...LAMPS, server: second.server });
    const { processes } = await readBridgeReports(storage);
    assert.deepEqual(processes[0]?.bridges, [{ ...LAMPS, port: portOf(second.server) }]);
  });

  it("forgets a bridge whose server has closed", async (t) => {
    const storage = createStorage(t);
    const socket = await serve(t, storage);
    const harness = await Harness.start(t);
    socket.add({ ...LAMPS, server: harness.server });
    const closed = new Promise<void>((resolve) => {
      const onClosed = (): void => {
        unsubscribe("hapwire:server:closed", onClosed);
        resolve();
      };
      subscribe("hapwire:server:closed", onClosed);
    });
    harness.server.stop();
    await closed;
    const { processes } = await readBridgeReports(storage);
    assert.deepEqual([processes[0]?.bridges, processes[0]?.servers], [[], []]);
  });

  it("is for its owner alone", async (t) => {
    const storage = createStorage(t);
    await serve(t, storage);
    const { file } = socketOf(storage, process.pid);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(path.dirname(file)).mode & 0o777, 0o700);
  });

  it("is gone when it is closed", async (t) => {
    const storage = createStorage(t);
    const socket = await serve(t, storage);
    await socket.close();
    assert.equal(existsSync(socketOf(storage, process.pid).file), false);
    assert.deepEqual(await readBridgeReports(storage), { processes: [], silent: [], foreign: [] });
  });

  it("is served and read below a path that is too long for a socket", async (t) => {
    const storage = createStorage(t, path.join("x".repeat(100), "y".repeat(100)));
    await serve(t, storage);
    const { processes } = await readBridgeReports(storage);
    assert.deepEqual(
      processes.map(({ pid }) => pid),
      [process.pid],
    );
    assert.ok(existsSync(socketOf(storage, process.pid).file));
  });

  it("replaces the socket that a process with the same id has left behind", async (t) => {
    const storage = createStorage(t);
    const lines: string[] = [];
    await leaveSocket(storage, process.pid);
    await serve(t, storage, lines);
    assert.deepEqual(lines, []);
    assert.equal((await readBridgeReports(storage)).processes.length, 1);
  });

  it("says in one line why there is no socket", async (t) => {
    const storage = path.join(createStorage(t), "file");
    writeFileSync(storage, "");
    const lines: string[] = [];
    await serve(t, storage, lines);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /^no live status in the settings: /);
  });

  it("survives readers that go away at once", async (t) => {
    const storage = createStorage(t);
    await serve(t, storage);
    const { file } = socketOf(storage, process.pid);
    for (let i = 0; i < 50; i += 1) {
      connect(file).destroy();
    }
    assert.equal((await readBridgeReports(storage)).processes.length, 1);
  });
});

describe("reading the reports", { timeout: patient(30_000) }, () => {
  it("gives none if hapwire has never run there", async (t) => {
    const storage = createStorage(t, "nothing");
    assert.deepEqual(await readBridgeReports(storage), { processes: [], silent: [], foreign: [] });
  });

  it("removes the sockets of processes that have ended, and no other file", async (t) => {
    const storage = createStorage(t);
    const file = await leaveSocket(storage, await deadPid());
    const other = path.join(path.dirname(file), "notes.sock");
    writeFileSync(other, "");
    assert.deepEqual(await readBridgeReports(storage), { processes: [], silent: [], foreign: [] });
    assert.equal(existsSync(file), false);
    assert.ok(existsSync(other));
  });

  it("does not blame a process that has got the id of one that was killed", async (t) => {
    const storage = createStorage(t);
    await leaveSocket(storage, process.ppid);
    assert.deepEqual(await readBridgeReports(storage), { processes: [], silent: [], foreign: [] });
  });

  it("names a process that lives and does not answer", async (t) => {
    const storage = createStorage(t);
    const { file } = socketOf(storage, process.pid);
    mkdirSync(path.dirname(file));
    const mute = createServer((socket) => {
      t.after(() => socket.destroy());
    });
    mute.listen(file);
    t.after(() => mute.close());
    await once(mute, "listening");
    assert.deepEqual(await readBridgeReports(storage, 50), {
      processes: [],
      silent: [process.pid],
      foreign: [],
    });
  });

  it("names a process whose report has another format", async (t) => {
    const storage = createStorage(t);
    const { file } = socketOf(storage, process.pid);
    mkdirSync(path.dirname(file));
    const answers = ['{"hapwire":"9.9.9","format":1}', '{"hapwire":"0.0.1"}', "null"];
    const other = createServer((socket) => socket.end(answers.shift() ?? ""));
    other.listen(file);
    t.after(() => other.close());
    await once(other, "listening");
    while (answers.length > 0) {
      const reports = await readBridgeReports(storage);
      assert.deepEqual(reports, { processes: [], silent: [], foreign: [process.pid] });
    }
  });

  it("goes by the name of a pipe on Windows, which differs for each storage and process", () => {
    const address = (storage: string, pid: number): string =>
      withAddress(socketOf(storage, pid), (it) => it, "win32");
    const one = address("/a", 1);
    assert.match(one, /^\\\\\.\\pipe\\hapwire-[0-9a-f]{16}-1$/);
    assert.notEqual(address("/b", 1), one);
    assert.notEqual(address("/a", 2), one);
    assert.equal(address(path.relative(process.cwd(), "/a"), 1), one);
  });
});
