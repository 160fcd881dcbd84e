// Before `npm pack` and `npm publish`: a package without its prebuilt addons would install everywhere and be slow everywhere.
import { existsSync } from "node:fs";
import path from "node:path";

import { prebuiltFile, TARGETS } from "./targets.mjs";

const missing = TARGETS.map(prebuiltFile).filter(
  (file) => !existsSync(path.join(import.meta.dirname, "..", file)),
);
if (missing.length > 0) {
  console.error(`npm pack: ${missing.join(", ")}: not built; run: npm run prebuild`);
  process.exitCode = 1;
}
