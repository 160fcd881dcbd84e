/** How the package loads: by name from ECMAScript modules, and with the engine that the environment asks for. */

import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";

import * as hapwire from "hapwire";

import { ROOT, runNode, type ChildOptions } from "../support/child";

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
  "deriveSessionKeys",
  "engineInfo",
];
const HAS_NATIVE = hapwire.engineInfo().name === "native";
const SKIPPED = " (skipped: the portable engine runs here)";

/** Prints what engineInfo() says, or the error that it throws. */
const SHOW_ENGINE = `
  const { engineInfo, FrameSealer, FrameOpener } = require(process.argv[1]);
  try {
    const info = engineInfo();
    const key = Buffer.alloc(32, 1);
    const text = new FrameOpener(key).open(new FrameSealer(key).seal(Buffer.from("works"))).toString();
    console.log(JSON.stringify({ ...info, text }));
  } catch ({ name, code, message }) {
    console.log(JSON.stringify({ name, code, message }));
  }`;

describe("ECMAScript modules", { timeout: 60_000 }, () => {
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

  it("find nothing but what the package exports", async () => {
    const code = 'await import("hapwire/dist/wire.js").catch(({ code }) => console.log(code));';
    const { stdout } = await runNode(["--input-type=module", "--eval", code]);
    assert.equal(stdout, "ERR_PACKAGE_PATH_NOT_EXPORTED\n");
  });
});

describe("the engine", { timeout: 60_000 }, () => {
  it(`is native by itself${HAS_NATIVE ? "" : SKIPPED}`, { skip: !HAS_NATIVE }, async () => {
    const { name, reason, file, text } = await showEngine(ROOT);
    assert.deepEqual({ name, reason, text }, { name: "native", reason: "the addon loaded", text: "works" });
    assert.match(String(file), /hapwire.*\.node$/);
  });

  it(
    `is the one that HAPWIRE_ENGINE names: native${HAS_NATIVE ? "" : SKIPPED}`,
    { skip: !HAS_NATIVE },
    async () => {
      const { name, reason } = await showEngine(ROOT, { engine: "native" });
      assert.deepEqual({ name, reason }, { name: "native", reason: "HAPWIRE_ENGINE=native asks for it" });
    },
  );

  it("is the one that HAPWIRE_ENGINE names: portable", async () => {
    const { name, reason, file, text } = await showEngine(ROOT, { engine: "portable" });
    assert.deepEqual(
      { name, reason, file, text },
      { name: "portable", reason: "HAPWIRE_ENGINE=portable asks for it", file: undefined, text: "works" },
    );
  });

  it("is none where HAPWIRE_ENGINE makes no sense", async () => {
    assert.deepEqual(await showEngine(ROOT, { engine: "nonsense" }), {
      name: "EngineError",
      code: "ERR_HAPWIRE_ENGINE",
      message: 'HAPWIRE_ENGINE must be "native" or "portable", not "nonsense"',
    });
  });

  it("is portable, and says why, where there is no addon", async (t) => {
    const checkout = copyWithoutAddon(t);
    const { name, reason, file, text } = await showEngine(checkout);
    assert.deepEqual({ name, file, text }, { name: "portable", file: undefined, text: "works" });
    assert.match(String(reason), /^the addon did not load: No native build was found.*$/);
  });

  it("is portable, and says why, where the addon is damaged", async (t) => {
    const checkout = copyWithoutAddon(t);
    const folder = path.join(checkout, "build", "Release");
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "hapwire.node"), "no shared library");
    const { name, reason, text } = await showEngine(checkout);
    assert.deepEqual({ name, text }, { name: "portable", text: "works" });
    assert.match(String(reason), /^the addon did not load: .+$/);
  });

  it("cannot be native where there is no addon", async (t) => {
    const { name, code, message } = await showEngine(copyWithoutAddon(t), { engine: "native" });
    assert.deepEqual({ name, code }, { name: "EngineError", code: "ERR_HAPWIRE_ENGINE" });
    assert.match(String(message), /^the native engine cannot run here: No native build was found.*$/);
  });
});

async function showEngine(
  packageFolder: string,
  options: ChildOptions = {},
): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runNode(["--eval", SHOW_ENGINE, packageFolder], options);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** The package as on a machine without prebuilt addon and without compiler. */
function copyWithoutAddon(t: TestContext): string {
  const copy = mkdtempSync(path.join(tmpdir(), "hapwire-copy-"));
  t.after(() => {
    rmSync(copy, { recursive: true });
  });
  for (const name of ["package.json", "dist"]) {
    cpSync(path.join(ROOT, name), path.join(copy, name), { recursive: true });
  }
  symlinkSync(path.join(ROOT, "node_modules"), path.join(copy, "node_modules"));
  return copy;
}
