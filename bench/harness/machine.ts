/** Describes the machine that the figures were taken on. */

import os from "node:os";

import { hapwireVersion } from "../contenders";
import type { Machine } from "../result";

export function describeMachine(): Machine {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? "unknown",
    cores: cpus.length,
    memory: os.totalmem(),
    platform: process.platform,
    arch: process.arch,
    kernel: os.release(),
    node: process.versions.node,
    openssl: process.versions.openssl,
    hapwire: hapwireVersion(),
  };
}
