/** `npm run bench`, and `hapwire bench` in an installed package. */

import { writeFileSync } from "node:fs";
import { inspect } from "node:util";

import { commandOf, HELP, parseCommand, UsageError, type RunRequest } from "./arguments";
import { findCompetitors } from "./contenders";
import { ProgressLine } from "./harness/progress";
import { renderTable } from "./report/table";
import { renderHtml } from "./report/html";
import { drawSvg, MissingChartsError } from "./report/svg";
import type { BenchResult } from "./result";
import { run } from "./run";
import { SCENARIOS } from "./scenarios";

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/**
 * Does what the command line says.
 *
 * @returns The exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const command = parseCommand(args);
    switch (command.name) {
      case "help":
        console.log(HELP);
        return 0;
      case "list":
        console.log(SCENARIOS.map(({ name, title }) => `${name.padEnd(12)} ${title}`).join("\n"));
        return 0;
      case "run":
        return await measure(command.request);
    }
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\nTry: npm run bench -- --help`);
      return EXIT_USAGE;
    }
    console.error(error instanceof Error && "syscall" in error ? error.message : inspect(error));
    return EXIT_FAILURE;
  }
}

async function measure(request: RunRequest): Promise<number> {
  if (request.html !== undefined) checkCharts();
  const result = await run(
    request,
    SCENARIOS.filter(({ name }) => request.scenarios.includes(name)),
    findCompetitors().filter(({ name }) => request.contenders.includes(name)),
    commandOf(
      request,
      process.env["npm_lifecycle_event"] === "bench" ? "npm run bench" : "npx hapwire bench",
    ),
    new ProgressLine(process.stderr, process.stderr.isTTY),
  );
  if (request.json !== undefined) {
    writeFileSync(request.json, `${JSON.stringify(result, undefined, 2)}\n`);
  }
  console.log(renderTable(result));
  if (request.html !== undefined) writeFileSync(request.html, renderHtml(result));
  return hasFailed(result) ? EXIT_FAILURE : 0;
}

/** A contender that could not take part at all is no failure; one that took part and did not deliver is. */
function hasFailed({ scenarios }: BenchResult): boolean {
  return scenarios.some(({ cases }) =>
    cases.some(({ metrics }) =>
      metrics.some(({ figures }) => figures.some(({ failed }) => failed !== undefined)),
    ),
  );
}

/** Before the measuring: nobody should wait for minutes to hear that. @throws {@link UsageError} */
function checkCharts(): void {
  try {
    drawSvg({}, 1, 1);
  } catch (cause) {
    if (cause instanceof MissingChartsError) throw new UsageError(`--html: ${cause.message}`, { cause });
    throw cause;
  }
}

if (require.main === module) {
  main(process.argv.slice(2)).then((exitCode) => {
    process.exitCode = exitCode;
  }, console.error);
}
