/** The frame codec by itself: messages are sealed and opened, and no socket is used. */

import { existsSync } from "node:fs";
import path from "node:path";

import { EVP_LOOP, HAPNODEJS, HAPWIRE, LIMIT, PORTABLE, SODIUM } from "../contenders";
import { LeftOutError, type CasePlan } from "../harness/case";
import { Child } from "../harness/child";
import type { CodecCommands, CodecStart } from "../harness/codec-process";
import type { RunSettings } from "../harness/settings";
import type { Scenario } from "../scenario";

const PROGRAM = path.join(__dirname, "..", "harness", "codec-process.js");

const KIB = 1024;
/** 150 bytes: a small response or event. */
const SIZES = [64, 150, KIB, 8 * KIB, 64 * KIB, KIB * KIB];
const QUICK_SIZES = [150, 64 * KIB];

/** CPU time in microseconds, for sealing and for opening each. */
const WARM_UP = 200_000;
const SAMPLE = 50_000;
const QUICK_WARM_UP = 50_000;
const QUICK_SAMPLE = 10_000;

export const codec: Scenario = {
  name: "codec",
  title: "Seal and open",
  how:
    "CPU time of sealing and of opening one message, called from JavaScript, in a process of its own. Small messages are " +
    "measured in rows of 128 KiB. Each codec is used as its server uses it: hapwire's gets the memory back when the " +
    "message would be on the socket, the others allocate. Limit: the same frames through OpenSSL's EVP in a plain C++ " +
    "loop, keyed once, from and into the same memory each time.",
  contenders: [HAPWIRE, PORTABLE, HAPNODEJS, SODIUM, LIMIT],
  cases(settings) {
    return (settings.quick ? QUICK_SIZES : SIZES).map((size) => codecCase(size, settings));
  },
};

function codecCase(size: number, { quick }: RunSettings): CasePlan {
  return {
    name: String(size),
    title: sizeTitle(size),
    metrics: [
      { name: "seal", title: "sealing a message", unit: "ns" },
      { name: "open", title: "opening a message", unit: "ns" },
    ],
    async prepare({ name, codec: module = "" }) {
      if (name === LIMIT && !existsSync(EVP_LOOP)) {
        throw new LeftOutError(
          'the EVP loop is not built: run "npx node-gyp rebuild -C bench/native" in a checkout',
        );
      }
      const start: CodecStart = { module, size };
      const { child } = await Child.start<CodecCommands>(PROGRAM, start);
      await child.call("measure", quick ? QUICK_WARM_UP : WARM_UP);
      return {
        sample: async () => ({ ...(await child.call("measure", quick ? QUICK_SAMPLE : SAMPLE)) }),
        close: async () => child.stop(),
      };
    },
  };
}

function sizeTitle(size: number): string {
  if (size < KIB) {
    return `${String(size)} B`;
  }
  return size < KIB * KIB ? `${String(size / KIB)} KiB` : `${String(size / KIB / KIB)} MiB`;
}
