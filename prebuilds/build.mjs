// `npm run prebuild`: compiles the addon for every target of targets.mjs, or for those named by `-- --target NAME`.
//
// For x64 Linux with Debian's compilers, and for nothing else: what ships is built in one place.
import { copyFileSync, mkdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { compile } from "./compile.mjs";
import { prebuiltFile, targetsNamed, TARGETS } from "./targets.mjs";

const ROOT = path.join(import.meta.dirname, "..");

const HELP = `Usage: npm run prebuild [-- --target NAME ...]

Compiles the addon for each target: ${TARGETS.map(({ name }) => name).join(", ")}.
`;

function parse() {
  try {
    const { values } = parseArgs({
      options: { target: { type: "string", multiple: true }, help: { type: "boolean" } },
    });
    if (values.help) return undefined;
    return targetsNamed(values.target ?? []);
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(2);
  }
}

function build(target) {
  const file = compile(target, path.join(ROOT, "build-prebuilds", target.name));
  const place = path.join(ROOT, prebuiltFile(target));
  // The whole folder: another name from an earlier version could be loaded in its place.
  rmSync(path.dirname(place), { recursive: true, force: true });
  mkdirSync(path.dirname(place), { recursive: true });
  copyFileSync(file, place);
  return statSync(place).size;
}

const targets = parse();
if (targets === undefined) {
  console.log(HELP);
} else {
  for (const target of targets) {
    try {
      console.log(`prebuild: ${prebuiltFile(target)}, ${build(target).toLocaleString("en")} bytes`);
    } catch (error) {
      console.error(`prebuild: ${error.message}`);
      process.exit(1);
    }
  }
}
