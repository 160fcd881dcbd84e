/** Finds which engines load here, and which one is used. */

import { homedir } from "node:os";

import { loadEngine } from "../../engine/load";
import { engineInfo, type EngineName } from "../../index";
import type { ChosenEngine, EngineState, Failed } from "./report";

const NAMES: readonly EngineName[] = ["native", "portable"];

/** Finds the engine that runs unless an option names another, or the reason why no engine runs. */
export function readChosenEngine(): ChosenEngine | Failed {
  try {
    const { reason, remedy, file, rejected, ...rest } = engineInfo();
    return {
      ...rest,
      reason: withoutHome(reason),
      remedy: withoutHome(remedy),
      file: withoutHome(file),
      rejected: rejected.map((addon) => ({
        file: withoutHome(addon.file),
        reason: withoutHome(addon.reason),
      })),
    };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** Loads each engine by itself. Ignores the environment. */
export function readEngines(): EngineState[] {
  return NAMES.map((name) => {
    try {
      const { aead, addon } = loadEngine(name);
      return { name, aead, file: withoutHome(addon?.file) };
    } catch (error) {
      return { name, error: messageOf(error) };
    }
  });
}

/** Returns the message of an error, without the name of the home folder. */
export function messageOf(error: unknown): string {
  return withoutHome(error instanceof Error ? error.message : String(error));
}

/** Hides the home folder: reports are public, and the folder often has the user's name. */
function withoutHome<Text extends string | undefined>(text: Text): Text;
function withoutHome(text: string | undefined): string | undefined {
  const home = homedir();
  return home.length > 1 ? text?.replaceAll(home, "~") : text;
}
