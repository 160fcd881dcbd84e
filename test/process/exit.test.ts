/** The end of a process that has open connections: as it was asked for, with no crash on the way. */

import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "node:test";

import { systemClock } from "#src/clock";

import { runNode } from "../support/child";
import { transportEngines } from "../support/harness";
import { patient } from "../support/patience";

const SCRIPT = path.join(__dirname, "scripts", "exit.js");

for (const engine of transportEngines()) {
  describe(`a process with open connections (${engine})`, { timeout: patient(60_000) }, () => {
    it("exits with the code that process.exit() was given", async () => {
      const { code, signal, stderr } = await runNode([SCRIPT, "exit"], { engine });
      assert.deepEqual({ code, signal, stderr }, { code: 7, signal: null, stderr: "" });
    });

    it("exits with code 1 for an exception that nobody catches", async () => {
      const { code, signal, stderr } = await runNode([SCRIPT, "throw"], { engine });
      assert.deepEqual({ code, signal }, { code: 1, signal: null });
      assert.match(stderr, /on purpose/);
    });

    it("ends by SIGTERM", async () => {
      const { code, signal, stderr } = await runNode([SCRIPT, "signal"], {
        engine,
        signalWhenReady: "SIGTERM",
      });
      assert.deepEqual({ code, signal, stderr }, { code: null, signal: "SIGTERM", stderr: "" });
    });

    it("ends by itself after close()", async () => {
      const ended = await runNode([SCRIPT, "close"], { engine });
      assert.deepEqual(ended, { code: 0, signal: null, stdout: "closed\n", stderr: "" });
    });

    it("ends by itself when timers are all that is left", async () => {
      const ended = await runNode([SCRIPT, "timers"], { engine });
      assert.deepEqual(ended, { code: 0, signal: null, stdout: "sockets gone\n", stderr: "" });
    });
  });
}

describe("the clock of the machine", () => {
  it("has timers that keep no process alive", () => {
    const timer = systemClock.setTimeout(() => undefined, 60_000) as NodeJS.Timeout;
    assert.ok(!timer.hasRef());
    systemClock.clearTimeout(timer);
  });
});
