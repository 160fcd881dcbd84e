/**
 * Runs the tests with Node's test runner: `npm test`, or `npm test -- NAME …` for the files whose path has a NAME in it;
 * `--without=NAME` leaves out those that have.
 */

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";

import { patient } from "./support/patience";

/** Milliseconds after which a single test is given up: many times what the slowest takes on a small board. */
const TEST_TIMEOUT = patient(180_000);

const WITHOUT = "--without=";
const names = process.argv.slice(2);
const wanted = names.filter((name) => !name.startsWith(WITHOUT));
const unwanted = names.filter((name) => name.startsWith(WITHOUT)).map((name) => name.slice(WITHOUT.length));
const files = readdirSync(__dirname, { recursive: true, encoding: "utf8" })
  .filter(
    (file) =>
      file.endsWith(".test.js") &&
      (wanted.length === 0 || wanted.some((name) => file.includes(name))) &&
      !unwanted.some((name) => file.includes(name)),
  )
  .sort()
  .map((file) => path.join(__dirname, file));

if (files.length === 0) {
  console.error(`no test file's path has ${wanted.join(" or ")} in it`);
  process.exit(1);
}

const run = spawnSync(
  process.execPath,
  ["--enable-source-maps", "--expose-gc", "--test", `--test-timeout=${String(TEST_TIMEOUT)}`, ...files],
  { stdio: "inherit" },
);
process.exit(run.status ?? 1);
