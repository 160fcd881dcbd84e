/** The doctor's checks of frames notice an addon that takes what it should refuse. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import os from "node:os";
import { describe, it, type TestContext } from "node:test";

import { messageOf } from "#src/cli/doctor/engines";
import { checkRefusals } from "#src/cli/doctor/frame-checks";
import { engineInfo } from "hapwire";

const { file } = engineInfo();
const SKIP = file === undefined;
const REASON = SKIP ? " (skipped: the portable engine runs here)" : "";

/** What an opener is called with: an output only if there is one. */
type Segment = [segment: Buffer, output?: Buffer];

/** The addon's opener: negative results are errors, zero is no plaintext. */
interface Opener {
  open(...args: Segment): number;
  destroy(): void;
}

type OpenerClass = new (key: Uint8Array, counter: bigint, maxFrames: number) => Opener;

/** Changes the class of the addon's opener for the time of a test. */
function changeOpener(t: TestContext, change: (Original: OpenerClass) => OpenerClass): void {
  const addon = createRequire(__filename)(file ?? "") as { FrameOpener: OpenerClass };
  const { FrameOpener: Original } = addon;
  t.after(() => {
    addon.FrameOpener = Original;
  });
  addon.FrameOpener = change(Original);
}

/** What an addon could do wrong, by what the doctor says of it. */
const FAULTS: Readonly<Record<string, (Original: OpenerClass) => OpenerClass>> = {
  "a frame with a flipped bit in byte 2 is not refused with ERR_HAPWIRE_FRAME_AUTHENTICATION": (Original) =>
    class extends Original {
      override open(...args: Segment): number {
        return Math.max(0, super.open(...args));
      }
    },
  "a frame with a flipped bit in byte 2 does not end the session": (Original) =>
    class Forgiving implements Opener {
      readonly #values: ConstructorParameters<OpenerClass>;
      #opener: Opener;
      constructor(...values: ConstructorParameters<OpenerClass>) {
        this.#values = values;
        this.#opener = new Original(...values);
      }
      open(...args: Segment): number {
        const result = this.#opener.open(...args);
        if (result < 0) this.#opener = new Original(...this.#values);
        return result;
      }
      destroy(): void {
        this.#opener.destroy();
      }
    },
  "a replayed frame is not refused with ERR_HAPWIRE_FRAME_AUTHENTICATION": (Original) =>
    class CountsNothing implements Opener {
      readonly #values: ConstructorParameters<OpenerClass>;
      #isClosed = false;
      constructor(...values: ConstructorParameters<OpenerClass>) {
        this.#values = values;
      }
      open(...args: Segment): number {
        const opener = new Original(...this.#values);
        if (this.#isClosed) opener.destroy();
        const result = opener.open(...args);
        this.#isClosed ||= result < 0;
        return result;
      }
      destroy(): void {
        this.#isClosed = true;
      }
    },
  "a frame of 1,025 bytes is not refused with ERR_HAPWIRE_FRAME_TOO_LONG": (Original) =>
    class extends Original {
      override open(...args: Segment): number {
        return args[0].readUInt16LE() > 1024 ? 0 : super.open(...args);
      }
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

describe("what the doctor prints of an error", () => {
  it("does not name the user's home folder", (t) => {
    t.mock.method(os, "homedir", () => "/home/zoë");
    assert.equal(messageOf(new Error("no /home/zoë/a, no /home/zoë/b")), "no ~/a, no ~/b");
    t.mock.method(os, "homedir", () => "/");
    assert.equal(messageOf("no /a"), "no /a");
  });
});
