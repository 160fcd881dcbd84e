// What `readelf` (Debian: binutils) says of an ELF file, as far as the checks of the prebuilt addons ask.
import { spawnSync } from "node:child_process";

/**
 * @typedef {object} Symbol
 * @property {string} name
 * @property {string} version The version of the library that has it, `GLIBC_2.17`; empty if it has no version.
 * @property {boolean} weak May be missing.
 * @property {boolean} defined Here, rather than wanted from elsewhere.
 * @property {boolean} local Nobody else sees it.
 */

function readelf(option, file) {
  const { status, stdout, stderr, error } = spawnSync("readelf", ["-W", option, file], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
    maxBuffer: 256 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`readelf ${option} ${file}: ${error?.message ?? stderr}`);
  return stdout;
}

/** @returns {Symbol[]} What the dynamic linker looks at. */
export function dynamicSymbols(file) {
  const symbols = [];
  for (const line of readelf("--dyn-syms", file).split("\n")) {
    // Num: Value Size Type Bind Visibility Section Name@Version
    const [, bind, section, name, version = ""] =
      /^ *\d+: +[0-9a-f]+ +\w+ +\w+ +(\w+) +\w+ +(\w+) ([^@ ]+)(?:@{1,2}(\S+))?/.exec(line) ?? [];
    if (name === undefined) continue;
    symbols.push({
      name,
      version,
      weak: bind === "WEAK",
      defined: section !== "UND",
      local: bind === "LOCAL",
    });
  }
  return symbols;
}

/** @returns {string} `readelf -h`'s word for the processor. */
export function machine(file) {
  return /Machine: +(.+)/.exec(readelf("-h", file))?.[1] ?? "";
}

/** @returns {Map<string, string>} The processor's attributes, which only ARM has: `Tag_FP_arch` and so on. */
export function attributes(file) {
  return new Map(
    [...readelf("-A", file).matchAll(/^ +(Tag_\w+): (.+)$/gm)].map(([, tag, value]) => [tag, value]),
  );
}

/** @returns {string[]} */
export function sections(file) {
  return [...readelf("-S", file).matchAll(/^ +\[ *\d+\] (\S+)/gm)].map((match) => match[1]);
}

/** @returns {Map<string, string>} The segments by type, with their flags: `GNU_STACK` is `RW`. */
export function segments(file) {
  const lines = readelf("-l", file).matchAll(/^ +([A-Z_]+) +0x\S+ 0x\S+ 0x\S+ 0x\S+ 0x\S+ ([RWE ]{3})/gm);
  return new Map([...lines].map(([, type, flags]) => [type, flags.replaceAll(" ", "")]));
}

/** @returns {{ tag: string, value: string }[]} The dynamic section: `NEEDED`, `FLAGS` and so on. */
export function dynamicSection(file) {
  return [...readelf("-d", file).matchAll(/^ +0x[0-9a-f]+ +\((\w+)\) +(.*)$/gm)].map(([, tag, value]) => ({
    tag,
    value: /\[(.+)\]/.exec(value)?.[1] ?? value.trim(),
  }));
}
