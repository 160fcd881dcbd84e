/** Child processes of tests: started, watched, and never left behind. */

import { spawn } from "node:child_process";
import path from "node:path";

import type { EngineName } from "hapwire";

import { patient } from "./patience";

/** The checkout: this file runs from dist-test/test/support. */
export const ROOT = path.join(__dirname, "..", "..", "..");

/** Milliseconds that a child may take by default. Only a child that hangs takes longer. */
const PATIENCE = patient(30_000);

/** How a child ended. `signal` is set if a signal ended it, e.g. SIGSEGV after a crash. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ChildOptions {
  /** The value of `HAPWIRE_ENGINE`. Unset by default. */
  readonly engine?: EngineName | "nonsense" | undefined;
  readonly cwd?: string;
  /** Variables to add to this process's environment. An undefined one is removed. */
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds after which the child is killed. */
  readonly patience?: number;
  /** The signal to send when the child has written its first line. */
  readonly signalWhenReady?: NodeJS.Signals;
  /** Replaces the pipe to this process: a file's descriptor, or a pipe that nobody reads. */
  readonly stdout?: number | "unread";
  readonly stderr?: number | "unread";
}

/** Runs Node with these arguments to its end. A child that does not end in time is killed with SIGKILL. */
export async function runNode(args: readonly string[], options: ChildOptions = {}): Promise<Ended> {
  const { engine, cwd = ROOT, patience = PATIENCE, signalWhenReady } = options;
  const env = { ...process.env, HAPWIRE_ENGINE: engine, NODE_OPTIONS: undefined, ...options.env };
  const child = spawn(process.execPath, args, {
    cwd,
    env,
    stdio: ["ignore", pipeUnlessFile(options.stdout), pipeUnlessFile(options.stderr)],
    timeout: patience,
    killSignal: "SIGKILL",
  });
  if (options.stdout === "unread") {
    child.stdout?.destroy();
  }
  if (options.stderr === "unread") {
    child.stderr?.destroy();
  }
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    if (signalWhenReady !== undefined && stdout.includes("\n")) {
      child.kill(signalWhenReady);
    }
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      resolve({ code, signal, stdout, stderr });
    });
  });
}

function pipeUnlessFile(output: ChildOptions["stdout"]): number | "pipe" {
  return typeof output === "number" ? output : "pipe";
}
