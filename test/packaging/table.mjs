// The places in which the installed package was used, and the results: one row for each.

import path from "node:path";

/** @typedef {{ engine: string, file?: string, stderr: string }} Session The output of a session of consumers/. */

const rows = [];

/**
 * Expects that an addon held the sessions, without a word on stderr.
 * @param {string} place
 * @param {Session[]} sessions
 * @param {string} folder A part of the addon's path.
 */
export function expectNative(place, sessions, folder = `${path.sep}prebuilds${path.sep}`) {
  for (const { engine, file, stderr } of sessions) {
    if (engine !== "native" || !file.includes(folder) || withoutNotes(stderr).length > 0) {
      throw new Error(
        `${place}: expected an addon in ${folder} and no warning: ${engine} ${file}\n${stderr}`,
      );
    }
  }
  rows.push({ place, engine: "native", message: "" });
}

/**
 * Expects that the portable engine held the sessions, and that one line on stderr gives the remedy.
 * @param {string} place
 * @param {Session[]} sessions
 * @param {RegExp} remedy
 */
export function expectPortable(place, sessions, remedy = /npm rebuild hapwire/) {
  for (const { engine, stderr } of sessions) {
    const lines = withoutNotes(stderr);
    if (engine !== "portable" || lines.length !== 1 || !remedy.test(lines[0])) {
      throw new Error(
        `${place}: expected the portable engine and one line with ${remedy}: ${engine}\n${stderr}`,
      );
    }
  }
  rows.push({
    place,
    engine: "portable",
    message: /For the native engine.*/.exec(sessions[0].stderr)?.[0] ?? "",
  });
}

/** The lines of stderr without those that Node itself adds. */
function withoutNotes(stderr) {
  return stderr
    .split("\n")
    .filter((line) => line !== "" && !/^\(Use `|ExperimentalWarning|SecurityWarning/.test(line));
}

/**
 * Prints the table. Each session ended with exit code 0, or there would be none.
 * @param {string} work The folder whose name is left out.
 */
export function printTable(work) {
  const width = Math.max(...rows.map(({ place }) => place.length));
  for (const { place, engine, message } of rows) {
    console.log(
      `${place.padEnd(width)}  ${engine.padEnd(8)}  exit 0  ${message.replaceAll(work, "…")}`.trimEnd(),
    );
  }
}
