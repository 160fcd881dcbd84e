/** Finds HAP-NodeJS's files, given its exports only: its class HAPServer says which file it is in. */

import type { HapServer } from "./hap-nodejs";
import { Patches } from "./patches";

/** @returns the file of the class: a path, or the URL of an ES module. Undefined if the class does not say. */
export function fileOf(prototype: HapServer): string | undefined {
  const probe = {
    /** `listen` asks for its transport before it does anything. */
    get httpServer(): never {
      throw new Error("only a probe");
    },
  };
  let sites: readonly NodeJS.CallSite[] = [];
  const patches = new Patches();
  try {
    patches.replace(Error, "prepareStackTrace", (_error: unknown, all: unknown) => all);
    patches.replace(Error, "stackTraceLimit", 2);
    // Rejects if a later HAP-NodeJS makes `listen` async.
    Promise.resolve(prototype.listen.call(probe, 0)).catch(() => undefined);
  } catch (error) {
    const { stack } = error as { stack: unknown };
    sites = Array.isArray(stack) ? (stack as NodeJS.CallSite[]) : [];
  } finally {
    patches.undo();
  }
  const files = sites.map((site) => site.getFileName());
  return files.find((file) => file !== __filename) ?? undefined;
}
