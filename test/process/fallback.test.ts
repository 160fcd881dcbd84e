/** The portable engine takes over if no addon loads: the warning names the cause and the remedy. */

import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

import { ROOT } from "../support/child";
import { copyPackage, OWN_BUILD } from "../support/package-copy";
import { patient } from "../support/patience";
import { assertPortable, NATIVE, PREBUILT, showEngine, SKIPPED } from "../support/shown-engine";
import { HAS_SODIUM, NO_SODIUM, SODIUM_ADDON } from "../support/sodium";

/** How many bytes of an addon a power cut may leave. The last is more than some addons have. */
const CUT_LENGTHS = [0, 40, 3_000, 60_000, 150_000, 250_000];

describe("the portable engine takes over, with one line,", { timeout: patient(120_000) }, () => {
  it("if there is no addon", async (t) => {
    const copy = copyPackage(t);
    assertPortable(await showEngine(copy), new RegExp(`^there is no ${path.join(copy, PREBUILT)}$`));
  });

  for (const length of CUT_LENGTHS) {
    it(`if the prebuilt addon is cut off after ${String(length)} bytes${SKIPPED}`, NATIVE, async (t) => {
      const copy = copyPackage(t, { addons: [PREBUILT] });
      const file = path.join(copy, PREBUILT);
      writeFileSync(file, readFileSync(file).subarray(0, -100).subarray(0, length));
      assertPortable(await showEngine(copy), /: the file is damaged: /, /reinstall hapwire: delete /);
    });
  }

  it("if the addon built here is damaged", async (t) => {
    const copy = copyPackage(t, { damaged: [OWN_BUILD] });
    assertPortable(await showEngine(copy), /: the file is damaged: /);
  });

  it(`if Node is started with --no-addons${SKIPPED}`, NATIVE, async (t) => {
    const copy = copyPackage(t, { addons: [PREBUILT] });
    const shown = await showEngine(copy, { env: { NODE_OPTIONS: "--no-addons" } });
    assertPortable(
      shown,
      /loading addons is disabled$/,
      /For the native engine, start Node without --no-addons\.$/,
    );
  });

  it(`if the addon's OpenSSL refuses the cipher, as in FIPS mode${SKIPPED}`, NATIVE, async () => {
    const env = { NODE_OPTIONS: `--require "${path.join(__dirname, "..", "support", "refusing-addon.js")}"` };
    assertPortable(
      await showEngine(ROOT, { env }),
      /^OpenSSL refuses ChaCha20-Poly1305 here$/,
      /without FIPS mode/,
    );
  });

  it(`if the prebuilt addon is another package's${NO_SODIUM}`, { skip: !HAS_SODIUM }, async (t) => {
    const copy = copyPackage(t);
    cpSync(SODIUM_ADDON, path.join(copy, PREBUILT));
    assertPortable(
      await showEngine(copy),
      /: the file is the addon of another package$/,
      /reinstall hapwire/,
    );
  });

  it("if HAPWIRE_PREBUILD names a folder without an addon", async (t) => {
    const copy = copyPackage(t, { damaged: [PREBUILT] });
    const shown = await showEngine(copy, { env: { HAPWIRE_PREBUILD: copyPackage(t) } });
    assertPortable(shown, /^there is no /, /let HAPWIRE_PREBUILD name a folder that has prebuilds\//);
  });
});
