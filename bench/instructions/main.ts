/**
 * `npm run bench:instructions`: counts the instructions of the native core for fixed inputs with callgrind, and compares
 * them with the committed baseline. The counts are equal in every run, so a change of a few percent comes from the code.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { compare, fails, MOST_GROWTH, type Baseline, type Comparison } from "./baseline";
import { parseCallgrind, type CaseCounts } from "./callgrind";

/** The checkout: this file runs from dist-bench/instructions. */
const ROOT = path.join(__dirname, "..", "..");
const BASELINE = path.join("bench", "instructions.json");
const BUILD = "build-instructions";
const PROGRAM = "instructions";

const HELP = `npm run bench:instructions [-- options]

  --update    rewrite ${BASELINE}; commit it with the change that needs it
  --help      print this text

Counts the instructions of native/core for the inputs in native/bench/instructions.cc, and its calls into
OpenSSL and the C library, without the instructions there. Needs valgrind, CMake, a C++17 compiler and
OpenSSL's headers (Debian: valgrind cmake g++ libssl-dev).

Exit code: 1 if a count is more than ${String(MOST_GROWTH * 100)} % above the baseline, 2 if nothing can be counted.`;

/** The program's cases, and the compiler that built it. */
interface Run {
  readonly compiler: string;
  readonly cases: readonly CaseCounts[];
}

class CannotCount extends Error {}

function readArguments(): { update: boolean; help: boolean } {
  const options = {
    update: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw new CannotCount(`${(error as Error).message}\n\n${HELP}`);
  }
}

/** @returns Standard output. */
function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: ROOT, encoding: "utf8" });
  if (status === 0) return stdout;
  const why = error === undefined ? `${stdout}${stderr}` : `${error.message}\n\n${HELP}`;
  throw new CannotCount(`${[command, ...args].join(" ")} failed\n${why}`);
}

function count(): Run {
  run("cmake", ["-S", "native", "-B", BUILD, "-DHAPWIRE_INSTRUCTIONS=ON"]);
  run("cmake", ["--build", BUILD, "--parallel", "2"]);
  const folder = mkdtempSync(path.join(tmpdir(), "hapwire-instructions-"));
  try {
    const options = ["--tool=callgrind", "--quiet"];
    const format = ["--compress-strings=no", "--compress-pos=no"];
    const out = `--callgrind-out-file=${path.join(folder, "out")}`;
    const compiler = run("valgrind", [...options, ...format, out, path.join(BUILD, PROGRAM)]).trim();
    return { compiler, cases: readCases(folder) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The files are out.1, out.2 and so on, in the order of the cases. Before each is a file that belongs to no case. */
function readCases(folder: string): CaseCounts[] {
  const files = readdirSync(folder).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return files
    .map((file) => parseCallgrind(readFileSync(path.join(folder, file), "utf8"), PROGRAM))
    .filter((found) => found !== undefined);
}

function readBaseline(): Baseline {
  try {
    return JSON.parse(readFileSync(path.join(ROOT, BASELINE), "utf8")) as Baseline;
  } catch (error) {
    throw new CannotCount(`${BASELINE} cannot be read (${(error as Error).message}); write it with --update`);
  }
}

function writeBaseline({ compiler, cases }: Run): void {
  const baseline: Baseline = {
    compiler,
    arch: process.arch,
    cases: Object.fromEntries(cases.map(({ name, ...counts }) => [name, counts])),
  };
  writeFileSync(path.join(ROOT, BASELINE), `${JSON.stringify(baseline, null, 2)}\n`);
  console.log(`${BASELINE} is written: ${String(cases.length)} cases, ${compiler}, ${process.arch}`);
}

const VERDICTS = { same: "", less: "less", more: "MORE", new: "NEW", gone: "GONE" } as const;

function printTable(comparisons: readonly Comparison[]): void {
  const row = (...cells: string[]): string => {
    const [name = "", ...numbers] = cells;
    return [name.padEnd(40), ...numbers.map((cell) => cell.padStart(13))].join("").trimEnd();
  };
  const number = (value: number | undefined): string => value?.toLocaleString("en-US") ?? "-";
  const percent = (value: number): string =>
    Number.isNaN(value) ? "-" : `${value > 0 ? "+" : ""}${(value * 100).toFixed(2)} %`;
  console.log(row("case", "instructions", "baseline", "calls out", "baseline", "change", ""));
  for (const { name, counts, baseline, change, verdict } of comparisons) {
    const instructions = [number(counts?.instructions), number(baseline?.instructions)];
    const calls = [number(counts?.calls), number(baseline?.calls)];
    console.log(row(name, ...instructions, ...calls, percent(change), VERDICTS[verdict]));
  }
}

/** @returns The exit status. */
function judge({ compiler, cases }: Run, baseline: Baseline): number {
  if (baseline.arch !== process.arch) {
    throw new CannotCount(`${BASELINE} counts instructions of ${baseline.arch}, and this is ${process.arch}`);
  }
  const comparisons = compare(cases, baseline);
  printTable(comparisons);
  if (compiler !== baseline.compiler) {
    console.log(
      `\nNOTE: built with ${compiler}, the baseline with ${baseline.compiler}: the compiler may have caused the changes`,
    );
  }
  const limit = `${String(MOST_GROWTH * 100)} %`;
  const less = comparisons.filter(({ verdict }) => verdict === "less");
  if (less.length > 0) {
    console.log(`\n${String(less.length)} cases need over ${limit} less: keep the gain with --update`);
  }
  const failed = comparisons.filter(fails);
  if (failed.length === 0) {
    console.log(`\nno count is more than ${limit} above its baseline`);
    return 0;
  }
  console.error(
    `\nfailed: ${failed.map(({ name, verdict }) => `${name} (${verdict})`).join(", ")}\n` +
      `A count may be ${limit} above its baseline. If the change is worth the growth, write a new baseline and commit\n` +
      `it with the change: npm run bench:instructions -- --update`,
  );
  return 1;
}

function main(): number {
  const { update, help } = readArguments();
  if (help) {
    console.log(HELP);
    return 0;
  }
  const counted = count();
  if (!update) return judge(counted, readBaseline());
  writeBaseline(counted);
  return 0;
}

try {
  process.exitCode = main();
} catch (error) {
  if (!(error instanceof CannotCount)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
