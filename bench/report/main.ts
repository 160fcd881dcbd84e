/** `npm run bench:report`: makes the report, the docs and the README's part from the committed result. */

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { CURRENT_RESULT, generate, readCurrentResult } from "./generate";

/** The checkout: this file runs from dist-bench/report. */
const ROOT = path.join(__dirname, "..", "..");

const HELP = `npm run bench:report

Writes bench/results/report.html, docs/benchmarks.md, docs/benchmarks.svg and the README's part between
its bench marks from ${CURRENT_RESULT}, which is written by: npm run bench -- --json ${CURRENT_RESULT}`;

async function main(): Promise<void> {
  const files = await generate(ROOT, readCurrentResult(ROOT));
  for (const [file, content] of files) {
    mkdirSync(path.dirname(path.join(ROOT, file)), { recursive: true });
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
    console.error((error as Error).message);
    process.exitCode = 1;
  });
}
