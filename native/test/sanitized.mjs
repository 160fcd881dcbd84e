// Runs the native tests, the addon in worker threads, and the JavaScript tests under sanitizers.
// After `npm run build:test`: `node native/test/sanitized.mjs [NAME ...]`. A NAME chooses test files, as with `npm test`. Without
// a NAME, all tests of the addon run.
//
// The threads run with ThreadSanitizer, all others with AddressSanitizer and UndefinedBehaviorSanitizer. The native tests
// also run with LeakSanitizer, which Node itself does not pass. The addon is built and run in a copy of this package, so
// that build/ keeps the addon that ships. Needs GCC with its sanitizers, CMake, and the packages that CMakeLists.txt names.
// Writes only below build-sanitized/.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";

const ROOT = path.join(import.meta.dirname, "..", "..");
const BUILD = path.join(ROOT, "build-sanitized");
const NATIVE = path.join(BUILD, "native");
const COPY = path.join(BUILD, "package");
/** Not copied: other build folders, and prebuilt addons, which the loader could take for ours. */
const LEFT_OUT = /^(build.*|coverage|node_modules|prebuilds|\.cache|\.git)$/;

const UBSAN_OPTIONS = "halt_on_error=1:print_stacktrace=1";
/**
 * Node leaks. Freed memory is not used again until there are 8 MiB of it, rather than 256: tests measure the memory that the
 * process holds.
 */
const ASAN_OPTIONS = "detect_leaks=0:quarantine_size_mb=8";

/** Tests of the JavaScript around the addon, which are the same with any addon. */
const WITHOUT_ADDON = ["bench/", "cli/advice", "docs", "network", "recent-times"].map(
  (name) => `--without=${name}`,
);

function run(command, args, options = {}) {
  const { status, signal, error } = spawnSync(command, args, { stdio: "inherit", ...options });
  if (status === 0) return;
  console.error(`${[command, ...args].join(" ")}: ${error?.message ?? signal ?? `exit ${status}`}`);
  process.exit(1);
}

function testNative() {
  run("cmake", [
    "-S",
    path.join(ROOT, "native"),
    "-B",
    NATIVE,
    "-DHAPWIRE_SANITIZE=ON",
    "--log-level=WARNING",
  ]);
  run("cmake", ["--build", NATIVE, "--parallel", "2", "--", "--no-print-directory"]);
  const env = {
    ...process.env,
    ASAN_OPTIONS: "detect_leaks=1:detect_stack_use_after_return=1",
    UBSAN_OPTIONS,
  };
  run("ctest", ["--test-dir", NATIVE, "--output-on-failure"], { env });
}

/** The whole checkout, since tests read its documents and fixtures too. */
function copyPackage() {
  rmSync(COPY, { recursive: true, force: true });
  mkdirSync(COPY, { recursive: true });
  for (const name of readdirSync(ROOT)) {
    if (!LEFT_OUT.test(name)) cpSync(path.join(ROOT, name), path.join(COPY, name), { recursive: true });
  }
  symlinkSync(path.join(ROOT, "node_modules"), path.join(COPY, "node_modules"));
}

/** @returns The path of a library of the compiler. */
function libraryFile(name) {
  const { stdout } = spawnSync("g++", [`-print-file-name=${name}`], { encoding: "utf8" });
  return stdout.trim();
}

/** Node is not built with the sanitizers, so that their run-time libraries must be there before it. */
function environment(libraries, options) {
  const leftOver = process.env.LD_PRELOAD === undefined ? [] : [process.env.LD_PRELOAD];
  return { ...process.env, LD_PRELOAD: [...libraries.map(libraryFile), ...leftOver].join(":"), ...options };
}

/** Builds the addon in the copy, and checks that it is what loads there, with the sanitizers in it. */
function buildAddon(sanitizers, symbols, env) {
  const nodeGyp = path.join(ROOT, "node_modules", ".bin", "node-gyp");
  run(nodeGyp, ["configure", "--loglevel=error", "--", `-Dhapwire_sanitize=${sanitizers}`], { cwd: COPY });
  run(nodeGyp, ["build", "--loglevel=error"], { cwd: COPY });
  const check = `
    const { name, file } = require("hapwire").engineInfo();
    if (name !== "native" || file !== ${JSON.stringify(path.join(COPY, "build", "Release", "hapwire.node"))})
      throw new Error("not the sanitized addon: " + name + " " + file);
    const addon = require("node:fs").readFileSync(file);
    for (const symbol of ${JSON.stringify(symbols)})
      if (!addon.includes(symbol)) throw new Error(symbol + " is not in " + file);`;
  run(process.execPath, ["-e", check], { cwd: COPY, env: { ...env, HAPWIRE_ENGINE: "native" } });
}

/** On the native engine only: there is nothing to find in the other one. */
function testJavaScript(env, names) {
  const options = { cwd: COPY, env: { ...env, HAPWIRE_ENGINE: "native" } };
  run(process.execPath, [path.join("dist-test", "test", "run.js"), ...names], options);
}

/** Runs one file only: with one thread ThreadSanitizer has nothing to check. */
function testThreads() {
  // Node's own code is not checked: the sanitizer does not see how Node keeps its threads apart.
  const env = environment(["libtsan.so"], { TSAN_OPTIONS: "ignore_noninstrumented_modules=1" });
  buildAddon("thread", ["__tsan_write4"], env);
  testJavaScript(env, [path.join("engine", "workers")]);
}

function testMemory() {
  const env = environment(["libasan.so", "libubsan.so"], { ASAN_OPTIONS, UBSAN_OPTIONS });
  buildAddon("address,undefined", ["__asan_report_load8", "__ubsan_handle"], env);
  const names = process.argv.slice(2);
  testJavaScript(env, names.length > 0 ? names : WITHOUT_ADDON);
}

testNative();
copyPackage();
testThreads();
testMemory();
