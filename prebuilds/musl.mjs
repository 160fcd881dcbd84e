// Loads a prebuilt addon with Debian's musl, under QEMU if it is for ARM. The host program has stubs for Node and OpenSSL.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const HOST = path.join(import.meta.dirname, "musl-host.c");

/** The functions that the host program itself has. */
const OWN = new Set(["OpenSSL_version", "napi_define_class"]);

/**
 * @param {string} file The addon.
 * @param {import("./targets.mjs").Target} target
 * @param {string[]} names The functions of Node and OpenSSL that the addon needs.
 * @returns {string} What the host program printed.
 * @throws Error if the addon does not load and register.
 */
export function loadWithMusl(file, { name, muslTriplet, muslPackage, emulator }, names) {
  const work = mkdtempSync(path.join(tmpdir(), "hapwire-musl-"));
  try {
    const host = path.join(work, "host");
    const stubs = path.join(work, "stubs.c");
    const bodies = names.filter((each) => !OWN.has(each)).map((each) => `int ${each}(void) { return 0; }\n`);
    writeFileSync(stubs, bodies.join(""));
    const needs = `${name} needs Debian's package ${muslPackage}`;
    run(needs, [`${muslTriplet}-gcc`, "-fno-builtin", "-rdynamic", "-o", host, HOST, stubs]);
    return run(needs, [...(emulator === undefined ? [] : [emulator]), host, file]).trim();
  } finally {
    rmSync(work, { recursive: true });
  }
}

function run(needs, [program, ...args]) {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (error !== undefined) throw new Error(`${needs}: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ended with ${status ?? signal}: ${stderr}`);
  return stdout;
}
