/** Finds HAP-NodeJS's files from its exports: a stack trace shows the file of its class `HAPServer`. */

import type { HapServer } from "./hap-nodejs";
import { Patches } from "./patches";

/** @returns The path of the class's file, or the URL of an ES module. Undefined if the trace shows no file. */
export function fileOf(prototype: HapServer): string | undefined {
  const probe = {
    /** The first property that `listen` reads. */
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
