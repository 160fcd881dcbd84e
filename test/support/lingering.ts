/**
 * Preloaded into a process (`--require`): finds handles that keep the process alive. After the first line of output, it
 * waits the turns of the event loop that closing sockets takes. If handles are left, it writes them to standard error and
 * ends the process.
 */

/** Enough to close sockets on any machine; a timer of seconds outlasts them. */
const TURNS = 1000;

const write = process.stdout.write.bind(process.stdout);
process.stdout.write = ((...args: Parameters<typeof write>) => {
  process.stdout.write = write;
  look(TURNS);
  return write(...args);
}) as typeof write;

function look(turns: number): void {
  const resources = process
    .getActiveResourcesInfo()
    .filter((name) => !/^(Immediate|TTY.*|.*Pipe.*)$/.test(name));
  if (resources.length === 0) {
    process.stderr.write("lingering: nothing\n");
  } else if (turns > 0) {
    setImmediate(look, turns - 1);
  } else {
    process.stderr.write(`lingering: ${resources.join(", ")}\n`, () => process.exit());
  }
}
