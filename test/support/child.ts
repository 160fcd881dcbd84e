/** Child processes of tests: started, watched, and never left behind. */

import { spawn } from "node:child_process";
import path from "node:path";

import type { EngineName } from "hapwire";

import { patient } from "./patience";

/** The checkout: this file runs from dist-test/test/support. */
export const ROOT = path.join(__dirname, "..", "..", "..");

/** Milliseconds that a child may take; only one that hangs does. */
const PATIENCE = patient(30_000);

/** How a child ended. A crash has the signal of it: SIGSEGV, SIGABRT. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ChildOptions {
  /** The value of `HAPWIRE_ENGINE`; unset by default. */
  readonly engine?: EngineName | "nonsense" | undefined;
  readonly cwd?: string;
  /** Variables of the environment, beside those of this process; undefined takes one away. */
  readonly env?: NodeJS.ProcessEnv;
  /** The signal that the child gets when it has written its first line. */
  readonly signalWhenReady?: NodeJS.Signals;
  /** The child's output instead: a file's descriptor, or a pipe that nobody reads. */
  readonly stdout?: number | "unread";
  readonly stderr?: number | "unread";
}

/** Runs Node with these arguments to its end. A child that does not end is killed: its signal is SIGKILL then. */
export async function runNode(args: readonly string[], options: ChildOptions = {}): Promise<Ended> {
  const { engine, cwd = ROOT, signalWhenReady } = options;
  const env = { ...process.env, HAPWIRE_ENGINE: engine, NODE_OPTIONS: undefined, ...options.env };
  const child = spawn(process.execPath, args, {
    cwd,
    env,
    stdio: ["ignore", pipeUnlessFile(options.stdout), pipeUnlessFile(options.stderr)],
    timeout: PATIENCE,
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
