/** The doctor's session on loopback: finds one in plaintext, and leaves nothing that keeps the process alive. */

import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "node:test";

import type { Report } from "#src/cli/doctor/report";

import { runNode } from "../support/child";
import { patient } from "../support/patience";

const MAIN = path.join("dist", "cli", "main.js");

function supportFile(name: string): string {
  return path.join(__dirname, "..", "support", name);
}

describe("hapwire doctor's session on loopback", { timeout: patient(60_000) }, () => {
  it("fails if the session is not encrypted, however well it works", async () => {
    const { code, stdout } = await runNode(
      ["--require", supportFile("null-cipher.js"), MAIN, "doctor", "--json"],
      { engine: "portable" },
    );
    assert.equal(code, 1);
    const { checks } = JSON.parse(stdout) as Report;
    assert.deepEqual(
      checks.find(({ engine, title }) => engine === "portable" && title === "a session on loopback"),
      {
        title: "a session on loopback",
        engine: "portable",
        error: "a message of the secured session came in plaintext",
      },
    );
  });

  it("leaves no timer and no socket", async () => {
    // With an engine that is not known, it tests both and measures none.
    const { stdout, stderr } = await runNode(
      ["--require", supportFile("lingering.js"), MAIN, "doctor", "--json"],
      { engine: "nonsense" },
    );
    const { checks } = JSON.parse(stdout) as Report;
    assert.ok(checks.some(({ title, error }) => title === "a session on loopback" && error === undefined));
    assert.match(stderr, /^lingering: nothing$/m);
  });
});
