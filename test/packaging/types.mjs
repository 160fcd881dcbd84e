// The package's types, as users of CommonJS, of ECMAScript modules and of bundlers resolve and compile them.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { run } from "./shell.mjs";

const ROOT = path.join(import.meta.dirname, "../..");
const TOOLS = path.join(ROOT, "node_modules/.bin");

/** TypeScript's name of each kind of user, and the file's suffix that makes a user of this kind. */
const USERS = [
  { name: "CommonJS", suffix: ".cts", flags: ["--module", "node16", "--moduleResolution", "node16"] },
  {
    name: "ECMAScript modules",
    suffix: ".mts",
    flags: ["--module", "node16", "--moduleResolution", "node16"],
  },
  { name: "bundlers", suffix: ".ts", flags: ["--module", "esnext", "--moduleResolution", "bundler"] },
];

/** @param {string} tarball */
export function checkTarball(tarball) {
  // Not node10: that resolution knows no "exports".
  run([path.join(TOOLS, "attw"), tarball, "--profile", "node16", "--no-color"]);
  run([path.join(TOOLS, "publint"), "run", tarball, "--strict"]);
}

/** @param {string} folder The folder in which the package is installed. Its optional peers are, too, after this: some entries have their types. */
export function compileConsumers(folder) {
  const peers = Object.entries(readManifest(folder).peerDependencies).map(
    ([name, range]) => `${name}@${range}`,
  );
  run(["npm", "install", "--ignore-scripts", ...peers], { cwd: folder });
  for (const { name, suffix, flags } of USERS) {
    const consumer = path.join(folder, `typed${suffix}`);
    const entries = path.join(folder, `entries${suffix}`);
    copyFileSync(path.join(import.meta.dirname, "consumers/typed.ts"), consumer);
    writeFileSync(entries, importsOfAll(folder));
    run(
      [
        path.join(TOOLS, "tsc"),
        ...["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022"],
        ...["--types", "node", "--typeRoots", path.join(ROOT, "node_modules/@types"), ...flags],
        ...[consumer, entries],
      ],
      { cwd: folder },
    );
    console.log(`types: ${name} resolve and compile them`);
  }
}

/** Each entry point that has types, once. */
function importsOfAll(folder) {
  return Object.entries(readManifest(folder).exports)
    .filter(([, target]) => target.types !== undefined)
    .map(
      ([entry], index) => `import * as entry${index} from "hapwire${entry.slice(1)}";\nvoid entry${index};\n`,
    )
    .join("");
}

function readManifest(folder) {
  return JSON.parse(readFileSync(path.join(folder, "node_modules/hapwire/package.json"), "utf8"));
}
