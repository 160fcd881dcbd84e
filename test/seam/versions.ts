/**
 * A bridge of each HAP-NodeJS release that Homebridge 1.8 to 2.x is made with, on `install(hap)`:
 * `node dist-test/test/seam/versions.js`. The releases are kept in `.cache/hap-nodejs`, which git ignores.
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { ROOT, runNode } from "../support/child";
import { patient } from "../support/patience";

const RELEASES = [
  ["hap-nodejs", "0.11.1"],
  ["hap-nodejs", "0.12.3"],
  ["hap-nodejs", "0.13.1"],
  ["hap-nodejs", "0.14.3"],
  ["hap-nodejs", "1.1.0"],
  ["hap-nodejs", "1.2.0"],
  ["@homebridge/hap-nodejs", "2.1.7"],
  ["@homebridge/hap-nodejs", "2.2.3"],
] as const;

const PROGRAM = path.join(__dirname, "bridge-program.js");

/** @returns The folder of the release, installed if it was not there. */
function install(name: string, version: string): string {
  const project = path.join(ROOT, ".cache", "hap-nodejs", version);
  const folder = path.join(project, "node_modules", name);
  // Written last: an installation that was cut off is done again.
  const done = path.join(project, "done");
  if (!existsSync(done)) {
    mkdirSync(project, { recursive: true });
    writeFileSync(path.join(project, "package.json"), '{ "private": true }');
    const quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    execFileSync("npm", ["install", ...quiet, `${name}@${version}`], {
      cwd: project,
      stdio: ["ignore", "ignore", "inherit"],
      timeout: patient(120_000),
    });
    writeFileSync(done, "");
  }
  return folder;
}

async function main(): Promise<void> {
  const rows: string[] = [];
  for (const [name, version] of RELEASES) {
    const folder = install(name, version);
    const { code, stdout, stderr } = await runNode([PROGRAM, folder]);
    const steps = [...stdout.matchAll(/^(\w+): ok$/gm)].map(([, step]) => step).join(", ");
    rows.push(`${`${name} ${version}`.padEnd(32)}${code === 0 ? "ok" : "FAILED"}  ${steps}`);
    if (code !== 0) {
      console.error(`${name} ${version} has failed:\n${stdout}${stderr}`);
      process.exitCode = 1;
    }
  }
  console.log(`install(hap) with a bridge, Node ${process.version}\n${rows.join("\n")}`);
}

void main();
