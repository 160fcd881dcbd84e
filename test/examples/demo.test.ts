/** The demo as a newcomer runs it: its output, its errors, its exit codes. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { runNode } from "../support/child";
import { patient } from "../support/patience";

const MAIN = "dist-examples/demo/main.js";

describe("npm start", { timeout: patient(150_000) }, () => {
  it("tells its story without a warning", async () => {
    const { code, stdout, stderr } = await runNode([MAIN]);
    assert.equal(stderr, "");
    assert.match(
      stdout,
      /^hapwire demo: .*\n\n( +\d+\.\d s {2}.*\n){11}\n.* encrypted frames\nhapwire demo: ok\n$/,
    );
    assert.equal(code, 0);
  });

  it("prints its help", async () => {
    const { code, stdout } = await runNode([MAIN, "--help"]);
    assert.match(stdout, /^Usage: npm start/);
    assert.equal(code, 0);
  });

  for (const [args, message] of [
    [["--port", "1"], "--port needs --serve"],
    [["--serve", "--port", "x"], '--port must be a whole number from 0 to 65535, not "x"'],
    [["--serve", "--accessories", "150"], '--accessories must be a whole number from 1 to 149, not "150"'],
  ] as const) {
    it(`refuses ${args.join(" ")}`, async () => {
      const { code, stdout, stderr } = await runNode([MAIN, ...args]);
      assert.equal(stdout, "");
      assert.equal(stderr, `${message}\nTry: npm start -- --help\n`);
      assert.equal(code, 2);
    });
  }
});
