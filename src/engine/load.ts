/** The choice of the engine: native where the addon loads, portable elsewhere, or the one that is asked for. */

import { EngineError } from "../errors";
import type { Engine, EngineName } from "./contract";
import { createNativeEngine } from "./native";
import { createPortableEngine } from "./portable";

/** Which engine runs, and why. */
export interface EngineInfo {
  name: EngineName;
  /** A sentence for people. */
  reason: string;
  /** The library that does ChaCha20-Poly1305, with its version. */
  aead: string;
  /** The addon's file; undefined where the portable engine runs. */
  file: string | undefined;
}

interface Choice {
  engine: Engine;
  reason: string;
}

const create: Record<EngineName, () => Engine> = {
  native: createNativeEngine,
  portable: createPortableEngine,
};

const engines: Partial<Record<EngineName, Engine>> = {};
let choice: Choice | undefined;

/**
 * @param name - The engine wanted; without it, what `HAPWIRE_ENGINE` says, else native with portable to fall back on.
 * @throws {@link EngineError} where the engine that was asked for cannot run here.
 */
export function loadEngine(name?: EngineName): Engine {
  return name === undefined ? defaultChoice().engine : loadNamed(name);
}

/** Which engine is used where none is named, and why. */
export function engineInfo(): EngineInfo {
  const { engine, reason } = defaultChoice();
  return { name: engine.name, reason, aead: engine.aead, file: engine.file };
}

function defaultChoice(): Choice {
  choice ??= choose(process.env["HAPWIRE_ENGINE"] ?? "");
  return choice;
}

function choose(wanted: string): Choice {
  if (wanted === "native" || wanted === "portable") {
    return { engine: loadNamed(wanted), reason: `HAPWIRE_ENGINE=${wanted} asks for it` };
  }
  if (wanted !== "") {
    throw new EngineError(`HAPWIRE_ENGINE must be "native" or "portable", not "${wanted}"`);
  }
  try {
    return { engine: loadNamed("native"), reason: "the addon loaded" };
  } catch (error) {
    return {
      engine: loadNamed("portable"),
      reason: `the addon did not load: ${causeOf((error as EngineError).cause)}`,
    };
  }
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
