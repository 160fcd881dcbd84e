/** Parses a file of callgrind: the program's own instructions, and its calls into libraries. */

/** The cost of one case. Both counts are equal on every machine with the same compiler. */
export interface Counts {
  /** Instructions of the program itself, without those of libraries. */
  readonly instructions: number;
  /**
   * Calls into libraries: OpenSSL, malloc, memcpy. The instructions of a library depend on its version and on the
   * processor, so only the calls are counted.
   */
  readonly calls: number;
}

export interface CaseCounts extends Counts {
  readonly name: string;
}

/** The line with the name that the program gave to CALLGRIND_DUMP_STATS_AT. */
const TRIGGER = /^desc: Trigger: Client Request: (.+)$/m;

/**
 * @param text - One file of callgrind, written with `--compress-strings=no --compress-pos=no`.
 * @param program - The file name of the program, e.g. `instructions`; other objects are ignored.
 * @returns Undefined if the file names no case: it counts the time between two cases, or after the last.
 * @throws Error if the text has no instructions of the program, or an unknown form.
 */
export function parseCallgrind(text: string, program: string): CaseCounts | undefined {
  const name = TRIGGER.exec(text)?.[1];
  if (name === undefined) return undefined;
  const counts = sumOf(text, program);
  if (counts.instructions === 0) {
    throw new Error(`callgrind counted no instruction of ${program} in the case "${name}"`);
  }
  return { name, ...counts };
}

// https://valgrind.org/docs/manual/cl-format.html: `ob=` names the object of the following lines, `cob=` the object of a
// called function. The line after `calls=` is the cost of the callee, which its own lines count already.
function sumOf(text: string, program: string): Counts {
  let instructions = 0;
  let calls = 0;
  let own = false;
  let callsOwn: boolean | undefined;
  let skip = false;
  for (const line of text.split("\n")) {
    if (skip) {
      skip = false;
    } else if (line.startsWith("ob=")) {
      own = isFile(line.slice(3), program);
    } else if (line.startsWith("cob=")) {
      callsOwn = isFile(line.slice(4), program);
    } else if (line.startsWith("calls=")) {
      if (own && callsOwn === false) calls += Number(/^calls=(\d+)/.exec(line)?.[1]);
      callsOwn = undefined;
      skip = true;
    } else if (own) {
      instructions += costOf(line);
    }
  }
  return { instructions, calls };
}

/** 0 for a line without a cost: a name, an empty line. */
function costOf(line: string): number {
  const cost = /^\d+ (\d+)$/.exec(line)?.[1];
  if (cost !== undefined) return Number(cost);
  if (line === "" || /^[a-z]+[=:]/.test(line)) return 0;
  throw new Error(`callgrind wrote a line of unknown form: ${line}`);
}

function isFile(object: string, name: string): boolean {
  return object === name || object.endsWith(`/${name}`);
}
