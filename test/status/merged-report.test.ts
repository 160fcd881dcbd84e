/** One report about all processes of a Homebridge. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ManualClock } from "../support/clock";
import { mergeReports } from "#src/status/merged-report";
import { PROCESS_REPORT_FORMAT, type ProcessReport } from "#src/status/process-report";
import type { Finding } from "#src/status/report";
import { Reporter } from "#src/status/reporter";

const NOBODY = { bridge: null, controller: null, from: null };

function processReport(changes: Partial<ProcessReport>): ProcessReport {
  const reporter = new Reporter(new ManualClock());
  const report = reporter.report();
  reporter.close();
  return { ...report, format: PROCESS_REPORT_FORMAT, bridges: [], ...changes };
}

function finding(weight: number): Finding {
  return { weight, time: 0, text: `weight ${String(weight)}`, ...NOBODY };
}

describe("the report about all processes", () => {
  it("is none if no process has answered", () => {
    assert.equal(mergeReports({ processes: [], silent: [7], foreign: [] }), undefined);
  });

  it("is by the name of the first process, and has the times of the slowest", () => {
    const merged = mergeReports({
      processes: [
        processReport({
          pid: 1,
          uptime: 100,
          requestTime: { p50: 1, p99: 2 },
          loopDelay: { p50: 0, max: 90 },
        }),
        processReport({ pid: 2, uptime: 50, requestTime: { p50: 3, p99: 8 }, loopDelay: { p50: 5, max: 7 } }),
        processReport({ pid: 3, uptime: 40, requestTime: { p50: null, p99: null } }),
      ],
      silent: [],
      foreign: [],
    });
    assert.deepEqual([merged?.pid, merged?.uptime], [1, 100]);
    assert.deepEqual(merged?.requestTime, { p50: 3, p99: 8 });
    assert.deepEqual(merged.loopDelay, { p50: 0, max: 90 });
  });

  it("has the worst findings of all processes, as many as one process reports", () => {
    const weights = Array.from({ length: 40 }, (_, index) => index);
    const merged = mergeReports({
      processes: [
        processReport({ why: weights.map((weight) => finding(weight)) }),
        processReport({ why: [finding(1000)] }),
      ],
      silent: [],
      foreign: [],
    });
    assert.equal(merged?.why.length, 40);
    assert.deepEqual(
      merged.why.slice(0, 2).map(({ weight }) => weight),
      [1000, 39],
    );
  });
});
