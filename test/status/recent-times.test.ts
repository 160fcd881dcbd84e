/** Quantiles of recent times only. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { RecentTimes } from "#src/status/recent-times";

describe("RecentTimes", () => {
  it("gives quantiles to two digits, over all that it is asked for", () => {
    const [one, two] = [new RecentTimes(() => 0), new RecentTimes(() => 0)];
    for (let i = 1; i <= 50; i += 1) {
      one.add(i);
      two.add(50 + i);
    }
    const { p50, p99 } = RecentTimes.quantiles([one, two]);
    assert.ok(
      Math.abs((p50 ?? 0) - 50) <= 1 && Math.abs((p99 ?? 0) - 99) <= 1,
      `${String(p50)}, ${String(p99)}`,
    );
    assert.deepEqual(RecentTimes.quantiles([]), { p50: null, p99: null });
  });

  it("keeps a time for one span and no longer than two", () => {
    let now = 1000;
    const times = new RecentTimes(() => now);
    const isKnown = (): boolean => RecentTimes.quantiles([times]).p50 !== null;
    times.add(5);
    now += 30_000;
    assert.ok(isKnown());
    now += 29_999;
    assert.ok(isKnown());
    now += 1;
    assert.ok(!isKnown());
    times.add(5);
    now += 3_600_000;
    assert.ok(!isKnown(), "a time is known after an hour of silence");
  });

  it("keeps its spans apart, however late the first time of one comes", () => {
    let now = 0;
    const times = new RecentTimes(() => now);
    times.add(5000);
    now = 59_000;
    times.add(5);
    now = 60_000;
    const { p99 } = RecentTimes.quantiles([times]);
    assert.ok(p99 !== null && p99 < 6, `${String(p99)} ms: the first time is known after two spans`);
  });

  it("takes times of nothing and of more than an hour", () => {
    const times = new RecentTimes(() => 0);
    times.add(0);
    times.add(1e12);
    const { p50, p99 } = RecentTimes.quantiles([times]);
    assert.equal(p50, 0.001);
    assert.ok(p99 !== null && p99 > 3_500_000 && p99 < 3_700_000);
  });
});
