/** `npm run bench:report`: writes the docs and the README's part from the committed result. */

import { writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { CURRENT_RESULT, generate } from "./generate";
import { readResult } from "./read-result";

/** The checkout: this file runs from dist-bench/report. */
const ROOT = path.join(__dirname, "..", "..");

const HELP = `npm run bench:report

Writes docs/benchmarks.md, docs/benchmarks.svg and the part of README.md between its bench marks
from ${CURRENT_RESULT}. A whole run writes that file:

  npm run bench -- --json ${CURRENT_RESULT}`;

async function main(): Promise<void> {
  const files = await generate(ROOT, readResult(path.join(ROOT, CURRENT_RESULT)));
  for (const [file, content] of files) {
    writeFileSync(path.join(ROOT, file), content);
    console.log(`${file} is written`);
  }
}

function wantsHelp(): boolean | undefined {
  try {
    return parseArgs({ options: { help: { type: "boolean" } } }).values.help;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
}

if (wantsHelp() === true) {
  console.log(HELP);
} else {
  main().catch((error: unknown) => {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exitCode = 1;
  });
}
