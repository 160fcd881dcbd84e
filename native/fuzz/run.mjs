// `node native/fuzz/run.mjs`: builds the fuzz targets and runs them, each for some seconds, from the committed seeds and from what
// earlier runs here found worth keeping. All that it writes is below build-fuzz/.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

const ROOT = path.join(import.meta.dirname, "..", "..");
const SEEDS = path.join("native", "fuzz", "seeds");
const BUILD = "build-fuzz";
const TARGETS = readdirSync(path.join(ROOT, SEEDS)).sort();
/** The compiler's name with a version, as Debian installs it, and without. */
const COMPILERS = ["clang++-14", "clang++"];

const HELP = `node native/fuzz/run.mjs [options]

  --seconds N     how long to run each target (default: 60)
  --target NAME   run this one only: ${TARGETS.join(", ")}
  --jobs N        how many targets to run at a time (default: 1)
  --help          this text

Needs Clang with its runtime libraries, and CMake (Debian: clang-14, libclang-rt-14-dev, cmake).
Exits with 1 if a target fails on an input, and prints the file that has the input.`;

/** The result of one target. */
/** @typedef {{ target: string, executions: string, coverage: string, finds: string[], status: number | null }} Result */

function fail(message) {
  console.error(message);
  process.exit(2);
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: "string", default: "60" },
        target: { type: "string" },
        jobs: { type: "string", default: "1" },
        help: { type: "boolean" },
      },
    });
    return values;
  } catch (error) {
    return fail(`${error.message}\n\n${HELP}`);
  }
}

function toCount(option, text) {
  const count = Number(text);
  return Number.isInteger(count) && count > 0
    ? count
    : fail(`--${option} ${text}: expected an integer above 0`);
}

function build() {
  const compiler = COMPILERS.find((name) => spawnSync(name, ["--version"]).status === 0);
  if (compiler === undefined) fail(`no ${COMPILERS.join(" or ")} here\n\n${HELP}`);
  const configure = ["-S", "native", "-B", BUILD, "-DHAPWIRE_FUZZ=ON", `-DCMAKE_CXX_COMPILER=${compiler}`];
  for (const args of [configure, ["--build", BUILD, "--parallel", "2"]]) {
    const { status, stdout, stderr } = spawnSync("cmake", args, { cwd: ROOT, encoding: "utf8" });
    if (status !== 0) fail(`cmake ${args.join(" ")} failed\n${stdout ?? ""}${stderr ?? ""}`);
  }
}

/** The files that libFuzzer has written for this target since `start`. */
function findsSince(folder, target, start) {
  return readdirSync(path.join(ROOT, folder))
    .filter((name) => name.startsWith(`${target}-`))
    .map((name) => path.join(folder, name))
    .filter((file) => statSync(path.join(ROOT, file)).mtimeMs >= start);
}

/** Milliseconds between two signs of life. */
const PROGRESS_INTERVAL = 30_000;

/** Runs one target. @returns {Promise<Result>} */
async function run(target, seconds) {
  const corpus = path.join(BUILD, "corpus", target);
  const finds = path.join(BUILD, "finds");
  for (const folder of [corpus, finds]) mkdirSync(path.join(ROOT, folder), { recursive: true });
  const start = Date.now();
  const args = [
    `-max_total_time=${seconds}`,
    "-max_len=2048",
    "-timeout=10",
    "-rss_limit_mb=2048",
    "-print_final_stats=1",
    `-artifact_prefix=${finds}/${target}-`,
    corpus,
    path.join(SEEDS, target),
  ];
  const child = spawn(`./${BUILD}/${target}_fuzz`, args, { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
  console.log(`${target.padEnd(14)} runs for ${seconds} s`);
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (log += text));
  const progress = setInterval(() => {
    const [executions = "0"] = [...log.matchAll(/^#(\d+)/gm)].at(-1)?.slice(1) ?? [];
    console.log(`${target.padEnd(14)} ${executions.padStart(10)} executions so far`);
  }, PROGRESS_INTERVAL);
  const status = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  clearInterval(progress);
  if (status !== 0) process.stderr.write(`${lastLines(log)}\n`);
  return {
    target,
    executions: /stat::number_of_executed_units: (\d+)/.exec(log)?.[1] ?? "?",
    coverage: [...log.matchAll(/\bcov: (\d+)/g)].at(-1)?.[1] ?? "?",
    finds: findsSince(finds, target, start),
    status,
  };
}

/** What a find says of itself, without the progress before it. */
function lastLines(log) {
  return log
    .split("\n")
    .filter((line) => !/^(#\d|INFO:|\s+NEW_FUNC)/.test(line))
    .slice(-60)
    .join("\n");
}

function report({ target, executions, coverage, finds, status }) {
  const outcome = status === 0 ? "no finds" : `FAILED (exit ${status}), finds: ${finds.length}`;
  console.log(
    `${target.padEnd(14)} ${executions.padStart(10)} executions  ${coverage.padStart(5)} edges  ${outcome}`,
  );
  for (const file of finds) {
    console.log(`  reproduce: ./${BUILD}/${target}_fuzz ${file}`);
    console.log(`  once fixed, keep it as a test: cp ${file} ${path.join(SEEDS, target)}/<name>`);
  }
}

const options = readArguments();
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
const seconds = toCount("seconds", options.seconds);
const jobs = toCount("jobs", options.jobs);
if (options.target !== undefined && !TARGETS.includes(options.target)) {
  fail(`--target ${options.target}: expected one of ${TARGETS.join(", ")}`);
}

build();
const waiting = options.target === undefined ? [...TARGETS] : [options.target];
for (const target of waiting) {
  if (!existsSync(path.join(ROOT, BUILD, `${target}_fuzz`))) {
    fail(`no target is built for the seeds in ${target}/`);
  }
}
const results = [];
async function worker() {
  for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
    results.push(await run(target, seconds));
  }
}
await Promise.all(Array.from({ length: jobs }, worker));
results.sort((a, b) => a.target.localeCompare(b.target)).forEach(report);
process.exit(results.every(({ status }) => status === 0) ? 0 : 1);
