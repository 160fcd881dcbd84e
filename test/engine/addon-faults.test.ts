/** The remedies fit the causes: what Node, glibc and musl say if an addon does not load. */

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { AddonError, causeOf, faultBehind } from "#src/engine/addon-error";

const FILE = "/app/hapwire.node";
const RENEWAL = "reinstall hapwire";

const CASES = [
  [
    "a noexec mount, on glibc",
    `${FILE}: failed to map segment from shared object`,
    /not mounted with noexec$/,
  ],
  ["a noexec mount, on musl", `Error loading shared library ${FILE}: Operation not permitted`, /noexec$/],
  [
    "a lack of memory, on glibc",
    `${FILE}: failed to map segment from shared object: Cannot allocate memory`,
    /^free some memory/,
  ],
  ["a lack of memory, on musl", `Error loading shared library ${FILE}: Out of memory`, /^free some memory/],
  [
    "a runtime without OpenSSL, on glibc",
    `${FILE}: undefined symbol: EVP_DecryptInit_ex`,
    /exports its OpenSSL/,
  ],
  [
    "a runtime without OpenSSL, on musl",
    `Error relocating ${FILE}: EVP_DecryptInit_ex: symbol not found`,
    /exports its OpenSSL/,
  ],
  [
    "a runtime without OpenSSL, on macOS",
    `dlopen(${FILE}, 0x0001): symbol not found in flat namespace '_EVP_DecryptInit_ex'`,
    /exports its OpenSSL/,
  ],
  [
    "an old glibc",
    `/lib/libc.so.6: version \`GLIBC_2.28' not found (required by ${FILE})`,
    /npm rebuild hapwire/,
  ],
] as const;

describe("the remedy", () => {
  for (const [cause, message, remedy] of CASES) {
    it(`fits ${cause}`, () => {
      assert.match(faultBehind(new Error(message), FILE, RENEWAL).remedy, remedy);
    });
  }

  it("fits a file that this user may not read, and one on a bad disk", () => {
    for (const [code, remedy] of [
      ["EACCES", `give the user who runs Node the right to read ${FILE}`],
      ["EIO", RENEWAL],
    ] as const) {
      const error = Object.assign(new Error(`${code}: no luck, open '${FILE}'`), { code, syscall: "open" });
      assert.equal(faultBehind(error, FILE, RENEWAL).remedy, remedy);
    }
  });

  it("is a newer Node on a release that hapwire does not support, whatever the cause", (t) => {
    const fault = { reason: "there is no addon", remedy: "build it" };
    assert.equal(new AddonError(fault, []).remedy, "build it");
    asNode(t, "18.20.4");
    assert.equal(new AddonError(fault, []).remedy, "install Node 20 or newer");
  });
});

describe("the reason", () => {
  it("is the first line, without a full stop and without the file", () => {
    assert.equal(causeOf(new Error("loading addons is disabled.")), "loading addons is disabled");
    assert.equal(
      faultBehind(new Error(`${FILE}: invalid ELF header\nmore`), FILE, RENEWAL).reason,
      "invalid ELF header",
    );
  });
});

/** Lets this process be another release of Node until the test ends. */
function asNode(t: TestContext, node: string): void {
  const versions = Object.getOwnPropertyDescriptor(process, "versions");
  assert.ok(versions);
  Object.defineProperty(process, "versions", { ...versions, value: { ...process.versions, node } });
  t.after(() => {
    Object.defineProperty(process, "versions", versions);
  });
}
