/** Facts about the machine, the runtime and the environment. */

import os from "node:os";

import { visibleInterfaces } from "../../network";
import type { Environment, Interface, Machine } from "./report";

/** The parts of Node's diagnostic report that are used here. */
interface RuntimeReport {
  readonly header?: { readonly glibcVersionRuntime?: string };
  readonly sharedObjects?: readonly string[];
}

export function readMachine(): Machine {
  const { bun, deno, node } = process.versions;
  const [cpu] = os.cpus();
  return {
    runtime: bun !== undefined ? "Bun" : deno !== undefined ? "Deno" : "Node",
    version: bun ?? deno ?? node,
    node,
    platform: process.platform,
    arch: process.arch,
    armVersion: readArmVersion(),
    libc: readLibc(),
    kernel: os.release(),
    cpu: cpu?.model.trim() ?? "",
    cores: os.cpus().length,
  };
}

function readArmVersion(): number | undefined {
  const { arm_version: version } = process.config.variables as { arm_version?: string | number };
  return process.arch === "arm" && version !== undefined ? Number(version) : undefined;
}

function readLibc(): string | undefined {
  if (process.platform !== "linux") {
    return undefined;
  }
  const { header, sharedObjects = [] } = readRuntimeReport();
  if (header?.glibcVersionRuntime !== undefined) {
    return `glibc ${header.glibcVersionRuntime}`;
  }
  return sharedObjects.some((file) => file.includes("musl")) ? "musl" : undefined;
}

/** Empty if the runtime makes none. */
function readRuntimeReport(): RuntimeReport {
  try {
    return process.report.getReport();
  } catch {
    return {};
  }
}

export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  return {
    switch: env["HAPWIRE"],
    engine: env["HAPWIRE_ENGINE"],
    preload: (env["NODE_OPTIONS"] ?? "").includes("hapwire/register"),
    debug: /(^|[\s,])(\*|hapwire)/.test(env["DEBUG"] ?? ""),
  };
}

/** @param withAddresses - Whether to tell the addresses too: they are nobody's business in a public bug report. */
export function readInterfaces(withAddresses: boolean): Interface[] {
  return Object.entries(visibleInterfaces()).map(([name, infos = []]) => ({
    name,
    families: [...new Set(infos.map(({ family }) => family))].sort(),
    isLoopback: infos.every(({ internal }) => internal),
    ...(withAddresses && { addresses: infos.map(({ cidr, address }) => cidr ?? address) }),
  }));
}
