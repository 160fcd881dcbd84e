// Checks a release, from a clean clone to a tarball that works in many places: `node test/packaging/release.mjs`.
// Lists the files of the tarball, and leaves it in .cache/release/. Publishes nothing.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { performance } from "node:perf_hooks";

import { run } from "./shell.mjs";

const ROOT = path.join(import.meta.dirname, "../..");
const RELEASE = path.join(ROOT, ".cache/release");

/** Bytes that `npm install` may download of hapwire itself. */
const MAX_TARBALL = 700 * 1024;

const inRoot = { cwd: ROOT };
const bytes = (count) => `${count.toLocaleString("en").padStart(11)} bytes`;

/** Runs a step and prints its duration. Its error ends the check. */
async function step(name, action) {
  const started = performance.now();
  const result = await action();
  console.log(`--- ${name}: ok, ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return result;
}

function build() {
  // Files of earlier builds would be packed.
  for (const folder of ["dist", "dist-bench", "plugin/dist", "prebuilds/linux-*"]) {
    run(["sh", "-c", `rm -rf ${folder}`], inRoot);
  }
  run(["npm", "run", "prepare"], inRoot);
}

/** @returns {{ tarball: string, size: number, unpackedSize: number, files: { path: string, size: number }[] }} */
function pack() {
  rmSync(RELEASE, { recursive: true, force: true });
  mkdirSync(RELEASE, { recursive: true });
  run(["npm", "run", "prepack"], inRoot);
  const command = ["npm", "pack", "--json", "--ignore-scripts", "--pack-destination", RELEASE];
  // npm 12 prints an object by package name, earlier releases a list.
  const [packed] = Object.values(JSON.parse(run(command, inRoot)));
  return { ...packed, tarball: path.join(RELEASE, packed.filename) };
}

async function inspect({ tarball, size, unpackedSize, files }) {
  const { contentFaults } = await import("./contents.mjs");
  for (const file of files) console.log(`${bytes(file.size)}  ${file.path}`);
  console.log(`${bytes(unpackedSize)}  unpacked, ${files.length} files`);
  console.log(`${bytes(size)}  packed: ${path.relative(ROOT, tarball)}`);
  const faults = contentFaults(files.map((file) => file.path));
  if (size > MAX_TARBALL) faults.push(`the tarball is larger than ${bytes(MAX_TARBALL).trim()}`);
  if (faults.length > 0) throw new Error(`the package has faults:\n${faults.join("\n")}`);
}

async function use(tarball) {
  const { checkTarball, compileConsumers } = await import("./types.mjs");
  const { checkInstalls, countPackages, createProject } = await import("./installs.mjs");
  const { checkBundles } = await import("./bundles.mjs");
  const { checkPlaces } = await import("./places.mjs");
  const { printTable } = await import("./table.mjs");
  const work = mkdtempSync(path.join(tmpdir(), "hapwire-release-"));
  chmodSync(work, 0o755);
  try {
    await step("types of the tarball: attw, publint", () => checkTarball(tarball));
    const project = createProject(path.join(work, "typed"));
    run(["npm", "install", "--ignore-scripts", tarball], { cwd: project });
    console.log(`install: ${countPackages(project).join(", ")}`);
    await step("types of the installed package", () => compileConsumers(project));
    await step("installations", () => checkInstalls(tarball, work));
    await step("bundles", () => checkBundles(tarball, work));
    await step("places", () => checkPlaces(tarball, work));
    printTable(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The plugin is small: all of it counts. */
const MAX_PLUGIN = 100 * 1024;

async function checkPlugin(tarball) {
  const { packPlugin, pluginFaults, runUnderHomebridge } = await import("./plugin.mjs");
  const plugin = packPlugin(RELEASE);
  const faults = pluginFaults(plugin);
  if (plugin.size > MAX_PLUGIN) faults.push(`the tarball is larger than ${bytes(MAX_PLUGIN).trim()}`);
  if (faults.length > 0) throw new Error(`the plugin has faults:\n${faults.join("\n")}`);
  console.log(`${bytes(plugin.size)}  packed: ${path.relative(ROOT, plugin.tarball)}`);
  const work = mkdtempSync(path.join(tmpdir(), "hapwire-plugin-"));
  try {
    console.log(await runUnderHomebridge([tarball, plugin.tarball], work));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function check() {
  if (!existsSync(path.join(ROOT, "node_modules"))) await step("npm ci", () => run(["npm", "ci"], inRoot));
  await step("build", build);
  await step("prebuild", () => process.stdout.write(run(["node", "prebuilds/build.mjs"], inRoot)));
  await step("checks of the prebuilds", () =>
    process.stdout.write(run(["node", "prebuilds/check.mjs"], inRoot)),
  );
  const packed = await step("npm pack", pack);
  await step("content of the tarball", () => inspect(packed));
  await use(packed.tarball);
  await step("the plugin under a Homebridge", () => checkPlugin(packed.tarball));
}

check().then(
  () => console.log("release: ok"),
  (error) => {
    console.error(`${error.message}\nrelease: FAILED`);
    process.exitCode = 1;
  },
);
