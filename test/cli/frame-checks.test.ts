/** The doctor's checks of frames notice an addon that accepts invalid frames. */

import assert from "node:assert/strict";
import os from "node:os";
import { describe, it, type TestContext } from "node:test";

import { messageOf } from "#src/cli/doctor/engines";
import { checkRefusals } from "#src/cli/doctor/frame-checks";
import { loadEngine } from "#src/engine/load";
import { engineInfo } from "hapwire";

const { file } = engineInfo();
const SKIP = file === undefined;
const REASON = SKIP ? " (skipped: the portable engine runs here)" : "";

/** The addon's way to open frames: negative results are errors, zero is no plaintext. */
type OpenFrames = (this: object, segment: Buffer, output?: Buffer) => number;

/** Changes how the native engine's openers call the addon, for the time of a test. */
function changeOpener(t: TestContext, change: (original: OpenFrames) => OpenFrames): void {
  const opener = loadEngine("native").createOpener(Buffer.alloc(32), 0n);
  const prototype = Object.getPrototypeOf(opener) as { openFrames?: OpenFrames };
  const { openFrames: original } = prototype;
  assert.ok(original !== undefined);
  t.after(() => {
    delete prototype.openFrames;
  });
  Object.defineProperty(prototype, "openFrames", { value: change(original), configurable: true });
}

/** Opens frames with the addon, except those of an opener that `isForgiven` once it has opened a frame, or refused one. */
function forgiving(original: OpenFrames, isForgiven: (result: number) => boolean): OpenFrames {
  const forgiven = new WeakSet<object>();
  return function (this: object, ...args) {
    if (forgiven.has(this)) {
      return 0;
    }
    const result = original.apply(this, args);
    if (isForgiven(result)) {
      forgiven.add(this);
    }
    return result;
  };
}

/** Possible faults of an addon, by the doctor's message. */
const FAULTS: Readonly<Record<string, (original: OpenFrames) => OpenFrames>> = {
  "a frame with a flipped bit in byte 2 is not refused with ERR_HAPWIRE_FRAME_AUTHENTICATION": (original) =>
    function (this: object, ...args) {
      return Math.max(0, original.apply(this, args));
    },
  "a frame with a flipped bit in byte 2 does not end the session": (original) =>
    forgiving(original, (result) => result < 0),
  "a replayed frame is not refused with ERR_HAPWIRE_FRAME_AUTHENTICATION": (original) =>
    forgiving(original, (result) => result >= 0),
  "a frame of 1,025 bytes is not refused with ERR_HAPWIRE_FRAME_TOO_LONG": (original) =>
    function (this: object, segment, ...output) {
      return segment.readUInt16LE() > 1024 ? 0 : original.call(this, segment, ...output);
    },
};

describe(`the doctor's checks of frames${REASON}`, { skip: SKIP }, () => {
  for (const [message, change] of Object.entries(FAULTS)) {
    it(`find that ${message}`, (t) => {
      changeOpener(t, change);
      assert.throws(
        () => {
          checkRefusals("native");
        },
        { message },
      );
    });
  }
});

describe("the doctor's text of an error", () => {
  it("does not name the user's home folder", (t) => {
    t.mock.method(os, "homedir", () => "/home/zoë");
    assert.equal(messageOf(new Error("no /home/zoë/a, no /home/zoë/b")), "no ~/a, no ~/b");
    t.mock.method(os, "homedir", () => "/");
    assert.equal(messageOf("no /a"), "no /a");
  });
});
