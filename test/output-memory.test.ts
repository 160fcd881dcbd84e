/** The memory that sealed output is in: lent to one message at a time, and to nobody while the socket holds it. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { OutputMemory } from "#src/transport/output-memory";

const LENGTH = 10_000;

/** Whether two pieces share a byte. */
function overlap(a: Buffer, b: Buffer): boolean {
  return (
    a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.length && b.byteOffset < a.byteOffset + a.length
  );
}

describe("output memory", () => {
  it("has just the length that is asked for", () => {
    const memory = new OutputMemory();
    for (const length of [0, 1, 4095, 4096, LENGTH, 262_144, 262_145]) {
      const bytes = memory.allocate(length);
      assert.equal(bytes.length, length);
      memory.free(bytes);
    }
  });

  it("is used again once it was given back, for less as well", () => {
    const memory = new OutputMemory();
    const first = memory.allocate(LENGTH);
    memory.free(first);
    const second = memory.allocate(LENGTH - 1);
    assert.ok(overlap(first, second));
    memory.free(second);
    assert.ok(overlap(first, memory.allocate(LENGTH)));
  });

  it("is used again up to 256 KiB, and left to the garbage collector above", () => {
    const memory = new OutputMemory();
    const larger = memory.allocate(262_145);
    memory.free(larger);
    assert.ok(!overlap(larger, memory.allocate(LENGTH)));
    const largest = memory.allocate(262_144);
    memory.free(largest);
    assert.ok(overlap(largest, memory.allocate(LENGTH)));
  });

  it("is another slab while the first is not given back, and for good if it never is", () => {
    const memory = new OutputMemory();
    const held = memory.allocate(LENGTH);
    const second = memory.allocate(LENGTH);
    assert.ok(!overlap(held, second));
    memory.free(second);
    for (let i = 0; i < 3; i += 1) {
      const bytes = memory.allocate(LENGTH);
      assert.ok(!overlap(held, bytes));
      memory.free(bytes);
    }
  });

  it("takes back only the last allocation", () => {
    const memory = new OutputMemory();
    const held = memory.allocate(LENGTH);
    const last = memory.allocate(LENGTH);
    memory.free(held);
    memory.free(Buffer.alloc(LENGTH));
    assert.ok(!overlap(held, memory.allocate(LENGTH)));
    assert.ok(!overlap(last, memory.allocate(LENGTH)));
  });
});
