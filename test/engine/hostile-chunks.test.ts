/** Chunks and keys that lie about their length or type: no bytes but their own are read or sent. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { FrameSealer } from "#src/engine/contract";

import { enginesUnderTest } from "../support/engines";

const KEY = Buffer.alloc(32, 1);

/** An array whose second element is made when it is read. */
function withGetter(first: Uint8Array, second: () => Uint8Array): readonly Uint8Array[] {
  return Object.defineProperty([first], 1, { get: second });
}

/** Says that it has so many bytes, and that any part of it is all of it. */
class Lying extends Uint8Array {
  constructor(
    bytes: number,
    readonly said: number,
  ) {
    super(bytes);
  }

  override get length(): number {
    return this.said;
  }

  override subarray(): Uint8Array<ArrayBuffer> {
    return this;
  }
}

for (const { name, create } of enginesUnderTest()) {
  describe(`hostile chunks (${name})`, () => {
    const sealer = (): FrameSealer => create().createSealer(KEY, 0n);

    // The addon takes sixteen at most; more are put together first.
    for (const others of [0, 1, 15, 16, 40]) {
      it(`that are not as long as they say leave no memory as it was found, ${String(others)} others beside them`, () => {
        const ordinary = Array.from({ length: others }, () => Buffer.from("x"));
        const ownProperty = Object.defineProperty(Buffer.from("abc"), "length", { value: 1000 });
        for (const chunk of [new Lying(3, 1000), new Lying(1000, 3), new Lying(0, 1), ownProperty]) {
          for (const chunks of [
            [chunk, ...ordinary],
            [...ordinary, chunk],
          ]) {
            const own = sealer();
            assert.throws(() => own.seal(chunks, chunk.length + others), TypeError);
            assert.equal(own.seal([Buffer.from("good")], 4).length, 22);
            assert.equal(own.counter, 1n);
          }
        }
      });
    }

    for (const others of [0, 15, 16]) {
      it(`whose memory was taken away are empty, ${String(others)} others beside them`, () => {
        const detached = new Uint8Array(10);
        structuredClone(detached.buffer, { transfer: [detached.buffer] });
        const ordinary = Array.from({ length: others }, () => Buffer.from("x"));
        const sealed = sealer().seal([detached, ...ordinary], others);
        assert.deepEqual(sealed, sealer().seal(ordinary, others));
      });
    }

    it("that throw when they are read end the call, not the process", () => {
      const thrown = new Error("from the getter");
      const chunks = withGetter(Buffer.alloc(10), () => {
        throw thrown;
      });
      assert.throws(() => sealer().seal(chunks, 20), thrown);
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

    it("a key that is not as long as it says makes no codec", () => {
      for (const key of [new Lying(10, 32), new Lying(40, 32)]) {
        assert.throws(() => create().createSealer(key, 0n), TypeError);
        assert.throws(() => create().createOpener(key, 0n), TypeError);
      }
    });

    // The other engine has copied it by then.
    if (name === "native") {
      it("that take another's memory away are read without it", () => {
        const first = new Uint8Array(5000);
        const chunks = withGetter(first, () => {
          structuredClone(first.buffer, { transfer: [first.buffer] });
          return Buffer.alloc(10);
        });
        assert.deepEqual(sealer().seal(chunks, 10), sealer().seal([Buffer.alloc(10)], 10));
      });
    }
  });
}
