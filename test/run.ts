/**
 * Runs the tests: `npm test`, or `npm test -- NAME …` for the files whose path has a NAME in it; `--without=NAME` leaves
 * out those that have. Each file has a process of its own, and each core a file at a time.
 */

import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { performance } from "node:perf_hooks";

import { runTestFile, type FileResult } from "./runner/test-file";

const WITHOUT = "--without=";
/** These begin first: one that began last would run alone for long. */
const LONG_FILES = [
  "bench/run",
  "cli/",
  "preload/",
  "process/fallback",
  "process/loading",
  "transport/backpressure",
  "transport/chaos",
];
/** How many of the slowest files the summary names. */
const SLOWEST = 5;

interface Run extends FileResult {
  readonly title: string;
}

function chooseFiles(names: readonly string[]): string[] {
  const wanted = names.filter((name) => !name.startsWith(WITHOUT));
  const unwanted = names.filter((name) => name.startsWith(WITHOUT)).map((name) => name.slice(WITHOUT.length));
  return readdirSync(__dirname, { recursive: true, encoding: "utf8" })
    .filter(
      (file) =>
        file.endsWith(".test.js") &&
        (wanted.length === 0 || wanted.some((name) => file.includes(name))) &&
        !unwanted.some((name) => file.includes(name)),
    )
    .sort();
}

function isLong(file: string): boolean {
  return LONG_FILES.some((name) => file.startsWith(name));
}

async function runAll(files: readonly string[], isVerbose: boolean): Promise<Run[]> {
  const runs: Run[] = [];
  const waiting = files.toSorted((a, b) => Number(isLong(b)) - Number(isLong(a)));
  const runWaiting = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await runTestFile(path.join(__dirname, file));
      const run = { ...result, title: file.replace(/\.test\.js$/, "") };
      runs.push(run);
      printRun(run, isVerbose);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, runWaiting));
  return runs;
}

/** @param isVerbose - True if the output of files that pass is shown too. */
function printRun(run: Run, isVerbose: boolean): void {
  const { title, passed, skipped, failures, notes, output, seconds } = run;
  const verdict = failures.length === 0 ? "ok  " : "FAIL";
  const tests = `${String(passed + skipped + failures.length).padStart(4)} tests`;
  console.log(`${verdict}  ${title.padEnd(30)} ${tests} ${seconds.toFixed(1).padStart(6)} s`);
  const lines = [...notes, ...(output === "" ? [] : [output.trimEnd()])];
  if (isVerbose || failures.length > 0) {
    lines.forEach((line) => {
      console.log(indent(line));
    });
  }
  for (const { name, error } of failures) {
    console.log(`\n  FAILED in ${title}: ${name}\n${indent(error)}\n`);
  }
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "      ");
}

function printSummary(runs: readonly Run[], seconds: number): void {
  const slowest = runs.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
  console.log(`\nslowest: ${slowest.map((run) => `${run.title} ${run.seconds.toFixed(1)} s`).join(", ")}`);
  const failures = runs.flatMap((run) => run.failures.map(({ name }) => `${run.title}: ${name}`));
  for (const failure of failures) {
    console.log(`failed: ${failure}`);
  }
  const sum = (count: (run: Run) => number): number => runs.reduce((total, run) => total + count(run), 0);
  const [passed, skipped] = [sum((run) => run.passed), sum((run) => run.skipped)];
  console.log(`# tests ${String(passed + skipped + failures.length)}`);
  console.log(`# suites ${String(sum((run) => run.suites))}`);
  console.log(`# pass ${String(passed)}`);
  console.log(`# fail ${String(failures.length)}`);
  console.log(`# skipped ${String(skipped)}`);
  console.log(`# files ${String(runs.length)}`);
  console.log(`# time ${seconds.toFixed(1)} s`);
}

async function main(names: readonly string[]): Promise<number> {
  const files = chooseFiles(names);
  if (files.length === 0) {
    console.error(`no test file's path has ${names.join(" or ")} in it`);
    return 1;
  }
  const started = performance.now();
  const runs = await runAll(files, names.length > 0);
  printSummary(runs, (performance.now() - started) / 1000);
  return runs.every(({ failures }) => failures.length === 0) ? 0 : 1;
}

void main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
