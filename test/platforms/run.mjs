// `npm run test:platform -- --target linux-arm64 [--target ...] [NAME ...]`: the whole test suite and `npm start` on the real
// Node binaries of a target, with its prebuilt addon, the file that ships; in QEMU where the processor is another. Then a
// tarball of `npm run release:check`, where there is one, is installed by npm on that Node, and used.
//
// NAMEs choose test files, as with `npm test`, and nothing else is run then. Targets are run at the same time. What they
// print goes to .cache/platforms/, and here where they fail.
import { spawn } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";

import { prebuiltFile, targetsNamed, TARGETS } from "../../prebuilds/targets.mjs";
import { nodeFor } from "./node.mjs";

const ROOT = path.join(import.meta.dirname, "../..");
const LOGS = path.join(ROOT, ".cache/platforms");

/** How many times longer tests wait on an emulated processor, on a machine that emulates two at once. */
const EMULATED_PATIENCE = 20;

/** Lines of a failed step's output that are shown. */
const SHOWN_LINES = 200;

const HELP = `Usage: npm run test:platform -- [--target NAME ...] [TEST ...]

Targets: ${TARGETS.map(({ name }) => name).join(", ")}; all of them where none is named.
`;

function parse() {
  try {
    const { values, positionals } = parseArgs({
      options: { target: { type: "string", multiple: true }, help: { type: "boolean" } },
      allowPositionals: true,
    });
    if (values.help) {
      console.log(HELP);
      process.exit(0);
    }
    return { targets: targetsNamed(values.target ?? []), tests: positionals };
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(2);
  }
}

function environment(target) {
  return {
    ...process.env,
    HAPWIRE_ENGINE: "native",
    // build/ has the addon of this machine.
    PREBUILDS_ONLY: "1",
    HAPWIRE_TEST_PATIENCE: target.emulator === undefined ? "1" : String(EMULATED_PATIENCE),
  };
}

/** @returns {[name: string, ...command: string[]][]} What is run, one after the other. */
function stepsFor(target, node, tests) {
  const file = path.join(ROOT, prebuiltFile(target));
  const checks = [
    ["addon", node, "test/platforms/addon.cjs", file, target.arch],
    // What the benchmarks measure of an emulator says nothing, and takes them longer than their own bounds.
    [
      "suite",
      node,
      "dist-test/test/run.js",
      ...(target.emulator === undefined ? [] : ["--without=bench/"]),
      ...tests,
    ],
  ];
  if (tests.length > 0) return checks;
  const demo = ["npm start", node, "dist/demo/main.js"];
  const tarball = newestTarball();
  const installed = [process.execPath, "test/platforms/installed.mjs", node, tarball];
  return [...checks, demo, ...(tarball === undefined ? [] : [["installed", ...installed]])];
}

/** @returns {string | undefined} The one that `npm run release:check` left. */
function newestTarball() {
  const folder = path.join(ROOT, ".cache/release");
  const file = existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith(".tgz")) : undefined;
  return file === undefined ? undefined : path.join(folder, file);
}

/** @returns {Promise<boolean>} Whether all went well. */
async function runOn(target, runtime, tests) {
  for (const [name, ...command] of stepsFor(target, nodeFor(target, runtime), tests)) {
    const log = path.join(LOGS, `${runtime} ${name}.log`);
    const started = performance.now();
    const elapsed = () => `${((performance.now() - started) / 1000).toFixed(0)} s`;
    const progress = setInterval(() => console.log(`${runtime}: ${name}: under way, ${elapsed()}`), 60_000);
    const status = await execute(command, environment(target), log);
    clearInterval(progress);
    console.log(`${runtime}: ${name}: ${status === 0 ? "ok" : `FAILED (${status})`}, ${elapsed()}`);
    if (status !== 0) {
      console.error(readFileSync(log, "utf8").split("\n").slice(-SHOWN_LINES).join("\n"));
      return false;
    }
  }
  return true;
}

/** @returns {Promise<number | string>} The exit code, or the signal. */
function execute([program, ...args], env, log) {
  return new Promise((resolve, reject) => {
    const output = createWriteStream(log);
    const child = spawn(program, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      output.end(() => resolve(code ?? signal));
    });
  });
}

async function runTarget(target, tests) {
  for (const runtime of target.runtimes) {
    if (!(await runOn(target, runtime, tests))) return false;
  }
  return true;
}

const { targets, tests } = parse();
for (const target of targets) {
  if (!existsSync(path.join(ROOT, prebuiltFile(target)))) {
    console.error(`${prebuiltFile(target)} is missing: npm run prebuild -- --target ${target.name}`);
    process.exit(1);
  }
}
rmSync(LOGS, { recursive: true, force: true });
mkdirSync(LOGS, { recursive: true });
const verdicts = await Promise.all(targets.map(async (target) => runTarget(target, tests)));
process.exitCode = verdicts.includes(false) ? 1 : 0;
