/** Which engines load here, and which one is used. */

import { homedir } from "node:os";

import { loadEngine } from "../../engine/load";
import { engineInfo, type EngineName } from "../../index";
import type { ChosenEngine, EngineState, Failed } from "./report";

const NAMES: readonly EngineName[] = ["native", "portable"];

/** The engine that is used where none is named, or why there is none. */
export function readChosenEngine(): ChosenEngine | Failed {
  try {
    const { name, choice, reason, aead, file, origin } = engineInfo();
    return { name, choice, reason: withoutHome(reason), aead, file: withoutHome(file), origin };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** Each engine by itself, whatever the environment asks for. */
export function readEngines(): EngineState[] {
  return NAMES.map((name) => {
    try {
      const { aead, file } = loadEngine(name);
      return { name, aead, file: withoutHome(file) };
    } catch (error) {
      return { name, error: messageOf(error) };
    }
  });
}

/** What an error says, without whose machine it was. */
export function messageOf(error: unknown): string {
  return withoutHome(error instanceof Error ? error.message : String(error));
}

/** Reports are public: the name of a user's home folder is often their own. */
function withoutHome<Text extends string | undefined>(text: Text): Text;
function withoutHome(text: string | undefined): string | undefined {
  const home = homedir();
  return home.length > 1 ? text?.replaceAll(home, "~") : text;
}
