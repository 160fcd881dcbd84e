// `node prebuilds/build.mjs [--target NAME ...]` compiles prebuilt addons.
//
// Without a name: all targets for Linux, on x64 Debian with Debian's compilers. A target for macOS or Windows compiles on
// its own machine, with that machine's compiler.
import { copyFileSync, mkdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { compile } from "./compile.mjs";
import { OWN_TARGETS, prebuiltFile, targetsNamed, TARGETS } from "./targets.mjs";

const ROOT = path.join(import.meta.dirname, "..");

const ALL_TARGETS = [...TARGETS, ...OWN_TARGETS];
const namesOf = (targets) => targets.map(({ name }) => name).join(", ");

const HELP = `Usage: node prebuilds/build.mjs [--target NAME ...]

Compiles the addon for each target: ${namesOf(TARGETS)}.
These compile only on their own machine: ${namesOf(OWN_TARGETS)}.
`;

function parse() {
  try {
    const { values } = parseArgs({
      options: { target: { type: "string", multiple: true }, help: { type: "boolean" } },
    });
    if (values.help) return undefined;
    return targetsNamed(values.target ?? [], ALL_TARGETS);
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(2);
  }
}

function build(target) {
  const file = compile(target, path.join(ROOT, "build-prebuilds", target.name));
  const place = path.join(ROOT, prebuiltFile(target));
  // Remove the whole folder: it may have a file of another name from an earlier version.
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
