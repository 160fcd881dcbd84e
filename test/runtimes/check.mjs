// Runs a session, the doctor and the transport's tests on Bun and Deno, with sodium-native and without it:
// `node --test test/runtimes/check.mjs`, after `npm run build:test`.
// Downloads both runtimes once, into .cache/, and installs the package for them as a user does.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";

import { runtimeBinary } from "../../prebuilds/runtimes.mjs";

const ROOT = path.join(import.meta.dirname, "../..");

/** The packages that carry the binaries, by this machine's processor. */
const PACKAGES = {
  x64: { bun: "@oven/bun-linux-x64@1.4.5", deno: "@deno/linux-x64-glibc@2.9.6" },
  arm64: { bun: "@oven/bun-linux-aarch64@1.4.5", deno: "@deno/linux-arm64-glibc@2.9.6" },
}[process.arch];

/** Milliseconds that a program may take; only one that hangs does. */
const PATIENCE = 60_000;

const folder = mkdtempSync(path.join(tmpdir(), "hapwire-runtimes-"));
after(() => rmSync(folder, { recursive: true }));

const BUN = runtimeBinary(PACKAGES.bun, "bin/bun");
const DENO = runtimeBinary(PACKAGES.deno, "deno");
const bun = [BUN];
// All that the package needs, and no more: its files, its variables, addons, sockets, facts of the system.
const deno = [DENO, "run", "--allow-read", "--allow-env", "--allow-ffi", "--allow-net", "--allow-sys"];

/** The transport's tests that both runtimes run; docs/runtimes.md says why not the others. */
const TRANSPORT_TESTS = ["burst", "events", "http", "session", "unpair"].map(
  (name) => `./dist-test/test/transport/${name}.test.js`,
);

const tarball = pack();
const plain = install("plain", []);
const withSodium = install("sodium", [`sodium-native@${manifest(ROOT).devDependencies["sodium-native"]}`]);

describe("Bun", () => {
  it("runs on the portable engine with sodium-native", () => {
    assertRuns(bun, withSodium, /^sodium-native \d/);
  });

  it("passes the tests of the transport", () => {
    assertTestsPass([BUN, "test"], / (\d+) pass\n(?: +\d+ skip\n)? +0 fail/);
  });

  it("names the package to install if sodium-native is missing", () => {
    const { code, message } = answerOf(runSession(bun, plain));
    assert.equal(code, "ERR_HAPWIRE_ENGINE");
    assert.match(message, /npm install sodium-native$/);
    const { status, report } = runDoctor(bun, plain);
    assert.equal(status, 1);
    assert.match(report.advice.find(({ kind }) => kind === "problem").text, /npm install sodium-native$/);
  });
});

describe("Deno", () => {
  it("runs on the portable engine with sodium-native", () => {
    assertRuns(deno, withSodium, /^sodium-native \d/);
  });

  it("passes the tests of the transport", () => {
    assertTestsPass(
      [DENO, "test", "--allow-all", "--no-check"],
      /ok \| \d+ passed \((\d+) steps\) \| 0 failed/,
    );
  });

  it("runs on the portable engine with its own cryptography", () => {
    assertRuns(deno, plain, /^node:crypto \(Deno \d/);
  });
});

/** The session and the doctor end well, on the portable engine, because the addon asks for an OpenSSL that is not there. */
function assertRuns(runtime, installation, aead) {
  const session = runSession(runtime, installation);
  const info = answerOf(session);
  assert.equal(session.status, 0, session.stderr);
  assert.equal(session.stderr, "", "advice that is for Node");
  assert.deepEqual([info.name, info.choice], ["portable", "fallback"]);
  assert.match(info.reason, /undefined symbol: EVP_/);
  assert.match(info.aead, aead);
  const { status, report } = runDoctor(runtime, installation);
  assert.equal(status, 0, JSON.stringify(report, undefined, 2));
  assert.equal(report.engine.aead, info.aead);
  assert.deepEqual(
    report.checks.map(({ engine, error }) => [engine, error]),
    Array(4).fill(["portable", undefined]),
  );
}

/** @param {RegExp} summary The runtime's summary, with the number of tests. */
function assertTestsPass(runner, summary) {
  const { status, stdout, stderr } = run(runner, TRANSPORT_TESTS, ROOT, { HAPWIRE_ENGINE: "portable" });
  const output = `${stdout}${stderr}`;
  assert.equal(status, 0, output);
  const count = Number(summary.exec(output)?.[1]);
  assert.ok(count >= TRANSPORT_TESTS.length, `no tests were run: ${output}`);
}

/** @returns The output of the session program. */
function answerOf({ stdout, stderr }) {
  assert.match(stdout, /^\{.*\}\n$/, `${stdout}${stderr}`);
  return JSON.parse(stdout);
}

function runSession(runtime, installation) {
  return run(runtime, [path.join(installation, "test/runtimes/session.js")], installation);
}

function runDoctor(runtime, installation) {
  const main = path.join(installation, "node_modules/hapwire/dist/cli/main.js");
  const { status, stdout, stderr } = run(runtime, [main, "doctor", "--json"], installation);
  assert.match(stdout, /^\{/, stderr);
  return { status, report: JSON.parse(stdout) };
}

function run([program, ...options], args, cwd, variables = {}) {
  const clean = { HAPWIRE_ENGINE: undefined, NODE_OPTIONS: undefined, NO_COLOR: "1" };
  const env = { ...process.env, ...clean, ...variables };
  return spawnSync(program, [...options, ...args], { cwd, env, encoding: "utf8", timeout: PATIENCE });
}

/** A user's project with the package, the addon that was built here, and the compiled programs of the tests. */
function install(name, others) {
  const project = path.join(folder, name);
  mkdirSync(project);
  const imports = {
    "#bench/*": "./dist-bench/*.js",
    "#demo/*": "./dist-examples/demo/*.js",
    "#src/*": "./dist/*.js",
  };
  writeFileSync(
    path.join(project, "package.json"),
    JSON.stringify({ private: true, type: "commonjs", imports }),
  );
  npm(["install", "--ignore-scripts", "--no-audit", "--no-fund", tarball, ...others], project);
  cpSync(path.join(ROOT, "build/Release/hapwire.node"), addonIn(project));
  // The programs' support imports from the inside of the package, from the benchmarks and from the demo.
  for (const built of ["dist", "dist-bench", "dist-examples"]) {
    cpSync(path.join(ROOT, built), path.join(project, built), { recursive: true });
  }
  for (const part of ["runtimes", "support"]) {
    cpSync(path.join(ROOT, "dist-test/test", part), path.join(project, "test", part), { recursive: true });
  }
  return project;
}

function addonIn(project) {
  return path.join(project, "node_modules/hapwire/build/Release/hapwire.node");
}

function pack() {
  return path.join(
    folder,
    npm(["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], ROOT).trim(),
  );
}

function npm(args, cwd) {
  const { status, stdout, stderr } = spawnSync("npm", args, { cwd, encoding: "utf8" });
  assert.equal(status, 0, `npm ${args.join(" ")}: ${stderr}`);
  return stdout;
}

function manifest(project) {
  return JSON.parse(readFileSync(path.join(project, "package.json"), "utf8"));
}
