// The tarball installed as users install it: by npm, pnpm and yarn, with scripts and without, in whatever folder; and a
// session held there from CommonJS and from an ECMAScript module.
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { performance } from "node:perf_hooks";

import { attempt, run } from "./shell.mjs";

const CONSUMERS = path.join(import.meta.dirname, "consumers");

/** A user's node_modules: hapwire, and what it needs. */
const MAX_PACKAGES = 6;

/** Whom a root runs the read-only case as: root may write everywhere. */
const NOBODY = 65534;

/** @returns {string} A project that has nothing yet but the consumers. */
export function createProject(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "user", private: true }));
  for (const file of ["session.cjs", "session.mjs"]) {
    cpSync(path.join(CONSUMERS, file), path.join(folder, file));
  }
  return folder;
}

const MANAGERS = {
  "npm --ignore-scripts": (tarball) => ["npm", "install", "--ignore-scripts", tarball],
  npm: (tarball) => ["npm", "install", "--foreground-scripts", tarball],
  pnpm: (tarball) => ["npx", "--yes", "pnpm@^10", "add", tarball],
  // Version 1 of Yarn: a flat node_modules.
  yarn: (tarball) => ["npx", "--yes", "yarn@^1", "add", "--no-lockfile", `file:${tarball}`],
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
 * @throws Error where one did not end well.
 */
export function converse(project, how = {}) {
  const { node = [process.execPath], files = ["session.cjs", "session.mjs"], environment, options } = how;
  const env = { ...process.env, NODE_OPTIONS: "", HAPWIRE_ENGINE: "", ...environment };
  return files.map((file) => {
    const { status, stdout, stderr } = attempt([...node, file], { cwd: project, env, ...options });
    if (status !== 0) throw new Error(`${file} in ${project} ended with ${status}:\n${stdout}${stderr}`);
    return { ...JSON.parse(stdout), stderr };
  });
}

/** @throws Error where a session was not held by the prebuilt addon, in silence. */
export function requirePrebuilt(sessions) {
  for (const { engine, file, stderr } of sessions) {
    if (engine !== "native" || !file?.includes(`${path.sep}prebuilds${path.sep}`) || stderr !== "") {
      throw new Error(`not the prebuilt addon, in silence: ${engine} ${file}\n${stderr}`);
    }
  }
}

/** @throws Error where a session was not held by the portable engine, with one line that says so. */
export function requirePortable(sessions) {
  for (const { engine, stderr } of sessions) {
    const lines = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("(Use `node"));
    if (engine !== "portable" || lines.length !== 1 || !lines[0].includes("npm rebuild hapwire")) {
      throw new Error(`not the portable engine with one line about it: ${engine}\n${stderr}`);
    }
  }
}

/** @throws Error where node_modules has more than it may. */
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

function installBy(manager, tarball, project) {
  createProject(project);
  const { status, stdout, stderr } = attempt(MANAGERS[manager](tarball), { cwd: project });
  if (status !== 0) throw new Error(`${manager} failed:\n${stdout}${stderr}`);
  const noise = `${stdout}${stderr}`
    .split("\n")
    .filter((line) => /^hapwire: |gyp (info|ERR!)|g\+\+ /.test(line));
  if (noise.length > 0) throw new Error(`${manager} is noisy:\n${noise.join("\n")}`);
  if (existsSync(path.join(project, "node_modules/hapwire/build"))) {
    throw new Error(`${manager} has compiled, though a prebuilt addon fits`);
  }
  requirePrebuilt(converse(project));
}

function checkManagers(tarball, work) {
  for (const manager of Object.keys(MANAGERS)) {
    const started = performance.now();
    // A path with spaces, since users have such paths.
    installBy(manager, tarball, path.join(work, `installed by ${manager}`));
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`install: ${manager}, below a path with spaces: native, nothing compiled, ${seconds} s`);
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
  requirePrebuilt(converse(project, { options }));
  run(["chmod", "-R", "u+w", project]);
  console.log("install: in a read-only folder: native");
}

function checkWithoutAddon(tarball, work) {
  const project = createProject(path.join(work, "without addon"));
  run(["npm", "install", "--ignore-scripts", tarball], { cwd: project });
  rmSync(path.join(project, "node_modules/hapwire/prebuilds"), { recursive: true });
  requirePortable(converse(project));
  const { status, stderr } = attempt([process.execPath, "session.cjs"], {
    cwd: project,
    env: { ...process.env, HAPWIRE_ENGINE: "native" },
  });
  if (status === 0 || !stderr.includes("ERR_HAPWIRE_ENGINE")) {
    throw new Error(
      `HAPWIRE_ENGINE=native did not fail loudly where there is no addon: ${status}\n${stderr}`,
    );
  }
  console.log("install: with the prebuilds removed: portable with one line; HAPWIRE_ENGINE=native fails");
}

/** A bundle has no package folder to find the addon in: it runs, and `HAPWIRE_PREBUILD` says where the addon is. */
function checkBundle(tarball, work) {
  const project = createProject(path.join(work, "bundled"));
  run(["npm", "install", tarball, "esbuild@^0.25", "sodium-native@^5"], { cwd: project });
  const bundle = path.join(work, "bundle", "session.cjs");
  const esbuild = path.join(project, "node_modules/.bin/esbuild");
  run(
    [
      esbuild,
      "session.cjs",
      "--bundle",
      "--platform=node",
      "--external:sodium-native",
      `--outfile=${bundle}`,
    ],
    { cwd: project },
  );
  const folder = path.dirname(bundle);
  // Beside the bundle, in one folder with another package's addon.
  for (const name of ["hapwire", "sodium-native"]) {
    const addons = path.join(project, "node_modules", name, "prebuilds");
    cpSync(addons, path.join(folder, "addons/prebuilds"), { recursive: true });
  }
  const files = ["session.cjs"];
  requirePortable(converse(folder, { files }));
  const environment = { HAPWIRE_PREBUILD: path.join(folder, "addons") };
  requirePrebuilt(converse(folder, { files, environment }));
  console.log(
    "install: bundled, with its addon beside another's: native with HAPWIRE_PREBUILD, else portable",
  );
}

/**
 * @param {string} tarball
 * @param {string} work A folder that may be emptied, and that everyone may enter.
 */
export function checkInstalls(tarball, work) {
  checkManagers(tarball, work);
  checkReadOnly(tarball, work);
  checkWithoutAddon(tarball, work);
  checkBundle(tarball, work);
}
