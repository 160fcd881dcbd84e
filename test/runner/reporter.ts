/**
 * Reports on the tests from within the process of their file. It is loaded before them, and is Node's reporter too.
 * Each report is written at once: a crash loses none.
 */

import { writeSync } from "node:fs";
import { Transform } from "node:stream";
import { beforeEach, type EventData } from "node:test";
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";

import { REPORT_DESCRIPTOR, type Report } from "./report";

type Ended = EventData.TestPass | EventData.TestFail;

/** The names from the outermost suite to a test. Tests begin before Node reports on those that come before them. */
const running: string[] = [];
const reported: string[] = [];

function fullName(names: string[], { name, nesting }: { name: string; nesting: number }): string {
  names.splice(nesting, Infinity, name);
  return names.join(" > ");
}

function reportOn(event: TestEvent): Report | undefined {
  switch (event.type) {
    case "test:dequeue":
      return { kind: "begin", name: fullName(running, event.data) };
    case "test:start":
      fullName(reported, event.data);
      return undefined;
    case "test:pass":
    case "test:fail":
      return reportOnEnd(event.data);
    case "test:diagnostic":
      // Those without a test are Node's own summary.
      return event.data.nesting > 0 ? { kind: "note", text: event.data.message } : undefined;
    default:
      return undefined;
  }
}

function reportOnEnd(test: Ended): Report {
  const name = fullName(reported, test);
  const error =
    "error" in test.details ? (test.details.error as Error & { failureType?: string }) : undefined;
  const isSuite = test.details.type === "suite";
  if (error !== undefined && !(isSuite && error.failureType === "subtestsFailed")) {
    return { kind: "end", name, result: "failed", error: inspect(error.cause ?? error) };
  }
  if (isSuite) {
    return { kind: "end", name, result: "suites" };
  }
  return { kind: "end", name, result: test.skip === undefined ? "passed" : "skipped" };
}

function write(report: Report): void {
  writeSync(REPORT_DESCRIPTOR, `${JSON.stringify(report)}\n`);
}

// Before a test that never yields; Node's own event would wait for that. It lacks the names of the suites.
beforeEach(({ name }) => {
  write({ kind: "begin", name });
});

/** What `--test-reporter` takes. */
const reporter = new Transform({
  writableObjectMode: true,
  transform(event: TestEvent, _encoding, done) {
    const report = reportOn(event);
    if (report !== undefined) {
      write(report);
    }
    done();
  },
});

export = reporter;
