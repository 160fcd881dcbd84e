/** Which responses may go out in plaintext once session keys are there. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { PlaintextBoundary, type RequestProgress } from "#src/transport/plaintext-boundary";

/** True if the boundary tolerates the bytes so far, and the number of the first response that it refuses. */
function draw(progress: RequestProgress): { tolerates: boolean; firstRefused: number } {
  const boundary = new PlaintextBoundary();
  const tolerates = boundary.draw(progress);
  let firstRefused = 1;
  while (boundary.allows(firstRefused)) {
    firstRefused += 1;
  }
  return { tolerates, firstRefused };
}

describe("the plaintext boundary", () => {
  it("allows every response before it is drawn", () => {
    assert.ok(new PlaintextBoundary().allows(Number.MAX_SAFE_INTEGER));
  });

  it("lies behind the response under way", () => {
    const drawn = draw({ started: 2, finished: 1, answering: true });
    assert.deepEqual(drawn, { tolerates: true, firstRefused: 3 });
  });

  it("lies behind the last finished response if none is under way", () => {
    const drawn = draw({ started: 2, finished: 2, answering: false });
    assert.deepEqual(drawn, { tolerates: true, firstRefused: 3 });
  });

  it("does not tolerate a request behind the one being answered", () => {
    assert.equal(draw({ started: 3, finished: 1, answering: true }).tolerates, false);
  });

  it("does not tolerate a request that has begun to arrive behind the last answer", () => {
    assert.equal(draw({ started: 3, finished: 2, answering: false }).tolerates, false);
  });

  it("stays at its first place", () => {
    const boundary = new PlaintextBoundary();
    boundary.draw({ started: 1, finished: 0, answering: true });
    assert.equal(boundary.draw({ started: 2, finished: 1, answering: true }), false);
    assert.equal(boundary.allows(2), false);
  });
});
