// `node test/platforms/run.mjs --target linux-arm64 [--target ...] [--brief] [NAME ...]`: tests a target's prebuilt addon, the
// file that ships, on the real Node binaries of the target. QEMU emulates a processor that this machine does not have.
//
// Runs the test suite and `npm start`. Then npm, on the Node under test, installs the tarball of test/packaging/release.mjs,
// if there is one, and the installed package is used. With `--brief` the suite is only those tests that another processor
// or another Node can break. NAMEs choose test files, as with `npm test`, and then nothing else runs.
//
// Targets run at the same time. Their output goes to .cache/platforms/, and is shown here if a step fails.
import { spawn } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";

import { prebuiltFile, targetsNamed, TARGETS } from "../../prebuilds/targets.mjs";
import { nodeFor } from "./node.mjs";

const ROOT = path.join(import.meta.dirname, "../..");
const LOGS = path.join(ROOT, ".cache/platforms");

/** How many times longer tests wait on an emulated processor, on a machine that emulates two at once. */
const EMULATED_PATIENCE = 20;

/** The tests that no other processor can break. Emulation is slow, and the rest takes about 20 minutes beside other steps. */
const WITHOUT_ON_EMULATORS = [
  // Measures nothing on an emulator.
  "bench/",
  // Text, files and the compiler.
  "docs/",
  "runner/",
  "cli/advice",
  "cli/command",
  "cli/doctor.",
  "cli/doctor-storage",
  "pairing/json-file-storage",
  "process/install-step",
  "process/types",
  // TypeScript above what the other tests cover: `npm start`, pairing and the preload's server run on the emulator too.
  "examples/",
  "plugin/",
  "preload/pairing-crypto",
  "preload/preload",
  "preload/remembered-keys",
  "seam/",
  "status/",
].map((name) => `--without=${name}`);

/** The tests of `--brief`. */
const BRIEF = {
  /** What the processor's byte order, word size and instructions reach. */
  emulated: ["engine/", "process/addon", "process/fallback", "process/loading", "transport/session"],
  /** All but arithmetic and documents, whose results are the same on each Node. */
  native: ["bench/", "cli/advice", "docs", "network", "output-memory", "recent-times"].map(
    (name) => `--without=${name}`,
  ),
};

/** Lines of a failed step's output that are shown. */
const SHOWN_LINES = 200;

const HELP = `Usage: node test/platforms/run.mjs [--target NAME ...] [--brief] [TEST ...]

Targets: ${TARGETS.map(({ name }) => name).join(", ")}. If none is named: all of them.
--brief runs only the tests that another processor or another Node can break.
`;

function parse() {
  try {
    const { values, positionals } = parseArgs({
      options: {
        target: { type: "string", multiple: true },
        brief: { type: "boolean", default: false },
        help: { type: "boolean" },
      },
      allowPositionals: true,
    });
    if (values.help) {
      console.log(HELP);
      process.exit(0);
    }
    return { targets: targetsNamed(values.target ?? []), brief: values.brief, tests: positionals };
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
    ...(target.emulator === undefined ? {} : { HAPWIRE_TEST_PATIENCE: String(EMULATED_PATIENCE) }),
  };
}

/** @returns {string[]} The arguments of test/run.ts. */
function suiteOf(target, brief) {
  const emulated = target.emulator !== undefined;
  if (brief) return emulated ? BRIEF.emulated : BRIEF.native;
  return emulated ? WITHOUT_ON_EMULATORS : [];
}

/** @returns {[name: string, ...command: string[]][]} The steps, in their order. */
function stepsFor(target, node, { brief, tests }) {
  const file = path.join(ROOT, prebuiltFile(target));
  const named = tests.length > 0;
  const checks = [
    ["addon", node, "test/platforms/addon.cjs", file, target.arch],
    ["suite", node, "dist-test/test/run.js", ...(named ? tests : suiteOf(target, brief))],
  ];
  if (named) return checks;
  const demo = ["npm start", node, "dist-examples/demo/main.js"];
  const tarball = newestTarball();
  const installed = [process.execPath, "test/platforms/installed.mjs", node, tarball];
  return [...checks, demo, ...(tarball === undefined ? [] : [["installed", ...installed]])];
}

/** @returns {string | undefined} The one that `test/packaging/release.mjs` left. */
function newestTarball() {
  const folder = path.join(ROOT, ".cache/release");
  const file = existsSync(folder)
    ? readdirSync(folder).find((name) => /^hapwire-.*\.tgz$/.test(name))
    : undefined;
  return file === undefined ? undefined : path.join(folder, file);
}

/** @returns {Promise<boolean>} Whether all went well. */
async function runOn(target, runtime, choice) {
  for (const [name, ...command] of stepsFor(target, nodeFor(target, runtime), choice)) {
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

async function runTarget(target, choice) {
  let well = true;
  for (const runtime of target.runtimes) {
    well = (await runOn(target, runtime, choice)) && well;
  }
  return well;
}

const { targets, ...choice } = parse();
for (const target of targets) {
  if (!existsSync(path.join(ROOT, prebuiltFile(target)))) {
    console.error(`${prebuiltFile(target)} is missing: node prebuilds/build.mjs --target ${target.name}`);
    process.exit(1);
  }
}
// Not emptied: another run may write there, for another target.
mkdirSync(LOGS, { recursive: true });
const verdicts = await Promise.all(targets.map(async (target) => runTarget(target, choice)));
process.exitCode = verdicts.includes(false) ? 1 : 0;
