// `node native/test/coverage.mjs`: which lines of native/core the native tests run, by gcov.
//
// Prints a percentage for each file and every line that no test runs. A line that no test can run has the comment
// `// untested: <why>`, at its end or on a line of its own before it. Any other such line fails the run. All output
// files are below build-coverage/.

import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

const ROOT = path.join(import.meta.dirname, "..", "..");
const BUILD = path.join(ROOT, "build-coverage");
const CORE = path.join(ROOT, "native", "core");
const REASON = /\/\/ untested: \S/;

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: BUILD, encoding: "utf8", maxBuffer: 1 << 28, ...options });
  if (result.status === 0) return result.stdout;
  console.error(`${[command, ...args].join(" ")} failed\n${result.stdout ?? ""}${result.stderr ?? ""}`);
  return process.exit(1);
}

/** Runs the tests on code that counts, from counts of 0. */
function countLines() {
  const configure = ["-S", "native", "-B", BUILD, "-DHAPWIRE_COVERAGE=ON", "-DCMAKE_BUILD_TYPE=Debug"];
  run("cmake", configure, { cwd: ROOT });
  run("cmake", ["--build", BUILD, "--parallel", "2"], { cwd: ROOT });
  run("find", [".", "-name", "*.gcda", "-delete"]);
  run("ctest", ["--output-on-failure"]);
}

/** How often each line of each file of the core ran: a header's lines are counted wherever it is included. */
function readCounts() {
  const files = new Map(readdirSync(CORE).map((name) => [path.join(CORE, name), new Map()]));
  const data = readdirSync(BUILD, { recursive: true }).filter((name) => name.endsWith(".gcda"));
  const json = run("gcov", ["--json-format", "--stdout", ...data]);
  for (const report of json
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line))) {
    for (const { file, lines } of report.files) {
      const counts = files.get(path.resolve(BUILD, file));
      if (counts === undefined) continue;
      for (const { line_number: line, count } of lines) counts.set(line, (counts.get(line) ?? 0) + count);
    }
  }
  return [...files].filter(([, counts]) => counts.size > 0).sort(([a], [b]) => a.localeCompare(b));
}

/** Prints what a file has. @returns {number} how many of its lines did not run, and do not say why. */
function report(file, counts) {
  const source = readFileSync(file, "utf8").split("\n");
  const missed = [...counts.keys()].filter((line) => counts.get(line) === 0).sort((a, b) => a - b);
  const ran = ((counts.size - missed.length) / counts.size) * 100;
  console.log(`${path.basename(file).padEnd(20)} ${ran.toFixed(1).padStart(6)} %  of ${counts.size} lines`);
  let unexplained = 0;
  for (const line of missed) {
    const explained = REASON.test(source[line - 1]) || /^\s*\/\/ untested: \S/.test(source[line - 2]);
    if (!explained) unexplained += 1;
    console.log(`  ${explained ? "reason given" : "NO REASON"}  ${line}: ${source[line - 1].trim()}`);
  }
  return unexplained;
}

countLines();
const unexplained = readCounts().reduce((sum, [file, counts]) => sum + report(file, counts), 0);
if (unexplained > 0) {
  console.error(`${unexplained} lines that no test runs, and no reason stated: see native/test/coverage.mjs`);
  process.exit(1);
}
