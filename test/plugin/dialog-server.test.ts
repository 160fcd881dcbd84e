/** The server of the settings dialog, forked as the Homebridge UI forks it. */

import assert from "node:assert/strict";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";

import { BridgeSocket } from "#src/status/bridge-socket";

import { ROOT } from "../support/child";
import { Harness } from "../support/harness";
import { patient } from "../support/patience";
import { portOf } from "../support/port";

const SERVER = path.join(ROOT, "plugin/dist/ui/server.js");
/** A server that answers only `/hello`, on the package that the Homebridge project gives to plugins. */
const REFERENCE = `
import { HomebridgePluginUiServer } from "@homebridge/plugin-ui-utils";
class Reference extends HomebridgePluginUiServer {
  constructor() { super(); this.onRequest("/report", () => ({ report: null, silent: [], foreign: [] })); this.ready(); }
}
new Reference();
`;

interface Message {
  readonly action: string;
  readonly payload: { readonly success?: boolean; readonly data?: unknown };
}

function createStorage(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "hapwire-dialog-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** Forks a dialog's server, which the test ends. @param storage - None if the UI does not say. */
function start(t: TestContext, file: string, storage: string | undefined): ChildProcess {
  const env = { ...process.env, HOMEBRIDGE_STORAGE_PATH: storage };
  const child = fork(file, [], { silent: true, env });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

async function messageOf(child: ChildProcess): Promise<Message> {
  const [message] = (await once(child, "message")) as [Message];
  return message;
}

async function ask(child: ChildProcess, request: string): Promise<Message> {
  const answer = messageOf(child);
  child.send({ action: "request", path: request, requestId: "a1", body: null });
  return answer;
}

describe("the server of the settings dialog", { timeout: patient(30_000) }, () => {
  it("says what @homebridge/plugin-ui-utils says", async (t) => {
    const storage = createStorage(t);
    const reference = path.join(ROOT, ".cache", `dialog-reference-${String(process.pid)}.mjs`);
    // Below the repository, so that the package is found.
    mkdirSync(path.dirname(reference), { recursive: true });
    writeFileSync(reference, REFERENCE);
    t.after(() => {
      rmSync(reference);
    });
    const [ours, theirs] = [start(t, SERVER, storage), start(t, reference, storage)];
    const ready = await Promise.all([messageOf(ours), messageOf(theirs)]);
    assert.deepEqual(ready[0], ready[1]);
    for (const request of ["/report", "/nonsense"]) {
      const answers = await Promise.all([ask(ours, request), ask(theirs, request)]);
      assert.deepEqual(answers[0], answers[1]);
    }
  });

  it("reports the bridges of all processes", async (t) => {
    const storage = createStorage(t);
    const socket = new BridgeSocket(storage, () => undefined);
    t.after(async () => socket.close());
    await socket.ready;
    const { server } = await Harness.start(t);
    socket.add({ name: "Lamps", username: "0E:11:22:33:44:55", hapVersion: "2.2.3", server });
    const child = start(t, SERVER, storage);
    await messageOf(child);
    const { action, payload } = await ask(child, "/report");
    const { report, silent } = payload.data as { report: { servers: { port: number }[] }; silent: number[] };
    assert.deepEqual([action, payload.success, silent], ["response", true, []]);
    assert.deepEqual(
      report.servers.map(({ port }) => port),
      [portOf(server)],
    );
  });

  it("says so if the UI does not name the storage", async (t) => {
    const child = start(t, SERVER, undefined);
    await messageOf(child);
    const { payload } = await ask(child, "/report");
    assert.equal(payload.success, false);
    assert.match(JSON.stringify(payload.data), /does not say where Homebridge keeps its files/);
  });

  it("ends when the dialog is closed", async (t) => {
    const child = start(t, SERVER, createStorage(t));
    await messageOf(child);
    child.disconnect();
    assert.deepEqual(await once(child, "exit"), [0, null]);
  });
});
