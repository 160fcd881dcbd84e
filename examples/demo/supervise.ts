/** Runs the demo in a process of its own, so that whatever becomes of it, it ends, and leaves nothing behind. */

import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";

import { patient } from "./patience";
import { printError } from "./terminal";

/** Milliseconds that the whole demo may take. */
const DEADLINE = patient(58_000);

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const SIGNAL_EXIT = 128;

/** Runs the demo. @returns The exit code: 0 only where the demo ended well. */
export async function superviseDemo(): Promise<number> {
  const storage = await mkdtemp(join(tmpdir(), "hapwire-demo-"));
  try {
    return await runChild(storage);
  } finally {
    await rm(storage, { recursive: true, force: true });
  }
}

async function runChild(storage: string): Promise<number> {
  const child = spawn(process.execPath, [join(__dirname, "run.js"), storage], { stdio: "inherit" });
  const stop = { late: false, signal: undefined as NodeJS.Signals | undefined };
  const interrupt = (signal: NodeJS.Signals): void => {
    stop.signal = signal;
    child.kill("SIGKILL");
  };
  const deadline = setTimeout(() => {
    stop.late = true;
    child.kill("SIGKILL");
  }, DEADLINE);
  for (const signal of SIGNALS) {
    process.on(signal, interrupt);
  }
  const { code, signal } = await ended(child);
  clearTimeout(deadline);
  for (const name of SIGNALS) {
    process.off(name, interrupt);
  }
  if (stop.signal !== undefined) {
    return SIGNAL_EXIT + constants.signals[stop.signal];
  }
  if (stop.late) {
    printError(`hapwire demo: stopped, because it was not done after ${String(DEADLINE / 1000)} s`);
  } else if (signal !== null) {
    printError(`hapwire demo: the process was ended by ${signal}`);
  }
  return code ?? 1;
}

function ended(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      resolve({ code, signal });
    });
  });
}
