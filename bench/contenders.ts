/** The contenders: hapwire's two engines, its peers, and the limit that no server could beat. */

import { readFileSync } from "node:fs";
import path from "node:path";

import { loadEngine } from "#src/engine/load";

import { findPeer, HAP_NODEJS, ROOT, SODIUM_NATIVE } from "./harness/peers";
import type { Contender } from "./result";

/** A contender as the suite runs it. */
export interface Competitor extends Contender {
  /** The file that starts its server: a module of servers/. The limit has another one in each scenario. */
  readonly server?: string;
  /** The file that makes its codec: a module of codecs/. */
  readonly codec?: string;
}

export const HAPWIRE = "hapwire";
export const PORTABLE = "portable";
export const HAPNODEJS = "hap-nodejs";
export const SODIUM = "sodium-native";
export const LIMIT = "limit";

/** All names, in the order of reports. */
export const CONTENDER_NAMES = [HAPWIRE, PORTABLE, HAPNODEJS, SODIUM, LIMIT];

/** The file of a module of servers/. */
export function serverModule(name: string): string {
  return path.join(__dirname, "servers", `${name}.js`);
}

/** The file of a module of codecs/. */
export function codecModule(name: string): string {
  return path.join(__dirname, "codecs", `${name}.js`);
}

/** Built by `npx node-gyp rebuild -C bench/native`, in a checkout. */
export const EVP_LOOP = path.join(ROOT, "bench/native/build/Release/evp_loop.node");

/** All contenders. One that cannot run here has the reason. */
export function findCompetitors(): Competitor[] {
  return [
    {
      name: HAPWIRE,
      title: `hapwire ${hapwireVersion()}, native engine${aeadOf("native")}`,
      server: serverModule("hapwire"),
      codec: codecModule("hapwire"),
      ...whyNoAddon(),
    },
    {
      name: PORTABLE,
      title: `hapwire ${hapwireVersion()}, portable engine${aeadOf("portable")}`,
      server: serverModule("portable"),
      codec: codecModule("portable"),
    },
    {
      name: HAPNODEJS,
      server: serverModule("hap-nodejs"),
      codec: codecModule("hap-nodejs"),
      ...peerTitle("HAP-NodeJS", HAP_NODEJS),
    },
    {
      name: SODIUM,
      codec: codecModule("sodium-native"),
      ...peerTitle("sodium-native", SODIUM_NATIVE),
    },
    { name: LIMIT, title: "the limit", codec: codecModule("evp-loop") },
  ];
}

export function hapwireVersion(): string {
  const { version } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as {
    version: string;
  };
  return version;
}

function aeadOf(engine: "native" | "portable"): string {
  try {
    return ` on ${loadEngine(engine).aead}`;
  } catch {
    return "";
  }
}

/** @returns The reason, if the addon does not load. */
export function whyNoAddon(): { leftOut?: string } {
  try {
    loadEngine("native");
    return {};
  } catch (error) {
    return { leftOut: (error as Error).message };
  }
}

function peerTitle(title: string, name: string): { title: string; leftOut?: string } {
  const peer = findPeer(name);
  return peer === undefined
    ? { title, leftOut: `${name} is not installed` }
    : { title: `${title} ${peer.version}` };
}
