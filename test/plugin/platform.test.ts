/** The platform of the plugin in Homebridge's own process. */

import assert from "node:assert/strict";
import childProcess from "node:child_process";
import { it } from "node:test";

import { HapwirePlatform } from "homebridge-hapwire/dist/platform";

it("is there once, however many blocks of config.json name it", () => {
  const lines: string[] = [];
  const log = {
    info: (line: string) => lines.push(line),
    warn: (line: string) => lines.push(line),
  };
  class HAPServer {
    listen(): void {
      // Never called.
    }
  }
  const api = {
    hap: { HAPServer },
    user: { storagePath: () => "/nonexistent" },
    registerPlatform: () => undefined,
  };
  const { fork } = childProcess;
  new HapwirePlatform(log, { platform: "Hapwire" }, api);
  const { fork: changed } = childProcess;
  assert.notEqual(changed, fork);
  new HapwirePlatform(log, { platform: "Hapwire", engine: "portable" }, api);
  assert.equal(childProcess.fork, changed);
  assert.deepEqual(lines, ["is in config.json more than once: the first block counts. Remove the others."]);
});
