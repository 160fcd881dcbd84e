// Deletes the output of sources that no longer exist, because tsc leaves it and the tests would run it. Part of
// `npm run build:test`.
import { existsSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";

const ROOT = path.join(import.meta.dirname, "../..");

/** Folders of output, each with the folder of its sources. */
const COMPILED = [
  { from: "src", to: "dist" },
  { from: "bench", to: "dist-bench" },
  { from: "examples", to: "dist-examples" },
  { from: "plugin/src", to: "plugin/dist" },
  { from: "test", to: "dist-test/test" },
];

/** The suffixes of tsc's output, in place of `.ts`. */
const SUFFIX = /\.(js|js\.map|d\.ts)$/;

for (const { from, to } of COMPILED) {
  const folder = path.join(ROOT, to);
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
  for (const file of files.filter((name) => SUFFIX.test(name))) {
    if (!existsSync(path.join(ROOT, from, file.replace(SUFFIX, ".ts")))) {
      rmSync(path.join(folder, file));
    }
  }
}
