// Installs the tarball as users do: with npm, pnpm and yarn, with scripts and without, in any folder. Then holds a session
// there from CommonJS and from an ECMAScript module.
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { performance } from "node:perf_hooks";

import { attempt, run } from "./shell.mjs";
import { expectNative, expectPortable } from "./table.mjs";

const CONSUMERS = path.join(import.meta.dirname, "consumers");

/** A user's node_modules: hapwire and its dependencies. */
const MAX_PACKAGES = 5;

/** Milliseconds that a session may take, on an emulated processor too. */
const SESSION_PATIENCE = 120_000;

/** Whom a root runs the read-only case as: root may write everywhere. */
const NOBODY = 65534;

/** @returns {string} A project that has nothing yet but the consumers. */
export function createProject(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "user", private: true }));
  cpSync(CONSUMERS, folder, { recursive: true, filter: (file) => !file.endsWith("typed.ts") });
  return folder;
}

/** Version 4 of Yarn, whose projects have no node_modules but a loader. */
const YARN_4 = ["npx", "--yes", "--package=@yarnpkg/cli-dist@^4", "yarn"];

/**
 * @typedef {object} Manager
 * @property {(tarball: string) => string[][]} commands
 * @property {Record<string, string>} [files] That the project has besides.
 * @property {string[]} [node]
 */

/** @type {Record<string, Manager>} */
const MANAGERS = {
  "npm --ignore-scripts": { commands: (tarball) => [["npm", "install", "--ignore-scripts", tarball]] },
  "npm ci --ignore-scripts": {
    commands: (tarball) => [
      ["npm", "install", "--package-lock-only", "--ignore-scripts", tarball],
      ["npm", "ci", "--ignore-scripts"],
    ],
  },
  npm: { commands: (tarball) => [["npm", "install", "--foreground-scripts", tarball]] },
  pnpm: { commands: (tarball) => [["npx", "--yes", "pnpm@^10", "add", tarball]] },
  // Version 1 of Yarn: a flat node_modules.
  yarn: { commands: (tarball) => [["npx", "--yes", "yarn@^1", "add", "--no-lockfile", `file:${tarball}`]] },
  "yarn PnP, scripts off": {
    commands: (tarball) => [[...YARN_4, "add", `hapwire@file:${tarball}`]],
    // With a lock file, the folder is a project of its own.
    files: {
      ".yarnrc.yml": "nodeLinker: pnp\nenableScripts: false\nenableTelemetry: false\n",
      "yarn.lock": "",
    },
    node: [process.execPath, "--require", "./.pnp.cjs", "--loader", "./.pnp.loader.mjs"],
  },
};

/**
 * @typedef {object} How
 * @property {string[]} [node] The Node to run.
 * @property {string[]} [files] By default the session from CommonJS and the one from an ECMAScript module.
 * @property {NodeJS.ProcessEnv} [environment]
 * @property {import("node:child_process").SpawnSyncOptions} [options]
 */

/**
 * @param {string} project
 * @param {How} [how]
 * @returns {{ engine: string, file?: string, stderr: string }[]} What each session said.
 * @throws Error if the exit code of a session is not 0.
 */
export function converse(project, how = {}) {
  const { node = [process.execPath], files = ["session.cjs", "session.mjs"], environment, options } = how;
  const env = { ...process.env, NODE_OPTIONS: "", HAPWIRE_ENGINE: "", ...environment };
  return files.map((file) => {
    const { status, stdout, stderr } = attempt([...node, file], {
      cwd: project,
      env,
      timeout: SESSION_PATIENCE,
      ...options,
    });
    if (status !== 0) throw new Error(`${file} in ${project} ended with ${status}:\n${stdout}${stderr}`);
    return { ...JSON.parse(stdout), stderr };
  });
}

/** @throws Error if node_modules has more packages than it may. */
export function countPackages(project) {
  const modules = path.join(project, "node_modules");
  const packages = readdirSync(modules, { recursive: true, encoding: "utf8" }).filter((file) =>
    /(^|node_modules\/)(@[^/]+\/)?[^/@.][^/]*\/package\.json$/.test(file.split(path.sep).join("/")),
  );
  const names = packages.map((file) => path.dirname(file)).sort();
  if (names.length > MAX_PACKAGES) {
    throw new Error(
      `${names.length} packages in node_modules, more than ${MAX_PACKAGES}: ${names.join(", ")}`,
    );
  }
  return names;
}

function installBy(name, tarball, project) {
  const { commands, files = {}, node } = MANAGERS[name];
  createProject(project);
  for (const [file, content] of Object.entries(files)) writeFileSync(path.join(project, file), content);
  for (const command of commands(tarball)) {
    const { status, stdout, stderr } = attempt(command, { cwd: project });
    if (status !== 0) throw new Error(`${name} failed:\n${stdout}${stderr}`);
    const noise = `${stdout}${stderr}`
      .split("\n")
      .filter((line) => /^hapwire: |gyp (info|ERR!)|g\+\+ /.test(line));
    if (noise.length > 0) throw new Error(`${name} is noisy:\n${noise.join("\n")}`);
  }
  if (existsSync(path.join(project, "node_modules/hapwire/build"))) {
    throw new Error(`${name} has compiled, though a prebuilt addon fits`);
  }
  expectNative(name, converse(project, { node }));
}

function checkManagers(tarball, work) {
  for (const name of Object.keys(MANAGERS)) {
    const started = performance.now();
    // A path with spaces, since users have such paths.
    installBy(name, tarball, path.join(work, `installed by ${name}`));
    console.log(`install: ${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
}

function checkReadOnly(tarball, work) {
  const project = createProject(path.join(work, "read-only"));
  run(["npm", "install", "--ignore-scripts", tarball], { cwd: project });
  run(["chmod", "-R", "a-w,a+rX", project]);
  chmodSync(work, 0o755);
  const options = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const { status } = attempt(["touch", path.join(project, "node_modules/hapwire/file")], options);
  if (status === 0) throw new Error(`${project} is not read-only`);
  expectNative("a read-only folder", converse(project, { options }));
  run(["chmod", "-R", "u+w", project]);
}

function checkWithoutAddon(tarball, work) {
  const project = createProject(path.join(work, "without addon"));
  run(["npm", "install", "--ignore-scripts", tarball], { cwd: project });
  rmSync(path.join(project, "node_modules/hapwire/prebuilds"), { recursive: true });
  expectPortable("without the prebuilt addons", converse(project));
  const { status, stderr } = attempt([process.execPath, "session.cjs"], {
    cwd: project,
    env: { ...process.env, HAPWIRE_ENGINE: "native" },
  });
  if (status === 0 || !stderr.includes("ERR_HAPWIRE_ENGINE")) {
    throw new Error(`HAPWIRE_ENGINE=native did not fail loudly without an addon: ${status}\n${stderr}`);
  }
}

/**
 * @param {string} tarball
 * @param {string} work A folder that may be emptied, and that everyone may enter.
 */
export function checkInstalls(tarball, work) {
  checkManagers(tarball, work);
  checkReadOnly(tarball, work);
  checkWithoutAddon(tarball, work);
}
