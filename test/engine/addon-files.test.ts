/** The places in which the addon is looked for, and damaged files that are found without loading them. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { crc32 } from "node:zlib";

import { damageOf } from "#src/engine/addon-damage";
import { prebuiltFileFor } from "#src/engine/addon-places";
import { engineInfo } from "hapwire";

const { file } = engineInfo();
const SKIP = file === undefined || process.platform !== "linux";
const SKIPPED = SKIP ? " (skipped: there is no addon for Linux here)" : "";

/** Node 20.11 and older check no checksum. */
const HAS_CRC32 = typeof crc32 === "function";

describe("the prebuilt addon", () => {
  it("has prebuildify's name for the platform", () => {
    assert.equal(prebuiltFileFor("linux", "x64", ""), "prebuilds/linux-x64/hapwire.node");
    assert.equal(prebuiltFileFor("linux", "arm64", "8"), "prebuilds/linux-arm64/hapwire.node");
  });

  it("is another one for each version of 32-bit ARM", () => {
    assert.equal(prebuiltFileFor("linux", "arm", "7"), "prebuilds/linux-arm/hapwire.armv7.node");
    assert.equal(prebuiltFileFor("linux", "arm", "6"), "prebuilds/linux-arm/hapwire.armv6.node");
  });
});

describe(`an addon's file${SKIPPED}`, { skip: SKIP }, () => {
  const addon = SKIP ? Buffer.alloc(0) : withoutSeal(readFileSync(file));

  it("is sound as the compiler wrote it, and with its checksum", () => {
    assert.equal(damageOf(addon), undefined);
    assert.equal(damageOf(sealed(addon)), undefined);
  });

  it("is damaged if its end is missing, wherever it is cut off", () => {
    for (let length = 0; length < addon.length; length += 997) {
      assert.match(damageOf(addon.subarray(0, length)) ?? "", /^the file is damaged: /, String(length));
    }
    assert.match(damageOf(addon.subarray(0, -1)) ?? "", /^the file is damaged: it has /);
  });

  it("is damaged if a part that is loaded is missing, without a table of sections too", () => {
    const other = Buffer.from(addon);
    const [table, count] = other.readUInt8(4) === 2 ? [40, 60] : [32, 48];
    other.writeUInt32LE(0, table);
    other.writeUInt16LE(0, count);
    assert.equal(damageOf(other), undefined);
    assert.match(
      damageOf(other.subarray(0, 60_000)) ?? "",
      /^the file is damaged: it has 60000 bytes of \d+$/,
    );
  });

  it("is damaged if one block of it is empty", { skip: !HAS_CRC32 }, () => {
    const whole = sealed(addon);
    for (let start = 4096; start < whole.length; start += 4096) {
      const damaged = Buffer.from(whole).fill(0, start, Math.min(start + 4096, whole.length));
      if (!damaged.equals(whole)) {
        assert.equal(damageOf(damaged), "the file is damaged: its checksum does not match", String(start));
      }
    }
  });

  it("is for another processor if it says so", () => {
    const other = Buffer.from(addon);
    other.writeUInt16LE(8, 18);
    assert.equal(damageOf(other), `the file is for another processor than ${process.arch}`);
  });
});

/** With the checksum that prebuilds/compile.mjs appends. */
function sealed(content: Buffer): Buffer {
  const seal = Buffer.from("HAPW\0\0\0\0", "latin1");
  if (HAS_CRC32) {
    seal.writeUInt32LE(crc32(content), 4);
  }
  return Buffer.concat([content, seal]);
}

function withoutSeal(content: Buffer): Buffer {
  return content.toString("latin1", content.length - 8, content.length - 4) === "HAPW"
    ? content.subarray(0, -8)
    : content;
}
