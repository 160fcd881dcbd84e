/** The file of an accessory's pairings: only for its owner, always whole, and never older than the last finished save. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";

import { AccessoryPairing, JsonFileStorage } from "hapwire/pairing";

import { checkState, createState } from "#src/pairing/state";

import { patient } from "../support/patience";

/** How often a saving process is killed, each time this much later after its first save. */
const [KILLS, KILL_STEP] = [60, 0.05];
const PROGRAM = path.join(__dirname, "../support/saving-program.js");

describe("JsonFileStorage", { timeout: patient(120_000) }, () => {
  it("loads the saved pairings, and undefined before the first save", async (t) => {
    const storage = new JsonFileStorage(newFile(t));
    assert.equal(await storage.load(), undefined);
    const state = createState();
    await storage.save(state);
    assert.deepEqual(await storage.load(), state);
    assert.deepEqual(readdirSync(path.dirname(storage.file)), [path.basename(storage.file)]);
  });

  it("writes for the owner alone, whatever a killed process has left", async (t) => {
    const storage = new JsonFileStorage(newFile(t));
    writeFileSync(`${storage.file}.tmp`, "half", { mode: 0o666 });
    chmodSync(`${storage.file}.tmp`, 0o666);
    await storage.save(createState());
    assert.equal(statSync(storage.file).mode & 0o777, 0o600);
  });

  it("writes through no link that stands in its way", async (t) => {
    const storage = new JsonFileStorage(newFile(t));
    const victim = path.join(path.dirname(storage.file), "victim");
    writeFileSync(victim, "precious");
    symlinkSync(victim, `${storage.file}.tmp`);
    await storage.save(createState());
    assert.equal(await readFile(victim, "utf8"), "precious");
  });

  it("replaces the file that a link names, and leaves the link, also before the file is there", async (t) => {
    const storage = new JsonFileStorage(newFile(t));
    const folder = path.join(path.dirname(storage.file), "data");
    mkdirSync(folder);
    symlinkSync(path.join("data", "real.json"), storage.file);
    for (const state of [createState(), createState()]) {
      await storage.save(state);
      assert.ok(lstatSync(storage.file).isSymbolicLink());
      assert.deepEqual(await new JsonFileStorage(path.join(folder, "real.json")).load(), state);
      assert.deepEqual(readdirSync(folder), ["real.json"]);
    }
  });

  it("says which file is wrong, and shows nothing of it", async (t) => {
    const storage = new JsonFileStorage(newFile(t));
    writeFileSync(storage.file, '{"secretKey": "5ec2e7');
    await assert.rejects(storage.load(), (error: Error & { code: string }) => {
      assert.equal(error.code, "ERR_HAPWIRE_STORAGE");
      assert.ok(error.message.includes(storage.file) && !error.message.includes("5ec2e7"));
      return error.cause === undefined;
    });
    const lost = new JsonFileStorage(path.join(path.dirname(storage.file), "missing", "lamp.json"));
    await assert.rejects(lost.save(createState()), { code: "ERR_HAPWIRE_STORAGE" });
  });

  it("keeps the identity from one start to the next", async (t) => {
    const storage = new JsonFileStorage(newFile(t));
    const [first, second] = [
      await AccessoryPairing.open({ storage }),
      await AccessoryPairing.open({ storage }),
    ];
    assert.equal(first.accessoryId, second.accessoryId);
    assert.equal(first.setupCode, second.setupCode);
    assert.equal(first.setupUri(5), second.setupUri(5));
  });

  it("loses nothing and leaves nothing half-written if the process is killed at any moment", async (t) => {
    const file = newFile(t);
    let last = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const said = await saveUntilKilled(file, last + 1, kill * KILL_STEP);
      const state = checkState(await new JsonFileStorage(file).load());
      assert.ok(
        state.failedAttempts >= said,
        `${String(said)} was saved, not ${String(state.failedAttempts)}`,
      );
      assert.equal(state.controllers.length, 64);
      last = state.failedAttempts;
    }
    assert.ok(last >= KILLS);
  });

  it("refuses a value that is no path", () => {
    assert.throws(() => new JsonFileStorage(""), { argument: "file" });
  });
});

describe("a state that was loaded", () => {
  it("is taken as it was saved", () => {
    const controllers = [{ id: "A", publicKey: "ab".repeat(32), isAdmin: false }];
    const state = { ...createState(), controllers };
    assert.deepEqual(checkState(JSON.parse(JSON.stringify(state))), state);
  });

  it("is refused by the name of the field that is wrong", () => {
    const wrong = {
      version: 2,
      accessoryId: "1a:2b:3c:4d:5e:6f",
      secretKey: "ab",
      setupCode: "000-00-000",
      setupId: "ab",
      failedAttempts: -1,
      controllers: [{ id: "A", publicKey: "ab", isAdmin: true }],
    };
    for (const [field, value] of Object.entries(wrong)) {
      assert.throws(() => checkState({ ...createState(), [field]: value }), {
        code: "ERR_HAPWIRE_STORAGE",
        message: new RegExp(`${field} is wrong`),
      });
    }
    for (const value of [null, 5, "text", []]) {
      assert.throws(() => checkState(value), { code: "ERR_HAPWIRE_STORAGE" });
    }
  });
});

/**
 * Kills a saving process some time after its first save.
 *
 * @param delay - Milliseconds, and parts of one.
 * @returns The last state that the process has said to be saved.
 */
async function saveUntilKilled(file: string, first: number, delay: number): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM, file, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stdout.once("data", () => {
    // Timers are too coarse: a save takes a millisecond.
    const start = performance.now();
    while (performance.now() - start < delay);
    child.kill("SIGKILL");
  });
  await once(child, "close");
  return Number(output.trimEnd().split("\n").at(-1));
}

/** The path of a file that is not there, in a folder that goes with the test. */
function newFile(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "hapwire-pairing-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return path.join(folder, "lamp.json");
}
