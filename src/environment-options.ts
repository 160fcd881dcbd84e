/** `HAPWIRE_OPTIONS`: options of all servers of the process, as JSON. The options of a constructor come first. */

import { unknownOption } from "./option-names";

/** Options that have no meaning in JSON. */
const NOT_IN_JSON: ReadonlySet<string> = new Set(["clock"]);

let warned: string | undefined;

/**
 * Reads the variable. If it is wrong, warns once and ignores it: a misspelt limit must not stop a bridge.
 *
 * @param check - Throws if the options are wrong.
 * @param names - A record that has the name of each option.
 */
export function optionsFromEnvironment<Options extends object>(
  check: (options: Options) => void,
  names: object,
): Partial<Options> {
  const { HAPWIRE_OPTIONS: text = "" } = process.env;
  if (text === "") {
    return {};
  }
  try {
    const options = parse(text, names) as Options;
    check(options);
    return options;
  } catch (error) {
    warnOnce(text, (error as Error).message);
    return {};
  }
}

function parse(text: string, names: object): object {
  const options: unknown = JSON.parse(text);
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new Error('expected a JSON object, as {"maxStrangers":100}');
  }
  for (const name of Object.keys(options)) {
    if (NOT_IN_JSON.has(name)) {
      throw new Error(`the option "${name}" can only be given to a constructor`);
    }
    if (!Object.hasOwn(names, name)) {
      throw new Error(`${unknownOption(name, names)}; docs/limits.md has all of them`);
    }
  }
  return options;
}

function warnOnce(text: string, reason: string): void {
  if (warned !== text) {
    warned = text;
    process.emitWarning(`HAPWIRE_OPTIONS is ignored: ${reason.replace(/\s+/g, " ")}`, {
      type: "HapwireWarning",
      code: "HAPWIRE_OPTIONS",
    });
  }
}
