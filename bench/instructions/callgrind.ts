/** Reads what callgrind wrote of one case: the program's own instructions, and its calls into libraries. */

/** What one case costs, in two counts that are the same on every machine with the same compiler. */
export interface Counts {
  /** Instructions of the program itself, without those of the libraries that it calls. */
  readonly instructions: number;
  /**
   * Calls into libraries: OpenSSL, malloc, memcpy. Their own instructions depend on their versions and on what the
   * processor can do, so that their number has to stand for them.
   */
  readonly calls: number;
}

export interface CaseCounts extends Counts {
  readonly name: string;
}

/** callgrind writes this line with the name that the program gave to CALLGRIND_DUMP_STATS_AT. */
const TRIGGER = /^desc: Trigger: Client Request: (.+)$/m;

/**
 * @param text - One file of callgrind's, written with `--compress-strings=no --compress-pos=no`.
 * @param program - The file name of the program, e.g. `instructions`; what is in other objects is left out.
 * @returns undefined for a file without the name of a case: of what comes between them, or at the end.
 * @throws Error where the text has no instructions of the program, or is of another form.
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

// https://valgrind.org/docs/manual/cl-format.html: `ob=` and `cob=` name the object of the lines that follow and of the
// function called; after `calls=` comes one line with the cost of what was called, which is counted where it arose.
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

/** 0 for a line that has no cost: a name, an empty line. */
function costOf(line: string): number {
  const cost = /^\d+ (\d+)$/.exec(line)?.[1];
  if (cost !== undefined) return Number(cost);
  if (line === "" || /^[a-z]+[=:]/.test(line)) return 0;
  throw new Error(`callgrind wrote a line of unknown form: ${line}`);
}

function isFile(object: string, name: string): boolean {
  return object === name || object.endsWith(`/${name}`);
}
