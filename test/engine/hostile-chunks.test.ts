/** Chunks that are not what they say: the addon reads them as they are, and nothing but their bytes goes out. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { SealerCore } from "#src/engine/contract";

import { enginesUnderTest } from "../support/engines";

const KEY = Buffer.alloc(32, 1);

/** An array whose second element is made when it is read. */
function withGetter(first: Uint8Array, second: () => Uint8Array): readonly Uint8Array[] {
  return Object.defineProperty([first], 1, { get: second });
}

for (const { name, create } of enginesUnderTest().filter((engine) => engine.name === "native")) {
  describe(`hostile chunks (${name})`, () => {
    const sealer = (): SealerCore => create().createSealer(KEY, 0n);

    it("that are shorter than their length says leave no memory as it was found in the output", () => {
      class Longer extends Uint8Array {
        override get length(): number {
          return 1000;
        }
      }
      const chunk = new Longer(3);
      assert.throws(() => sealer().seal([chunk], chunk.length), TypeError);
    });

    it("that throw when they are read end the call, not the process", () => {
      const thrown = new Error("from the getter");
      const chunks = withGetter(Buffer.alloc(10), () => {
        throw thrown;
      });
      assert.throws(() => sealer().seal(chunks, 20), thrown);
    });

    it("that take another's memory away are read without it", () => {
      const first = new Uint8Array(5000);
      const chunks = withGetter(first, () => {
        structuredClone(first.buffer, { transfer: [first.buffer] });
        return Buffer.alloc(10);
      });
      assert.deepEqual(sealer().seal(chunks, 10), sealer().seal([Buffer.alloc(10)], 10));
    });

    it("that seal with the same sealer when they are read are sealed whole, after that", () => {
      const own = sealer();
      const chunks = withGetter(Buffer.alloc(10), () => {
        own.seal([Buffer.alloc(1), Buffer.alloc(2)], 3);
        return Buffer.alloc(10);
      });
      assert.equal(own.seal(chunks, 20).length, 38);
      assert.equal(own.counter, 2n);
    });
  });
}
