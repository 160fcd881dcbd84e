/** One report about all processes of a Homebridge. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ManualClock } from "../support/clock";
import { emptyHistory } from "#src/status/history";
import { mergeReports } from "#src/status/merged-report";
import { PROCESS_REPORT_FORMAT, type ProcessReport, type ProcessReports } from "#src/status/process-report";
import type { Finding, User } from "#src/status/report";
import { Reporter } from "#src/status/reporter";
import { UserNumbers } from "#src/status/users";

const NOBODY = { bridge: null, user: null, from: null };

function processReport(changes: Partial<ProcessReport>): ProcessReport {
  const reporter = new Reporter(new ManualClock());
  const report = reporter.report();
  reporter.close();
  return { ...report, format: PROCESS_REPORT_FORMAT, bridges: [], ...changes };
}

function finding(weight: number): Finding {
  return { weight, time: 0, text: `weight ${String(weight)}`, ...NOBODY };
}

function reportsOf(...processes: ProcessReport[]): ProcessReports {
  return { processes, silent: [], foreign: [] };
}

describe("the report about all processes", () => {
  it("is undefined if no process has answered", () => {
    assert.equal(mergeReports({ processes: [], silent: [7], foreign: [] }, new UserNumbers()), undefined);
  });

  it("names the first process, and has the request times of the slowest", () => {
    const merged = mergeReports(
      reportsOf(
        processReport({ pid: 1, uptime: 100, requestTime: { p50: 1, p99: 2 } }),
        processReport({ pid: 2, uptime: 50, requestTime: { p50: 3, p99: 8 } }),
        processReport({ pid: 3, uptime: 40, requestTime: { p50: null, p99: null } }),
      ),
      new UserNumbers(),
    );
    assert.deepEqual([merged?.pid, merged?.uptime], [1, 100]);
    assert.deepEqual(merged?.requestTime, { p50: 3, p99: 8 });
  });

  it("adds the rates of all processes, takes the longest times, and lets all histories end now", () => {
    const one = { ...emptyHistory(), requests: [5, 1, 2], p99: [9, null, 4], loopDelay: [null, 1, 0] };
    const other = { ...emptyHistory(), requests: [10.015, 20], p99: [null, 7], loopDelay: [3, 0] };
    const { history } =
      mergeReports(
        reportsOf(processReport({ history: one }), processReport({ history: other })),
        new UserNumbers(),
      ) ?? assert.fail();
    assert.deepEqual(
      [history.requests, history.p99, history.loopDelay],
      [
        [5, 11.02, 22],
        [9, null, 7],
        [null, 3, 0],
      ],
    );
  });

  it("gives a user one number in all processes, which stays", () => {
    const admin = { number: 1, isAdmin: true, id: "3F9A…" };
    const guest = { number: 1, isAdmin: false, id: "B27E…" };
    const of = (user: User): ProcessReport => processReport({ why: [{ ...finding(1), user }] });
    const users = new UserNumbers();
    const numbers = (...reports: ProcessReport[]): unknown =>
      mergeReports(reportsOf(...reports), users)?.why.map(({ user }) => [user?.id, user?.number]);
    assert.deepEqual(numbers(of(admin), of(guest), of({ ...admin, number: 2 })), [
      ["3F9A…", 1],
      ["B27E…", 2],
      ["3F9A…", 1],
    ]);
    assert.deepEqual(numbers(of(guest)), [["B27E…", 2]]);
  });

  it("has the worst findings of all processes, as many as one process reports", () => {
    const weights = Array.from({ length: 40 }, (_, index) => index);
    const merged = mergeReports(
      reportsOf(
        processReport({ why: weights.map((weight) => finding(weight)) }),
        processReport({ why: [finding(1000)] }),
      ),
      new UserNumbers(),
    );
    assert.equal(merged?.why.length, 40);
    assert.deepEqual(
      merged.why.slice(0, 2).map(({ weight }) => weight),
      [1000, 39],
    );
  });
});
