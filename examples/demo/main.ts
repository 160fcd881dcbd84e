/** `npm start`: the demo, or with `--serve` a bridge for an iPhone. */

import { inspect } from "node:util";

import { HELP, parseCommand, UsageError } from "./arguments";
import { serve } from "./serve";
import { superviseDemo } from "./supervise";
import { print, printError } from "./terminal";

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

async function main(args: readonly string[]): Promise<number> {
  const command = parseCommand(args);
  switch (command.name) {
    case "help":
      print(HELP);
      return 0;
    case "demo":
      return superviseDemo();
    case "serve":
      await serve(command.options);
      return 0;
  }
}

function fail(error: unknown): never {
  if (error instanceof UsageError) {
    printError(`${error.message}\nTry: npm start -- --help`);
    process.exit(EXIT_USAGE);
  }
  // What the system refused (a port in use, a folder that can't be written) needs no stack.
  printError(error instanceof Error && "syscall" in error ? error.message : inspect(error));
  process.exit(EXIT_FAILURE);
}

main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
}, fail);
