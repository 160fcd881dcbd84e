// Compiles the addon for one target, with prebuildify and Debian's compiler, apart from build/.
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { crc32 } from "node:zlib";

import * as elf from "./elf.mjs";
import { prebuiltFile } from "./targets.mjs";

const ROOT = path.join(import.meta.dirname, "..");

/** Whose headers are downloaded where Node came without: the oldest that the package runs on. */
const NODE_HEADERS = "20.9.0";

/** @typedef {import("./targets.mjs").Target} Target */

/**
 * @param {Target} target
 * @param {string} workFolder Written to and left behind.
 * @returns {string} The addon's file, below `workFolder`.
 * @throws Error where the compiler is missing, or fails.
 */
export function compile(target, workFolder) {
  const source = path.join(workFolder, "source");
  copySources(source);
  requireCompiler(target);
  const prebuildify = path.join(ROOT, "node_modules/prebuildify/bin.js");
  const tags = target.armVersion === undefined ? [] : [`--tag-armv=${target.armVersion}`];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      prebuildify,
      source,
      `--target=${NODE_HEADERS}`,
      "--napi",
      "--strip",
      `--strip-bin=${target.triplet}-strip`,
      "--platform=linux",
      `--arch=${target.arch}`,
      ...tags,
      `--out=${workFolder}`,
    ],
    { cwd: source, env: environment(target), encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
  );
  const file = path.join(workFolder, prebuiltFile(target));
  if (status !== 0 || !existsSync(file)) {
    throw new Error(`${target.name} did not compile:\n${stdout}${stderr}`);
  }
  freeFromLoader(file);
  seal(file);
  return file;
}

/**
 * Removes the dependency on glibc's dynamic linker, which musl does not have. On ARM it holds `__stack_chk_guard`, and is in
 * every process with glibc anyway; musl has that variable in libc.
 */
function freeFromLoader(file) {
  const loaders = elf
    .dynamicSection(file)
    .filter(({ tag, value }) => tag === "NEEDED" && value.startsWith("ld-linux"));
  for (const { value } of loaders) {
    const { status, stderr, error } = spawnSync("patchelf", ["--remove-needed", value, file], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`patchelf (Debian: patchelf): ${error?.message ?? stderr}`);
  }
}

/** Appends a checksum, by which src/engine/addon-damage.ts finds a damaged file. */
function seal(file) {
  const content = readFileSync(file);
  const end = Buffer.from("HAPW\0\0\0\0", "latin1");
  end.writeUInt32LE(crc32(content), 4);
  appendFileSync(file, end);
}

/** node-gyp empties the build folder beside binding.gyp, where a developer has an addon of their own. */
function copySources(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of ["package.json", "binding.gyp", "native/binding", "native/core"]) {
    cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  }
  symlinkSync(path.join(ROOT, "node_modules"), path.join(folder, "node_modules"));
}

/** @param {Target} target */
function requireCompiler({ name, triplet, debianPackage }) {
  const { error } = spawnSync(`${triplet}-g++`, ["--version"]);
  if (error !== undefined) {
    throw new Error(`${name} needs ${triplet}-g++: install Debian's package ${debianPackage}`);
  }
}

/** @param {Target} target */
function environment({ triplet, cxxflags }) {
  const headers = path.join(path.dirname(process.execPath), "..");
  const own = existsSync(path.join(headers, "include/node/node_api.h"))
    ? { npm_config_nodedir: headers }
    : {};
  return {
    ...own,
    ...process.env,
    CC: `${triplet}-gcc`,
    CXX: `${triplet}-g++`,
    AR: `${triplet}-ar`,
    CFLAGS: "",
    LDFLAGS: "",
    CXXFLAGS: cxxflags.join(" "),
    JOBS: "max",
  };
}
