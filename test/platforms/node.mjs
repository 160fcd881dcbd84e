// A Node for a platform, as a path that can be started like any Node: the binary itself, or one that QEMU emulates.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { runtimeBinary } from "../../prebuilds/runtimes.mjs";

const CACHE = path.join(import.meta.dirname, "../../.cache/emulated");

/**
 * @param {import("../../prebuilds/targets.mjs").Target} target
 * @param {string} runtime One of its runtimes.
 * @returns {string}
 * @throws Error if the emulator is missing, or the binary cannot be downloaded.
 */
export function nodeFor(target, runtime) {
  const binary = runtimeBinary(runtime);
  return target.emulator === undefined ? binary : emulated(target, binary, path.join(CACHE, runtime));
}

/**
 * QEMU emulates one process. The kernel starts a child without QEMU, and the child fails unless binfmt_misc is set up, which
 * takes root. So `process.execPath` becomes this script.
 */
function emulated({ name, emulator, triplet }, binary, folder) {
  // Its path, for tests that take PATH away.
  const qemu = spawnSync("sh", ["-c", `command -v ${emulator}`], { encoding: "utf8" }).stdout.trim();
  if (qemu === "") throw new Error(`${name} needs ${emulator}: install Debian's package qemu-user-static`);
  const script = path.join(folder, "node");
  const preload = path.join(folder, "preload.cjs");
  mkdirSync(folder, { recursive: true });
  writeFileSync(preload, `process.execPath = ${JSON.stringify(script)};\n`);
  writeFileSync(
    script,
    `#!/bin/sh\nexec ${qemu} -L /usr/${triplet} ${quoted(binary)} --require ${quoted(preload)} "$@"\n`,
    { mode: 0o755 },
  );
  return script;
}

/** For the shell. */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
