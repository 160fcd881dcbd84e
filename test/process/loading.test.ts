/** Which engine loads: prebuilt, built here or portable, from whatever folder; and what is said where it is not native. */

import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

import { engineInfo, type EngineInfo } from "hapwire";

import { ROOT, runNode, type ChildOptions, type Ended } from "../support/child";
import { copyPackage, OWN_BUILD } from "../support/package-copy";
import { patient } from "../support/patience";
import { HAS_SODIUM, NO_SODIUM, SODIUM_FOLDER } from "../support/sodium";

const ADDON = engineInfo().file;
const NATIVE = { skip: ADDON === undefined };
const SKIPPED = ADDON === undefined ? " (skipped: the portable engine runs here)" : "";

const FOLDER = `prebuilds/${process.platform}-${process.arch}`;
const PREBUILT = `${FOLDER}/hapwire.node`;

/** What the copies of the package must not take from this process. */
const CLEAN = { PREBUILDS_ONLY: undefined, HAPWIRE_PREBUILD: undefined, LIBC: undefined };

/** Prints what engineInfo() says and what goes through the codec, or the error that is thrown after require(). */
const SHOW_ENGINE = `
  for (const name of process.argv.slice(2)) require(name).engineInfo?.();
  const { engineInfo, EventedHTTPServer, FrameSealer, FrameOpener } = require(process.argv[1]);
  try {
    new EventedHTTPServer().close();
    const info = engineInfo();
    const key = Buffer.alloc(32, 1);
    const text = new FrameOpener(key).open(new FrameSealer(key).seal(Buffer.from("works"))).toString();
    console.log(JSON.stringify({ ...info, text }));
  } catch ({ name, code, message }) {
    console.log(JSON.stringify({ name, code, message }));
  }`;

interface Shown extends Partial<Omit<EngineInfo, "name">> {
  readonly name: string;
  readonly text?: string;
  readonly code?: string;
  readonly message?: string;
  /** What the process wrote to stderr, by lines. */
  readonly warnings: readonly string[];
}

describe("HAPWIRE_ENGINE", { timeout: patient(60_000) }, () => {
  it(`names native${SKIPPED}`, NATIVE, async () => {
    const { name, choice, reason, warnings } = await showEngine(ROOT, { engine: "native" });
    assert.deepEqual(
      { name, choice, reason, warnings },
      { name: "native", choice: "forced", reason: "HAPWIRE_ENGINE=native asks for it", warnings: [] },
    );
  });

  it("names portable, and there is no warning then", async () => {
    const { name, choice, reason, file, text, warnings } = await showEngine(ROOT, { engine: "portable" });
    assert.deepEqual(
      { name, choice, reason, file, text, warnings },
      {
        name: "portable",
        choice: "forced",
        reason: "HAPWIRE_ENGINE=portable asks for it",
        file: undefined,
        text: "works",
        warnings: [],
      },
    );
  });

  it("makes no sense", async () => {
    assert.deepEqual(await showEngine(ROOT, { engine: "nonsense" }), {
      name: "EngineError",
      code: "ERR_HAPWIRE_ENGINE",
      message: 'HAPWIRE_ENGINE must be "native" or "portable", not "nonsense"',
      warnings: [],
    });
  });

  it("names native where there is no addon: an error when the engine is wanted, not at require", async (t) => {
    const { name, code, message } = await showEngine(copyPackage(t), { engine: "native" });
    assert.deepEqual({ name, code }, { name: "EngineError", code: "ERR_HAPWIRE_ENGINE" });
    assert.match(String(message), /^the native engine cannot run here: No native build was found.*$/);
  });
});

describe(`the addon that loads${SKIPPED}`, { timeout: patient(120_000), ...NATIVE }, () => {
  it("is the prebuilt one where nothing was built", async (t) => {
    const copy = copyPackage(t, { addons: [PREBUILT] });
    assert.deepEqual(await showEngine(copy), nativeFrom(copy, PREBUILT));
  });

  it("is the one built here before the prebuilt one", async (t) => {
    const copy = copyPackage(t, { addons: [PREBUILT, OWN_BUILD] });
    assert.deepEqual(await showEngine(copy), nativeFrom(copy, OWN_BUILD));
  });

  it("is found below a path with spaces and other letters", async (t) => {
    const copy = copyPackage(t, { addons: [PREBUILT], folder: "Zoë's bridge (kopie 2) 桥" });
    assert.deepEqual(await showEngine(copy), nativeFrom(copy, PREBUILT));
  });

  it("is the one in the folder that HAPWIRE_PREBUILD names, a relative one too", async (t) => {
    const named = copyPackage(t, { addons: [PREBUILT] });
    const copy = copyPackage(t);
    for (const HAPWIRE_PREBUILD of [named, path.relative(ROOT, named)]) {
      const env = { HAPWIRE_PREBUILD };
      assert.deepEqual(await showEngine(copy, { env }), nativeFrom(named, PREBUILT));
    }
  });

  it("is the package's own where HAPWIRE_PREBUILD is empty", async (t) => {
    const copy = copyPackage(t, { addons: [PREBUILT] });
    const shown = await showEngine(copy, { env: { HAPWIRE_PREBUILD: "" }, cwd: copyPackage(t) });
    assert.deepEqual(shown, nativeFrom(copy, PREBUILT));
  });

  it("writes nothing into the package's folder", async (t) => {
    const copy = copyPackage(t, { addons: [PREBUILT] });
    const before = readdirSync(copy, { recursive: true });
    await showEngine(copy);
    assert.deepEqual(readdirSync(copy, { recursive: true }), before);
  });

  it("runs beside other addons, a second copy of itself too", async (t) => {
    const copy = copyPackage(t, { addons: [PREBUILT] });
    const second = copyPackage(t, { addons: [PREBUILT] });
    const others = [second, ...(HAS_SODIUM ? [SODIUM_FOLDER] : [])];
    assert.deepEqual(await showEngine(copy, {}, others), nativeFrom(copy, PREBUILT));
  });
});

describe("the portable engine takes over, with one line,", { timeout: patient(120_000) }, () => {
  it("where there is no addon", async (t) => {
    assertPortable(await showEngine(copyPackage(t)), /^No native build was found for platform=/);
  });

  for (const [what, file] of [
    ["the prebuilt addon", PREBUILT],
    ["the addon built here", OWN_BUILD],
  ] as const) {
    it(`where ${what} is damaged`, async (t) => {
      const copy = copyPackage(t, { damaged: [file] });
      assertPortable(await showEngine(copy), /^./);
    });
  }

  it(`where the addon's OpenSSL refuses the cipher, as in FIPS mode${SKIPPED}`, NATIVE, async () => {
    const env = { NODE_OPTIONS: `--require "${path.join(__dirname, "..", "support", "refusing-addon.js")}"` };
    assertPortable(await showEngine(ROOT, { env }), /^OpenSSL refuses ChaCha20-Poly1305 here$/);
  });

  it(`where the addon that is found is another package's${NO_SODIUM}`, { skip: !HAS_SODIUM }, async (t) => {
    const copy = copyPackage(t);
    cpSync(
      path.join(SODIUM_FOLDER, FOLDER, "sodium-native.node"),
      path.join(copy, FOLDER, "sodium-native.node"),
    );
    assertPortable(await showEngine(copy), /sodium-native\.node is the addon of another package$/);
  });

  it(`where the prebuilt addon is for another libc, which is not touched${SKIPPED}`, NATIVE, async (t) => {
    const copy = copyPackage(t, { addons: [`${FOLDER}/hapwire.glibc.node`] });
    const shown = await showEngine(copy, { env: { LIBC: "musl" } });
    assertPortable(shown, /^No native build was found for .*libc=musl/);
    assert.equal((await showEngine(copy, { env: { LIBC: "glibc" } })).name, "native");
  });

  it(`where it is for another ARM, which is not touched${SKIPPED}`, NATIVE, async (t) => {
    const copy = copyPackage(t, { addons: [`${FOLDER}/hapwire.armv7.node`] });
    const shown = await showEngine(copy, { env: { ARM_VERSION: "6" } });
    assertPortable(shown, /^No native build was found for .*armv=6/);
    assert.equal((await showEngine(copy, { env: { ARM_VERSION: "7" } })).name, "native");
  });
});

describe("the install step", { timeout: patient(120_000) }, () => {
  it(`is silent and builds nothing where the prebuilt addon loads${SKIPPED}`, NATIVE, async (t) => {
    const copy = copyPackage(t, { addons: [PREBUILT] });
    const ended = await install(copy);
    assert.deepEqual(ended, { code: 0, signal: null, stdout: "", stderr: "" });
    assert.ok(!existsSync(path.join(copy, "build")));
  });

  it(
    `says where none could be built, as was asked, but the prebuilt one loads${SKIPPED}`,
    NATIVE,
    async (t) => {
      const copy = copyPackage(t, { addons: [PREBUILT] });
      const { code, stdout, stderr } = await install(copy, { npm_config_build_from_source: "true" });
      assert.deepEqual({ code, stdout }, { code: 0, stdout: "" });
      assert.match(
        stderr,
        /^hapwire: the addon could not be built here; the one that is there already runs[^\n]*\n$/,
      );
    },
  );

  it("does not take HAPWIRE, the switch of the preload, for a word of its own", async (t) => {
    for (const HAPWIRE of ["off", "1"]) {
      const { stderr } = await install(copyPackage(t), { HAPWIRE });
      assert.match(stderr, /^hapwire: no native engine for /);
    }
  });

  it("says in one line, and is content, where there is none and none can be built", async (t) => {
    const { code, stdout, stderr } = await install(copyPackage(t));
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "" });
    assert.match(stderr, /^hapwire: no native engine for [^\n]*npm rebuild hapwire\n$/);
  });
});

/** As npm runs it, on a system where no program is found that could build anything. */
async function install(packageFolder: string, variables: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const env = {
    ...CLEAN,
    PATH: path.join(packageFolder, "nothing"),
    npm_config_build_from_source: undefined,
    npm_config_loglevel: undefined,
    ...variables,
  };
  return runNode([path.join(packageFolder, "native", "install.js")], { cwd: packageFolder, env });
}

async function showEngine(
  packageFolder: string,
  options: ChildOptions = {},
  others: readonly string[] = [],
): Promise<Shown> {
  const env = packageFolder === ROOT ? {} : CLEAN;
  const { code, signal, stdout, stderr } = await runNode(["--eval", SHOW_ENGINE, packageFolder, ...others], {
    ...options,
    env: { ...env, ...options.env },
  });
  assert.deepEqual({ code, signal }, { code: 0, signal: null }, stderr);
  const warnings = stderr.split("\n").filter((line) => line !== "");
  return { ...(JSON.parse(stdout) as Omit<Shown, "warnings">), warnings };
}

function nativeFrom(packageFolder: string, file: string): Record<string, unknown> {
  return {
    name: "native",
    reason: "the addon loaded",
    aead: engineInfo().aead,
    file: path.join(packageFolder, file),
    choice: "preferred",
    origin: file === OWN_BUILD ? "built" : "prebuilt",
    text: "works",
    warnings: [],
  };
}

/** One line of warning, with the platform, the cause and what to do; and Node's own hint of how to trace it. */
function assertPortable(shown: Shown, cause: RegExp): void {
  const { name, choice, origin, file, text, reason = "", warnings } = shown;
  assert.deepEqual(
    { name, choice, origin, file, text },
    { name: "portable", choice: "fallback", origin: undefined, file: undefined, text: "works" },
  );
  assert.match(reason, /^the addon did not load: /);
  assert.match(reason.replace("the addon did not load: ", ""), cause);
  const [line = "", ...more] = warnings.filter((text) => !text.startsWith("(Use `node --trace-warnings"));
  assert.deepEqual(more, []);
  assert.match(line, /\[HAPWIRE_PORTABLE_ENGINE\] HapwireWarning: hapwire runs on its portable engine on /);
  for (const part of [`${process.platform}-${process.arch}`, reason, "npm rebuild hapwire"]) {
    assert.ok(line.includes(part), `${line} does not say: ${part}`);
  }
}
