/** `HAPWIRE_OPTIONS`: options of all servers of the process, as JSON. The options of a constructor come first. */

/** Options that have no meaning in JSON. */
const NOT_IN_JSON: ReadonlySet<string> = new Set(["clock"]);

let warned: string | undefined;

/**
 * Reads the variable. Warns once and ignores it if it is wrong: a misspelt limit must not stop a bridge.
 *
 * @param check - Throws if the options are wrong.
 * @param names - The names of all options.
 */
export function optionsFromEnvironment<Options extends object>(
  check: (options: Options) => void,
  names: ReadonlySet<string>,
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

function parse(text: string, names: ReadonlySet<string>): object {
  const options: unknown = JSON.parse(text);
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new Error('expected a JSON object, as {"maxStrangers":100}');
  }
  for (const name of Object.keys(options)) {
    if (!names.has(name) || NOT_IN_JSON.has(name)) {
      throw new Error(`there is no option ${JSON.stringify(name)}; docs/limits.md has all of them`);
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
