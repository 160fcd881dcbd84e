/** The stranger that has to go, and the memory that the requests of all strangers may hold. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Strangers, type Stranger } from "#src/transport/strangers";

/** A stranger that notes its end. */
class FakeStranger implements Stranger {
  outcome: "failed" | "refused" | undefined;
  readonly remoteAddress: string;
  readonly lastOperation: number;
  readonly hasRequested: boolean;
  readonly awaitsHandler: boolean;

  constructor(remoteAddress: string, facts: Partial<Stranger> = {}) {
    this.remoteAddress = remoteAddress;
    this.lastOperation = facts.lastOperation ?? 0;
    this.hasRequested = facts.hasRequested ?? false;
    this.awaitsHandler = facts.awaitsHandler ?? false;
  }

  fail(): void {
    this.outcome = "failed";
  }

  refuse(): void {
    this.outcome = "refused";
  }
}

function strangersOf(count: number, address: string, facts?: Partial<Stranger>): FakeStranger[] {
  return Array.from({ length: count }, () => new FakeStranger(address, facts));
}

/** Adds them all, and a last one; tells who ended how. */
function outcomes(
  maxStrangers: number,
  others: FakeStranger[],
  newest: FakeStranger,
): (string | undefined)[] {
  const strangers = new Strangers({ maxStrangers, maxStrangerRequestBytes: 100 });
  for (const stranger of [...others, newest]) {
    strangers.add(stranger);
  }
  return [...others, newest].map(({ outcome }) => outcome);
}

describe("one stranger too many", () => {
  it("costs the address with the most strangers its place", () => {
    const quiet = new FakeStranger("10.0.0.1", { lastOperation: -1000 });
    const [first, second] = strangersOf(2, "10.0.0.2");
    assert.ok(first !== undefined && second !== undefined);
    outcomes(3, [quiet, first, second], new FakeStranger("10.0.0.3"));
    assert.deepEqual([quiet.outcome, first.outcome, second.outcome], [undefined, "failed", undefined]);
  });

  it("costs the one that never sent a whole request its place before others", () => {
    const asked = new FakeStranger("10.0.0.2", { hasRequested: true, lastOperation: -1000 });
    const silent = new FakeStranger("10.0.0.2", { lastOperation: 5 });
    assert.deepEqual(outcomes(2, [asked, silent], new FakeStranger("10.0.0.2")), [
      undefined,
      "failed",
      undefined,
    ]);
  });

  it("costs the one silent for longest its place among equals", () => {
    const recent = new FakeStranger("10.0.0.2", { lastOperation: 7 });
    const silent = new FakeStranger("10.0.0.2", { lastOperation: 5 });
    assert.deepEqual(outcomes(2, [recent, silent], new FakeStranger("10.0.0.2")), [
      undefined,
      "failed",
      undefined,
    ]);
  });

  it("is refused if handlers owe all others of its address an answer", () => {
    const others = strangersOf(2, "10.0.0.2", { awaitsHandler: true, hasRequested: true });
    assert.deepEqual(outcomes(2, others, new FakeStranger("10.0.0.2")), [undefined, undefined, "refused"]);
  });

  it("takes a place of a larger address even if handlers owe all of that an answer", () => {
    const others = strangersOf(2, "10.0.0.2", { awaitsHandler: true, hasRequested: true });
    assert.deepEqual(outcomes(2, others, new FakeStranger("10.0.0.1")), ["failed", undefined, undefined]);
  });

  it("takes a place by chance if each address has one stranger, whoever has sent last", (t) => {
    for (const [chance, goes] of [
      [0, 0],
      [0.5, 1],
      [0.99, 2],
    ] as const) {
      t.mock.method(Math, "random", () => chance);
      const others = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(
        (address, i) => new FakeStranger(address, { lastOperation: [4, 2, 3][i] ?? 0 }),
      );
      const asked = new FakeStranger("10.0.0.5", { hasRequested: true });
      const ended = outcomes(4, [...others, asked], new FakeStranger("10.0.0.4"));
      assert.equal(ended.indexOf("failed"), goes);
      assert.equal(ended.filter((outcome) => outcome !== undefined).length, 1);
    }
  });

  it("gives its place back if it is refused, and answers at most 64 of them at a time", () => {
    const strangers = new Strangers({ maxStrangers: 1, maxStrangerRequestBytes: 100 });
    const served = new FakeStranger("10.0.0.1", { awaitsHandler: true, hasRequested: true });
    strangers.add(served);
    const late = strangersOf(66, "10.0.0.1");
    late.forEach((stranger) => {
      strangers.add(stranger);
    });
    assert.deepEqual(
      late.map(({ outcome }) => outcome),
      [...Array<string>(64).fill("refused"), "failed", "failed"],
    );
    assert.equal(served.outcome, undefined);
    strangers.remove(late[0] ?? served);
    const next = new FakeStranger("10.0.0.1");
    strangers.add(next);
    assert.equal(next.outcome, "refused");
  });

  it("does not happen after another has left, or has authenticated", () => {
    const strangers = new Strangers({ maxStrangers: 1, maxStrangerRequestBytes: 100 });
    const known = new FakeStranger("10.0.0.1");
    strangers.add(known);
    strangers.remove(known);
    strangers.remove(known);
    const next = new FakeStranger("10.0.0.1");
    strangers.add(next);
    assert.deepEqual([known.outcome, next.outcome], [undefined, undefined]);
  });
});

describe("the memory of strangers' requests", () => {
  it("is given back", () => {
    const strangers = new Strangers({ maxStrangers: 9, maxStrangerRequestBytes: 100 });
    const stranger = new FakeStranger("10.0.0.1");
    strangers.add(stranger);
    for (let i = 0; i < 5; i += 1) {
      assert.ok(strangers.reserve(stranger, 100));
      assert.equal(strangers.reserve(stranger, 1), false);
      strangers.release(stranger, 100);
    }
  });

  it("is given back by a stranger that leaves", () => {
    const strangers = new Strangers({ maxStrangers: 9, maxStrangerRequestBytes: 100 });
    const [first, second] = strangersOf(2, "10.0.0.1");
    assert.ok(first !== undefined && second !== undefined);
    strangers.add(first);
    strangers.add(second);
    assert.ok(strangers.reserve(first, 100));
    strangers.remove(first);
    strangers.release(first, 100);
    assert.ok(strangers.reserve(second, 100));
    assert.equal(strangers.reserve(second, 1), false);
  });

  it("is taken from the address that holds most, and there from its largest holder", () => {
    const strangers = new Strangers({ maxStrangers: 9, maxStrangerRequestBytes: 100 });
    const [small, large] = strangersOf(2, "10.0.0.2");
    const honest = new FakeStranger("10.0.0.1");
    assert.ok(small !== undefined && large !== undefined);
    for (const stranger of [small, large, honest]) {
      strangers.add(stranger);
    }
    assert.ok(strangers.reserve(small, 30));
    assert.ok(strangers.reserve(large, 70));
    assert.ok(strangers.reserve(honest, 40));
    assert.deepEqual([small.outcome, large.outcome, honest.outcome], [undefined, "failed", undefined]);
  });

  it("is refused to the address that holds most", () => {
    const strangers = new Strangers({ maxStrangers: 9, maxStrangerRequestBytes: 100 });
    const greedy = new FakeStranger("10.0.0.2");
    const honest = new FakeStranger("10.0.0.1");
    strangers.add(greedy);
    strangers.add(honest);
    assert.ok(strangers.reserve(honest, 40));
    assert.ok(strangers.reserve(greedy, 60));
    assert.equal(strangers.reserve(greedy, 1), false);
    assert.deepEqual([greedy.outcome, honest.outcome], [undefined, undefined]);
  });

  it("does not count for a connection that is known", () => {
    const strangers = new Strangers({ maxStrangers: 9, maxStrangerRequestBytes: 100 });
    const known = new FakeStranger("10.0.0.1");
    strangers.add(known);
    strangers.remove(known);
    assert.ok(strangers.reserve(known, 1_000_000));
  });
});
