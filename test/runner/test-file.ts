/** Runs one test file in a process of its own. */

import { spawn } from "node:child_process";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

import { patient } from "../support/patience";
import type { Report } from "./report";

/** Milliseconds after which a test is given up. Longer than tests wait for a child, which say more about the failure. */
const TEST_LIMIT = patient(180_000);

const REPORTER = path.join(__dirname, "reporter.js");
const FLAGS = ["--enable-source-maps", "--expose-gc", `--require=${REPORTER}`, `--test-reporter=${REPORTER}`];

export interface Failure {
  readonly name: string;
  readonly error: string;
}

export interface FileResult {
  readonly seconds: number;
  readonly passed: number;
  readonly skipped: number;
  readonly suites: number;
  readonly failures: readonly Failure[];
  /** What tests say about themselves. */
  readonly notes: readonly string[];
  /** The output. */
  readonly output: string;
}

/** Runs a compiled test file to its end. If no test begins or ends for the limit, kills it and names the test. */
export async function runTestFile(file: string, limit = TEST_LIMIT): Promise<FileResult> {
  const started = performance.now();
  const env = { ...process.env };
  // Set if this runner is itself run by a test runner.
  delete env["NODE_TEST_CONTEXT"];
  const child = spawn(process.execPath, [...FLAGS, file], { env, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  const [, stdout, stderr, reports] = child.stdio as unknown as [null, Readable, Readable, Readable];
  const tally = new Tally();
  const giveUp = (): void => {
    tally.fail(`no test has begun or ended for ${String(limit / 1000)} s`);
    child.kill("SIGKILL");
    // Processes that the file has started may hold them open.
    for (const pipe of [stdout, stderr, reports]) {
      pipe.destroy();
    }
  };
  // The first report waits for all that the file imports.
  let watchdog = setTimeout(giveUp, TEST_LIMIT);
  createInterface(reports).on("line", (line) => {
    clearTimeout(watchdog);
    watchdog = setTimeout(giveUp, limit);
    tally.take(JSON.parse(line) as Report);
  });
  for (const stream of [stdout, stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (tally.output += text));
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(watchdog);
      if (code !== 0 && tally.failures.length === 0) {
        tally.fail(`the process ended with ${signal ?? `exit code ${String(code)}`}`);
      }
      resolve(tally.result((performance.now() - started) / 1000));
    });
  });
}

/** Counts the reports of a file. */
class Tally {
  output = "";
  readonly failures: Failure[] = [];
  readonly #notes: string[] = [];
  readonly #counts = { passed: 0, skipped: 0, suites: 0 };
  /** The test that was under way when the file was last heard of. */
  #last = "(no test)";

  take(report: Report): void {
    switch (report.kind) {
      case "begin":
        // It is told twice, with the suites' names and without.
        this.#last = this.#last.endsWith(report.name) ? this.#last : report.name;
        break;
      case "end":
        this.#count(report);
        break;
      default:
        this.#notes.push(report.text);
    }
  }

  result(seconds: number): FileResult {
    const { output, failures } = this;
    return { ...this.#counts, failures, notes: this.#notes, output, seconds };
  }

  /** Fails the file, in the name of the test that was under way. */
  fail(error: string): void {
    this.failures.push({ name: this.#last, error });
  }

  #count({ name, result, error = "" }: Report & { kind: "end" }): void {
    if (result === "failed") {
      this.failures.push({ name, error });
    } else {
      this.#counts[result] += 1;
    }
  }
}
