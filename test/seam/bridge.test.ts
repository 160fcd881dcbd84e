/** A bridge of the two installed HAP-NodeJS packages on `install(hap)`, with all that the Home app does with it. */

import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "node:test";

import { ROOT, runNode } from "../support/child";
import { transportEngines } from "../support/harness";
import { patient } from "../support/patience";

const PROGRAM = path.join(__dirname, "bridge-program.js");

describe("a bridge that install(hap) carries", { timeout: patient(120_000) }, () => {
  for (const engine of transportEngines()) {
    for (const name of ["@homebridge/hap-nodejs", "hap-nodejs"]) {
      it(`of ${name} pairs, reads, writes, tells of events and unpairs (${engine})`, async () => {
        const { code, stdout, stderr } = await runNode([PROGRAM, path.join(ROOT, "node_modules", name)], {
          engine,
        });
        assert.equal(code, 0, `${stdout}${stderr}`);
        assert.match(
          stdout,
          new RegExp(
            `^carries Seam Bridge \\w+ \\(0E:11:22:33:44:55\\): ${engine} engine \\(.+\\), HAP-NodeJS `,
          ),
        );
        assert.equal(
          stdout.split("\n").slice(1).join(" "),
          "pair: ok read: ok write: ok events: ok unpair: ok faster: ok ok ",
        );
      });
    }
  }
});
