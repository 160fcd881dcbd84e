/** Stored results, as `--from` reads them. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";

import { readResult } from "#bench/report/read-result";
import { EXAMPLE } from "./example-result";

describe("readResult", () => {
  it("names the file that it cannot read, and the reason", (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), "hapwire-report-"));
    t.after(() => {
      rmSync(folder, { recursive: true });
    });
    const file = path.join(folder, "result.json");
    const message = (reason: string): RegExp =>
      new RegExp(`result\\.json cannot be read .*: .*${reason}`, "s");
    assert.throws(() => readResult(file), message("ENOENT"));
    for (const [content, reason] of [
      ["", "JSON"],
      ["null", "its format is undefined, not 1"],
      ['{"format":2}', "its format is 2, not 1"],
    ] as const) {
      writeFileSync(file, content);
      assert.throws(() => readResult(file), message(reason));
    }
    writeFileSync(file, JSON.stringify(EXAMPLE));
    assert.deepEqual(readResult(file), EXAMPLE);
  });
});
