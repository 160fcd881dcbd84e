/** Chooses the engine: native if the addon loads, or else portable, unless one is asked for by name. */

import { EngineError } from "../errors";
import { AddonError, causeOf, isNodeTooOld, type RejectedAddon } from "./addon-error";
import type { AddonOrigin } from "./addon-places";
import type { Engine, EngineName } from "./contract";
import type * as native from "./native";
import type * as portable from "./portable";

/** Which engine runs, and why. */
export interface EngineInfo {
  /** The engine that servers and codecs use unless one is named. */
  name: EngineName;
  /** A sentence for people. */
  reason: string;
  /** The way to get the native engine, for people; undefined unless `choice` is `fallback`. */
  remedy: string | undefined;
  /** The library that does ChaCha20-Poly1305, with its version. */
  aead: string;
  /** The addon's file; undefined for the portable engine. */
  file: string | undefined;
  /**
   * How the engine was chosen. `preferred`: native, because the addon loads. `forced`: `HAPWIRE_ENGINE` asks for it.
   * `fallback`: portable, because the addon does not load.
   */
  choice: EngineChoice;
  /** The origin of the addon. Undefined for the portable engine. */
  origin: AddonOrigin | undefined;
  /** The addons that were tried before, and why they were not used. */
  rejected: readonly RejectedAddon[];
}

/** See {@link EngineInfo.choice}. */
export type EngineChoice = "preferred" | "forced" | "fallback";

interface Choice extends Pick<EngineInfo, "choice" | "reason" | "remedy" | "rejected"> {
  readonly engine: Engine;
}

/** Loads each engine when it is wanted: few processes run both. */
const create: Record<EngineName, () => Engine> = {
  native: () => (require("./native") as typeof native).createNativeEngine(),
  portable: () => (require("./portable") as typeof portable).createPortableEngine(),
};

const engines: Partial<Record<EngineName, Engine>> = {};
let chosen: Choice | undefined;

/**
 * @param name - The engine wanted. By default the one in `HAPWIRE_ENGINE`, or else native with portable to fall back on.
 * @throws {@link EngineError} if that engine cannot run here.
 */
export function loadEngine(name?: EngineName): Engine {
  return name === undefined ? defaultChoice().engine : loadNamed(name);
}

/**
 * Says which engine is used unless one is named, and why.
 *
 * @throws {@link EngineError} if no engine can run here.
 */
export function engineInfo(): EngineInfo {
  const { engine, choice, reason, remedy, rejected } = defaultChoice();
  const { name, aead, addon } = engine;
  return { name, reason, remedy, aead, file: addon?.file, choice, origin: addon?.origin, rejected };
}

function defaultChoice(): Choice {
  chosen ??= choose(process.env["HAPWIRE_ENGINE"] ?? "");
  return chosen;
}

function choose(wanted: string): Choice {
  if (wanted === "native" || wanted === "portable") {
    return chosenFor(loadNamed(wanted), "forced", `HAPWIRE_ENGINE=${wanted} asks for it`);
  }
  if (wanted !== "") {
    throw new EngineError(`HAPWIRE_ENGINE must be "native" or "portable", not "${wanted}"`);
  }
  try {
    return chosenFor(loadNamed("native"), "preferred", "the addon loaded");
  } catch (error) {
    const engine = loadNamed("portable");
    const fallback = fallbackOn(engine, (error as EngineError).cause);
    warnOfPortable(fallback);
    return fallback;
  }
}

function chosenFor(engine: Engine, choice: EngineChoice, reason: string): Choice {
  return { engine, choice, reason, remedy: undefined, rejected: engine.addon?.rejected ?? [] };
}

function fallbackOn(engine: Engine, error: unknown): Choice {
  const reason = `the addon did not load: ${causeOf(error)}`;
  const { remedy, rejected } = error instanceof AddonError ? error : { remedy: undefined, rejected: [] };
  return { engine, choice: "fallback", reason, remedy, rejected };
}

/** Warns once, since the choice is made once. Whoever asks for the portable engine gets no warning. */
function warnOfPortable({ reason, remedy }: Choice): void {
  const { bun, deno, node } = process.versions;
  if (bun !== undefined || deno !== undefined) {
    return; // They export no OpenSSL that an addon could link with, and there is no remedy.
  }
  const platform = `${process.platform}-${process.arch} (Node ${node})`;
  const effect = isNodeTooOld() ? "This Node is too old." : "Everything works, but slower.";
  const advice = remedy === undefined ? "" : ` For the native engine, ${remedy}.`;
  process.emitWarning(`hapwire runs on its portable engine on ${platform}: ${reason}. ${effect}${advice}`, {
    type: "HapwireWarning",
    code: "HAPWIRE_PORTABLE_ENGINE",
  });
}

function loadNamed(name: EngineName): Engine {
  let engine = engines[name];
  if (engine === undefined) {
    try {
      engine = create[name]();
    } catch (error) {
      const advice = error instanceof AddonError ? `; for the native engine, ${error.remedy}` : "";
      throw new EngineError(`the ${name} engine cannot run here: ${causeOf(error)}${advice}`, {
        cause: error,
      });
    }
    engines[name] = engine;
  }
  return engine;
}
