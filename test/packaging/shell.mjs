// Runs programs for the checks of the package.
import { spawnSync } from "node:child_process";

/** Milliseconds that a program may take: more than a build or an installation on a slow machine. */
const PATIENCE = 20 * 60_000;

/**
 * @param {string[]} command
 * @param {import("node:child_process").SpawnSyncOptions} [options]
 * @returns {string} Its standard output.
 * @throws Error with all its output, if it fails.
 */
export function run(command, options = {}) {
  const { status, stdout, stderr } = attempt(command, options);
  if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

/** Like {@link run}, for a program that may fail. */
export function attempt([program, ...args], options = {}) {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    timeout: PATIENCE,
    ...options,
  });
  return { status: status ?? signal ?? error?.message, stdout: stdout ?? "", stderr: stderr ?? "" };
}
