// Compiles the addon for one target, with prebuildify, apart from build/.
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { crc32 } from "node:zlib";

import * as elf from "./elf.mjs";
import { prebuiltFile } from "./targets.mjs";

const ROOT = path.join(import.meta.dirname, "..");

/** The oldest Node that the package runs on. Its headers are downloaded if this Node came without headers. */
const NODE_HEADERS = "20.9.0";

/** @typedef {import("./targets.mjs").Target} Target */
/** @typedef {import("./targets.mjs").OwnTarget} OwnTarget */

/**
 * @param {Target | OwnTarget} target
 * @param {string} workFolder Gets all files, and stays.
 * @returns {string} The addon's file, below `workFolder`.
 * @throws Error if the compiler is missing or fails, or if only another machine compiles the target.
 */
export function compile(target, workFolder) {
  const source = path.join(workFolder, "source");
  const isCross = "triplet" in target;
  requireCompiler(target);
  copySources(source);
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
      ...(isCross ? [`--strip-bin=${target.triplet}-strip`] : []),
      `--platform=${target.name.split("-")[0]}`,
      `--arch=${target.arch}`,
      ...tags,
      `--out=${workFolder}`,
    ],
    {
      cwd: source,
      env: { ...headers(), ...process.env, ...(isCross ? flags(target) : {}) },
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  const file = path.join(workFolder, prebuiltFile(target));
  if (status !== 0 || !existsSync(file)) {
    throw new Error(`${target.name} did not compile:\n${stdout}${stderr}`);
  }
  // src/engine/addon-damage.ts reads the seal on Linux alone. On macOS it would break the signature.
  if (isCross) {
    freeFromLoader(file);
    seal(file);
  }
  return file;
}

/**
 * Removes the dependency on glibc's dynamic linker, which musl lacks. On ARM it holds `__stack_chk_guard`. Every process
 * with glibc has the linker anyway, and musl has the variable in its libc.
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

/** Copies the sources, because node-gyp empties the build folder beside binding.gyp. */
function copySources(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of ["package.json", "binding.gyp", "native/binding", "native/core"]) {
    cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  }
  // A junction needs no rights on Windows. Elsewhere the type is ignored.
  symlinkSync(path.join(ROOT, "node_modules"), path.join(folder, "node_modules"), "junction");
}

/** @param {Target | OwnTarget} target */
function requireCompiler({ name, triplet, debianPackage }) {
  if (triplet === undefined) {
    const here = `${process.platform}-${process.arch}`;
    if (name !== here) throw new Error(`${name} compiles only on its own machine; this is ${here}`);
    return;
  }
  const { error } = spawnSync(`${triplet}-g++`, ["--version"]);
  if (error !== undefined) {
    throw new Error(`${name} needs ${triplet}-g++: install Debian's package ${debianPackage}`);
  }
}

/** Names the headers that came with this Node, if they did. */
function headers() {
  const folder = path.join(path.dirname(process.execPath), "..");
  return existsSync(path.join(folder, "include/node/node_api.h")) ? { npm_config_nodedir: folder } : {};
}

/** @param {Target} target */
function flags({ triplet, cxxflags }) {
  return {
    CC: `${triplet}-gcc`,
    CXX: `${triplet}-g++`,
    AR: `${triplet}-ar`,
    CFLAGS: "",
    LDFLAGS: "",
    CXXFLAGS: cxxflags.join(" "),
    JOBS: "max",
  };
}
