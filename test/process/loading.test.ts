/** Which engine is chosen, and which addon is loaded: prebuilt or built here, from any folder, under Node's permission model. */

import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

import { ROOT } from "../support/child";
import { copyPackage, OWN_BUILD } from "../support/package-copy";
import { patient } from "../support/patience";
import {
  assertPortable,
  nativeFrom,
  NATIVE,
  PREBUILT,
  showEngine,
  SKIPPED,
  type ShowOptions,
} from "../support/shown-engine";
import { HAS_SODIUM, NO_SODIUM, SODIUM_ADDON, SODIUM_FOLDER } from "../support/sodium";

/** Node's permission model, under the name that this Node has for it. */
const PERMISSION = process.allowedNodeEnvironmentFlags.has("--permission")
  ? "--permission"
  : "--experimental-permission";

/** Before 20.12, the permission model allowed no addon at all. */
const [MAJOR = 0, MINOR = 0] = process.versions.node.split(".").map(Number);
const REFUSES_ADDONS = MAJOR === 20 && MINOR < 12;
const OLD = REFUSES_ADDONS ? " (skipped: this Node has no --allow-addons)" : "";

describe("HAPWIRE_ENGINE", { timeout: patient(60_000) }, () => {
  it(`names native${SKIPPED}`, NATIVE, async () => {
    const { name, choice, reason, warnings } = await showEngine(ROOT, { engine: "native" });
    assert.deepEqual(
      { name, choice, reason, warnings },
      { name: "native", choice: "forced", reason: "HAPWIRE_ENGINE=native asks for it", warnings: [] },
    );
  });

  it("chooses portable without a warning", async () => {
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

  it("is refused if it names neither engine", async () => {
    assert.deepEqual(await showEngine(ROOT, { engine: "nonsense" }), {
      name: "EngineError",
      code: "ERR_HAPWIRE_ENGINE",
      message: 'HAPWIRE_ENGINE must be "native" or "portable", not "nonsense"',
      warnings: [],
    });
  });

  it("throws if it names native and there is no addon: when the engine is wanted, not at require", async (t) => {
    const { name, code, message } = await showEngine(copyPackage(t), { engine: "native" });
    assert.deepEqual({ name, code }, { name: "EngineError", code: "ERR_HAPWIRE_ENGINE" });
    assert.match(
      String(message),
      /^the native engine cannot run here: there is no .*; .*npm rebuild hapwire/,
    );
  });
});

describe(`the addon that loads${SKIPPED}`, { timeout: patient(120_000), ...NATIVE }, () => {
  it("is the prebuilt one if nothing was built", async (t) => {
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

  it("is the package's own if HAPWIRE_PREBUILD is empty", async (t) => {
    const copy = copyPackage(t, { addons: [PREBUILT] });
    const shown = await showEngine(copy, { env: { HAPWIRE_PREBUILD: "" }, cwd: copyPackage(t) });
    assert.deepEqual(shown, nativeFrom(copy, PREBUILT));
  });

  it("writes nothing into the package's folder", async (t) => {
    const copy = copyPackage(t, { addons: [PREBUILT] });
    const folders = ["dist", "native", "prebuilds"].map((name) => path.join(copy, name));
    // Not node_modules: its links lead out of the copy, and around in a circle.
    const contents = (): unknown[] => [
      readdirSync(copy),
      ...folders.map((folder) => readdirSync(folder, { recursive: true })),
    ];
    const before = contents();
    await showEngine(copy);
    assert.deepEqual(contents(), before);
  });

  it("runs beside other addons, a second copy of itself too", async (t) => {
    const copy = copyPackage(t, { addons: [PREBUILT] });
    const second = copyPackage(t, { addons: [PREBUILT] });
    const others = [second, ...(HAS_SODIUM ? [SODIUM_FOLDER] : [])];
    assert.deepEqual(await showEngine(copy, {}, others), nativeFrom(copy, PREBUILT));
  });
});

describe(`a bad addon in build/${SKIPPED}`, { timeout: patient(120_000), ...NATIVE }, () => {
  for (const [what, change, reason] of [
    ["garbage", () => Buffer.from("no shared library"), /damaged: it does not begin as an addon does/],
    ["cut off", (addon: Buffer) => addon.subarray(0, 60_000), /damaged: it has 60000 bytes of \d+$/],
    ["for another processor", changeProcessor, /for another processor than/],
  ] as const) {
    it(`does not hide the prebuilt addon if it is ${what}`, async (t) => {
      const copy = copyPackage(t, { addons: [PREBUILT] });
      const file = path.join(copy, OWN_BUILD);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, change(readFileSync(path.join(copy, PREBUILT))));
      const { rejected, ...shown } = await showEngine(copy);
      assert.deepEqual({ ...shown, rejected: [] }, nativeFrom(copy, PREBUILT));
      assert.deepEqual(
        rejected?.map((addon) => addon.file),
        [file],
      );
      assert.match(rejected[0]?.reason ?? "", reason);
    });
  }

  it(
    `does not hide the prebuilt addon if it is another package's${NO_SODIUM}`,
    { skip: !HAS_SODIUM },
    async (t) => {
      const copy = copyPackage(t, { addons: [PREBUILT] });
      cpSync(SODIUM_ADDON, path.join(copy, OWN_BUILD));
      const { file, rejected } = await showEngine(copy);
      assert.equal(file, path.join(copy, PREBUILT));
      assert.match(rejected?.[0]?.reason ?? "", /the addon of another package$/);
    },
  );
});

describe(
  `under Node's permission model, the engine${SKIPPED || OLD}`,
  { timeout: patient(120_000), skip: NATIVE.skip || REFUSES_ADDONS },
  () => {
    it("is native with --allow-addons and the right to read the package", async (t) => {
      const copy = copyPackage(t, { addons: [PREBUILT] });
      const shown = await showEngine(copy, permission(copy, "--allow-addons"));
      assert.deepEqual(shown, nativeFrom(copy, PREBUILT));
    });

    it("is portable without --allow-addons, for which the warning asks", async (t) => {
      const copy = copyPackage(t, { addons: [PREBUILT] });
      const shown = await showEngine(copy, permission(copy));
      assertPortable(shown, /disabled$/, /, start Node with --allow-addons\.$/);
    });

    it("is portable without the right to read the addon, for which the warning asks", async (t) => {
      const copy = copyPackage(t);
      const elsewhere = copyPackage(t, { addons: [PREBUILT] });
      const env = { HAPWIRE_PREBUILD: elsewhere };
      const shown = await showEngine(copy, { ...permission(copy, "--allow-addons"), env });
      const asked = new RegExp(`start Node with --allow-fs-read=${elsewhere}/.*\\.node\\.$`);
      assertPortable(shown, /Access to this API has been restricted/, asked);
    });
  },
);

describe(`npm_config_arch of another processor${SKIPPED}`, { timeout: patient(60_000), ...NATIVE }, () => {
  it("does not change which addon is loaded", async (t) => {
    const copy = copyPackage(t, { addons: [PREBUILT] });
    const env = { npm_config_arch: "mips", npm_config_platform: "aix" };
    assert.deepEqual(await showEngine(copy, { env }), nativeFrom(copy, PREBUILT));
  });
});

/** An addon as another machine has it. */
function changeProcessor(addon: Buffer): Buffer {
  const MIPS = 8;
  addon.writeUInt16LE(MIPS, 18);
  return addon;
}

/** The options of a process that may read the package and its dependencies, and nothing else. */
function permission(packageFolder: string, ...more: readonly string[]): ShowOptions {
  // Under emulation, a file beside the program is preloaded.
  const readable = [packageFolder, path.join(ROOT, "node_modules"), path.dirname(process.execPath)];
  const flags = [PERMISSION, ...readable.map((folder) => `--allow-fs-read=${folder}`), ...more];
  return { flags };
}
