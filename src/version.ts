/** The package's version, from its package.json. */

import { createRequire } from "node:module";

const manifest = createRequire(__filename)("../package.json") as { version: string };

export const version = manifest.version;
