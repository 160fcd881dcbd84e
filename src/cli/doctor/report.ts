/** What the doctor finds: the shape of `hapwire doctor --json`. */

import type { EngineInfo, EngineName } from "../../index";
import type { Bridges } from "./bridges";

/** Bumped when a reader of older reports would misread newer ones. */
export const REPORT_FORMAT = 1;

export interface Report {
  readonly format: typeof REPORT_FORMAT;
  /** The version of hapwire. */
  readonly hapwire: string;
  readonly machine: Machine;
  readonly environment: Environment;
  /** The engine that is used where none is named, or why there is none. */
  readonly engine: ChosenEngine | Failed;
  /** Each engine by itself: both are tested where both load. */
  readonly engines: readonly EngineState[];
  readonly checks: readonly Check[];
  /** Of the engine that is used; undefined where there is none, or where the self-test failed. */
  readonly speed: Speed | undefined;
  readonly interfaces: readonly Interface[];
  /** Only with `--storage`. */
  readonly bridges: Bridges | undefined;
  readonly advice: readonly Advice[];
  /** False where something is wrong: where there is advice of the kind `problem`. */
  readonly ok: boolean;
}

export interface Machine {
  readonly runtime: "Node" | "Bun" | "Deno";
  /** Of the runtime. */
  readonly version: string;
  /** The Node that it is, or the one that it takes after. */
  readonly node: string;
  /** E.g. `linux`. */
  readonly platform: string;
  /** What the runtime was built for, e.g. `arm`. */
  readonly arch: string;
  /** The ARM architecture that Node was built for, e.g. 6 for the first Raspberry Pi; undefined elsewhere. */
  readonly armVersion: number | undefined;
  /** E.g. `glibc 2.36` or `musl`; undefined where there is neither. */
  readonly libc: string | undefined;
  readonly kernel: string;
  /** Empty where the system does not say. */
  readonly cpu: string;
  readonly cores: number;
}

/** What of the environment has an effect on hapwire. */
export interface Environment {
  /** `HAPWIRE`. */
  readonly switch: string | undefined;
  /** `HAPWIRE_ENGINE`. */
  readonly engine: string | undefined;
  /** Whether `NODE_OPTIONS` preloads `hapwire/register`. */
  readonly preload: boolean;
  /** Whether `DEBUG` turns on hapwire's tracing. */
  readonly debug: boolean;
}

/** Its texts do not name the home folder. */
export type ChosenEngine = Readonly<EngineInfo>;

export interface Failed {
  readonly error: string;
}

/** An engine that loads, or why it does not. */
export type EngineState =
  | { readonly name: EngineName; readonly aead: string; readonly file: string | undefined }
  | (Failed & { readonly name: EngineName });

/** One part of the self-test. */
export interface Check {
  readonly title: string;
  readonly engine: EngineName | "both";
  /** Undefined where it went well. */
  readonly error: string | undefined;
}

/** Medians. A small message is 150 bytes in one frame, a large one 64 KiB in 64 frames. */
export interface Speed {
  readonly engine: EngineName;
  /** Microseconds. */
  readonly sealSmall: number;
  /** Microseconds. */
  readonly openSmall: number;
  /** Millions of bytes of plaintext a second. */
  readonly sealLarge: number;
  /** Millions of bytes of plaintext a second. */
  readonly openLarge: number;
}

export interface Interface {
  readonly name: string;
  /** E.g. `["IPv4", "IPv6"]`. */
  readonly families: readonly string[];
  readonly isLoopback: boolean;
  /** Only with `--verbose`. */
  readonly addresses?: readonly string[];
}

export interface Advice {
  /** `problem`: something is wrong. `hint`: all works, and could be better. */
  readonly kind: "problem" | "hint";
  readonly text: string;
}
