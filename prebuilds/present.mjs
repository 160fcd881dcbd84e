// Fails if a prebuilt addon is missing: such a package would install everywhere and be slow everywhere. `npm pack` and
// `npm publish` run it for the Linux targets. With `--all`, a release checks every target.
import { existsSync } from "node:fs";
import path from "node:path";

import { OWN_TARGETS, prebuiltFile, TARGETS } from "./targets.mjs";

const targets = process.argv.includes("--all") ? [...TARGETS, ...OWN_TARGETS] : TARGETS;
const missing = targets
  .map(prebuiltFile)
  .filter((file) => !existsSync(path.join(import.meta.dirname, "..", file)));
if (missing.length > 0) {
  console.error(`npm pack: ${missing.join(", ")} is missing; run: node prebuilds/build.mjs`);
  process.exitCode = 1;
}
