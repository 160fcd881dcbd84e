/** The choice of the engine: native where the addon loads, portable elsewhere, or the one that is asked for. */

import path from "node:path";

import { EngineError } from "../errors";
import type { Engine, EngineName } from "./contract";
import type * as native from "./native";
import type * as portable from "./portable";

/** Which engine runs, and why. */
export interface EngineInfo {
  /** The engine that servers and codecs use where none is named. */
  name: EngineName;
  /** A sentence for people. */
  reason: string;
  /** The library that does ChaCha20-Poly1305, with its version. */
  aead: string;
  /** The addon's file; undefined where the portable engine runs. */
  file: string | undefined;
  /**
   * How it came to run: `preferred` is native where the addon loads, `forced` what `HAPWIRE_ENGINE` asks for, `fallback`
   * portable where the addon does not load.
   */
  choice: EngineChoice;
  /** Where the addon comes from; undefined where the portable engine runs. */
  origin: AddonOrigin | undefined;
}

/** See {@link EngineInfo.choice}. */
export type EngineChoice = "preferred" | "forced" | "fallback";

/** `prebuilt`: it came with the package. `built`: it was compiled on this machine. */
export type AddonOrigin = "prebuilt" | "built";

interface Choice {
  engine: Engine;
  choice: EngineChoice;
  reason: string;
}

/** Each engine is loaded when it is wanted: few processes run both. */
const create: Record<EngineName, () => Engine> = {
  native: () => (require("./native") as typeof native).createNativeEngine(),
  portable: () => (require("./portable") as typeof portable).createPortableEngine(),
};

/** What to do where no prebuilt addon fits. */
export const HOW_TO_BUILD =
  "install python3, make and a C++17 compiler (GCC 11, Clang 14 or newer), then run: npm rebuild hapwire" +
  " (with npm 12, npm install-scripts approve hapwire before it)";

const engines: Partial<Record<EngineName, Engine>> = {};
let chosen: Choice | undefined;

/**
 * @param name - The engine wanted; without it, what `HAPWIRE_ENGINE` says, else native with portable to fall back on.
 * @throws {@link EngineError} where the engine that was asked for cannot run here.
 */
export function loadEngine(name?: EngineName): Engine {
  return name === undefined ? defaultChoice().engine : loadNamed(name);
}

/**
 * Which engine is used where none is named, and why.
 *
 * @throws {@link EngineError} where none can run here.
 */
export function engineInfo(): EngineInfo {
  const { engine, choice, reason } = defaultChoice();
  const { name, aead, file } = engine;
  return { name, reason, aead, file, choice, origin: file === undefined ? undefined : originOf(file) };
}

/** Where an addon comes from, by its file: `prebuilds/linux-x64/hapwire.node`, `build/Release/hapwire.node`. */
function originOf(file: string): AddonOrigin {
  const folder = path.basename(path.dirname(path.dirname(file)));
  return folder === "prebuilds" ? "prebuilt" : "built";
}

function defaultChoice(): Choice {
  chosen ??= choose(process.env["HAPWIRE_ENGINE"] ?? "");
  return chosen;
}

function choose(wanted: string): Choice {
  if (wanted === "native" || wanted === "portable") {
    return {
      engine: loadNamed(wanted),
      choice: "forced",
      reason: `HAPWIRE_ENGINE=${wanted} asks for it`,
    };
  }
  if (wanted !== "") {
    throw new EngineError(`HAPWIRE_ENGINE must be "native" or "portable", not "${wanted}"`);
  }
  try {
    return { engine: loadNamed("native"), choice: "preferred", reason: "the addon loaded" };
  } catch (error) {
    const reason = `the addon did not load: ${causeOf((error as EngineError).cause)}`;
    const engine = loadNamed("portable");
    warnOfPortable(reason);
    return { engine, choice: "fallback", reason };
  }
}

/** Once, since the choice is made once; whoever asks for the portable engine is not told. */
function warnOfPortable(reason: string): void {
  const { bun, deno, node } = process.versions;
  if (bun !== undefined || deno !== undefined) {
    return; // They export no OpenSSL that an addon could link with: nothing can be done about it.
  }
  const platform = `${process.platform}-${process.arch} (Node ${node})`;
  process.emitWarning(
    `hapwire runs on its portable engine on ${platform}: ${reason}. It does the same, slower, and nothing need be done. ` +
      `For the native engine ${HOW_TO_BUILD}`,
    { type: "HapwireWarning", code: "HAPWIRE_PORTABLE_ENGINE" },
  );
}

function loadNamed(name: EngineName): Engine {
  let engine = engines[name];
  if (engine === undefined) {
    try {
      engine = create[name]();
    } catch (error) {
      throw new EngineError(`the ${name} engine cannot run here: ${causeOf(error)}`, { cause: error });
    }
    engines[name] = engine;
  }
  return engine;
}

/** The first line of what a loader says; the rest is paths and stacks. */
function causeOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? message;
}
