/** The engines that the tests of the contract run over. */

import type { Engine } from "#src/engine/contract";
import { createPortableEngine } from "#src/engine/portable";

import { HAS_SODIUM } from "./sodium";

/** An engine, made when a test asks for it: one that cannot be made fails that test, not the test run. */
export interface EngineUnderTest {
  readonly name: string;
  readonly create: () => Engine;
}

const SODIUM: EngineUnderTest = {
  name: "portable with sodium-native",
  create: () => createPortableEngine({ sodium: true }),
};

const PORTABLE: readonly EngineUnderTest[] = [
  ...(HAS_SODIUM ? [SODIUM] : []),
  { name: "portable with node:crypto", create: () => createPortableEngine({ sodium: false }) },
];

const NATIVE: readonly EngineUnderTest[] = [{ name: "native", create: createNative }];

/** @returns All engines, or those that `HAPWIRE_ENGINE` names: `native` or `portable`. */
export function enginesUnderTest(): readonly EngineUnderTest[] {
  const wanted = process.env["HAPWIRE_ENGINE"] ?? "";
  switch (wanted) {
    case "":
      return [...PORTABLE, ...NATIVE];
    case "portable":
      return PORTABLE;
    case "native":
      return NATIVE;
    default:
      throw new Error(`HAPWIRE_ENGINE must be native or portable; it is ${wanted}`);
  }
}

function createNative(): Engine {
  // Loaded here, because it throws if the addon is missing.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const native = require("#src/engine/native") as { createNativeEngine(): Engine };
  return native.createNativeEngine();
}
