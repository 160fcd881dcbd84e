/** How long a status report is given again. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Reporter } from "#src/status/reporter";

import { ManualClock } from "../support/clock";
import { Harness } from "../support/harness";
import { patient } from "../support/patience";

describe("the status report", { timeout: patient(30_000) }, () => {
  it("is written anew if the machine's clock was set back", async (t) => {
    const harness = await Harness.start(t);
    const clock = new ManualClock();
    const reporter = new Reporter(clock);
    t.after(() => {
      reporter.close();
    });
    reporter.watch(harness.server);
    assert.equal(reporter.report().servers[0]?.open, 0);
    await harness.connect();
    clock.advance(-60 * 60 * 1000);
    assert.equal(reporter.report().servers[0]?.open, 1);
  });
});
