/** The names of options. A misspelt name is ignored, with one warning that names the nearest option. */

import { checkObject } from "./check";

/** A record that has each name of some options. Its values have no meaning here. */
type Names<Options extends object> = Readonly<Record<keyof Options, unknown>>;

/** Names that were warned of, each with its reader: a warning comes once. */
const warned = new Set<string>();

/** Longer names are compared by their beginnings. */
const MAX_COMPARED = 64;
/** Characters of an unknown name that are shown. */
const MAX_SHOWN = 80;

/**
 * Checks that options are an object. Warns of each unknown name.
 *
 * @param reader - The class or the function that reads the options.
 * @throws {@link ArgumentError}
 */
export function checkOptionNames<Options extends object>(
  options: unknown,
  names: Names<Options>,
  reader: string,
  argument = "options",
): asserts options is object {
  checkObject(options, argument);
  for (const name of Object.keys(options)) {
    const key = `${reader} ${name}`;
    if (!Object.hasOwn(names, name) && !warned.has(key)) {
      warned.add(key);
      process.emitWarning(`${reader} ignores the ${unknownOption(name, names)}`, {
        type: "HapwireWarning",
        code: "HAPWIRE_OPTION",
      });
    }
  }
}

/** @returns `unknown option "maxStranger"; the nearest is "maxStrangers"`. */
export function unknownOption(name: string, names: object): string {
  const wanted = comparable(name);
  const [nearest = ""] = Object.keys(names)
    .map((known) => ({ known, distance: distanceOf(wanted, comparable(known)) }))
    .sort((a, b) => a.distance - b.distance)
    .map(({ known }) => known);
  return `unknown option ${JSON.stringify(name.slice(0, MAX_SHOWN))}; the nearest is "${nearest}"`;
}

function comparable(name: string): string {
  return name.slice(0, MAX_COMPARED).toLowerCase();
}

/** The number of characters to insert, remove or replace until both texts are equal. A beginning of a name is near to it. */
function distanceOf(from: string, to: string): number {
  if (to.startsWith(from) || from.startsWith(to)) {
    return from === to ? 0 : 1;
  }
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let index = 0; index < from.length; index += 1) {
    const next = [index + 1];
    for (let at = 0; at < to.length; at += 1) {
      const replaced = (row[at] ?? 0) + (from[index] === to[at] ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
