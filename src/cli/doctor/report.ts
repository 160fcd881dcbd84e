/** The report of the doctor, as `hapwire doctor --json` prints it. */

import type { EngineInfo, EngineName } from "../../index";
import type { Bridges } from "./bridges";

/** Increases if a reader of older reports would misread newer ones. */
export const REPORT_FORMAT = 1;

export interface Report {
  readonly format: typeof REPORT_FORMAT;
  /** The version of hapwire. */
  readonly hapwire: string;
  readonly machine: Machine;
  readonly environment: Environment;
  /** The engine that runs unless an option names another, or the reason why no engine runs. */
  readonly engine: ChosenEngine | Failed;
  /** Each engine by itself. If both load, both are tested. */
  readonly engines: readonly EngineState[];
  readonly checks: readonly Check[];
  /** The speed of {@link engine}. Undefined if no engine runs or the self-test failed. */
  readonly speed: Speed | undefined;
  readonly interfaces: readonly Interface[];
  /** Only with `--storage`. */
  readonly bridges: Bridges | undefined;
  readonly advice: readonly Advice[];
  /** False if there is advice of the kind `problem`. */
  readonly ok: boolean;
}

export interface Machine {
  readonly runtime: "Node" | "Bun" | "Deno";
  /** The version of the runtime. */
  readonly version: string;
  /** The version of Node, or the one that the runtime imitates. */
  readonly node: string;
  /** E.g. `linux`. */
  readonly platform: string;
  /** The processor that the runtime was built for, e.g. `arm`. */
  readonly arch: string;
  /** The ARM architecture that Node was built for, e.g. 6 for the first Raspberry Pi; undefined elsewhere. */
  readonly armVersion: number | undefined;
  /** E.g. `glibc 2.36` or `musl`; undefined for any other. */
  readonly libc: string | undefined;
  readonly kernel: string;
  /** Empty if the system does not name it. */
  readonly cpu: string;
  readonly cores: number;
}

/** The variables of the environment that affect hapwire. */
export interface Environment {
  /** `HAPWIRE`. */
  readonly switch: string | undefined;
  /** `HAPWIRE_ENGINE`. */
  readonly engine: string | undefined;
  /** True if `NODE_OPTIONS` preloads `hapwire/register`. */
  readonly preload: boolean;
  /** True if `DEBUG` turns on hapwire's tracing. */
  readonly debug: boolean;
}

/** The engine. Its texts do not name the home folder. */
export type ChosenEngine = Readonly<EngineInfo>;

export interface Failed {
  readonly error: string;
}

/** An engine that loads, or the reason why it does not. */
export type EngineState =
  | { readonly name: EngineName; readonly aead: string; readonly file: string | undefined }
  | (Failed & { readonly name: EngineName });

/** One part of the self-test. */
export interface Check {
  readonly title: string;
  readonly engine: EngineName | "both";
  /** Undefined if the check passed. */
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
