/** How the package loads by name from ECMAScript modules. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as hapwire from "hapwire";

import { runNode } from "../support/child";
import { patient } from "../support/patience";

/** Every public name that is there at run time. */
const NAMES = [
  "ArgumentError",
  "ConnectionError",
  "EngineError",
  "EventedHTTPServer",
  "EventedHTTPServerEvent",
  "FrameError",
  "FrameOpener",
  "FrameSealer",
  "HAPConnection",
  "HAPConnectionEvent",
  "HAPConnectionState",
  "HAPEncryption",
  "HapwireError",
  "MissingPeerError",
  "deriveSessionKeys",
  "engineInfo",
];

describe("ECMAScript modules", { timeout: patient(60_000) }, () => {
  it("import every public name by its name", async () => {
    assert.deepEqual(Object.keys(hapwire).sort(), NAMES);
    const code = `
      import { ${NAMES.join(", ")} } from "hapwire";
      import * as all from "hapwire";
      const named = { ${NAMES.join(", ")} };
      console.log(JSON.stringify(Object.entries(named).map(([name, it]) => [name, typeof it, it === all.default[name]])));`;
    const { code: exitCode, stdout, stderr } = await runNode(["--input-type=module", "--eval", code]);
    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: "" });
    const expected = NAMES.map((name) => [name, typeof Reflect.get(hapwire, name), true]);
    assert.deepEqual(JSON.parse(stdout), expected);
  });

  it("find nothing but the package's exports", async () => {
    const code = 'await import("hapwire/dist/wire.js").catch(({ code }) => console.log(code));';
    const { stdout } = await runNode(["--input-type=module", "--eval", code]);
    assert.equal(stdout, "ERR_PACKAGE_PATH_NOT_EXPORTED\n");
  });
});
