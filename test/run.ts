/**
 * Runs the tests with Node's test runner: `npm test`, or `npm test -- NAME …` for the files whose path has a NAME in it.
 */

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";

/** Milliseconds after which a single test is given up: many times what the slowest takes on a small board. */
const TEST_TIMEOUT = 180_000;

const wanted = process.argv.slice(2);
const files = readdirSync(__dirname, { recursive: true, encoding: "utf8" })
  .filter(
    (file) =>
      file.endsWith(".test.js") && (wanted.length === 0 || wanted.some((name) => file.includes(name))),
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
