/** A child process of the harness, and calls of its commands. */

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";

import { READY, type Answer, type Call, type Commands } from "./ipc";
import { patient } from "./patience";

/** Milliseconds that a call may take: far more than any call needs. Only a hang meets this limit. */
const PATIENCE = patient(120_000);

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly deadline: NodeJS.Timeout;
}

/** A running program that answers calls, see `serveCommands`. The program ends when this process ends. */
export class Child<C extends Commands<C>> {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = READY;
  #stderr = "";

  private constructor(program: string, argument: unknown, flags: readonly string[]) {
    // These variables would change a contender.
    const env = { ...process.env, HAPWIRE_ENGINE: undefined, NODE_OPTIONS: undefined, DEBUG: undefined };
    this.#process = fork(program, [JSON.stringify(argument)], {
      env,
      execArgv: ["--expose-gc", ...flags],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = `${this.#stderr}${text}`.slice(-2000);
    });
    this.#process.on("message", this.#onAnswer.bind(this));
    this.#process.on("error", this.#failAll.bind(this));
    this.#process.on("close", (code, signal) => {
      const how = signal ?? `exit code ${String(code)}`;
      this.#failAll(new Error(`the process ended (${how}) ${this.#stderr}`.trim()));
    });
  }

  /**
   * Starts a program.
   *
   * @param argument - Passed as JSON in the program's first argument.
   * @param flags - Further flags of Node.
   * @returns The child, and the value that it sent when it was ready.
   * @throws Error that says why it could not start.
   */
  static async start<C extends Commands<C>>(
    program: string,
    argument: unknown,
    flags: readonly string[] = [],
  ): Promise<{ child: Child<C>; ready: unknown }> {
    const child = new Child<C>(program, argument, flags);
    try {
      return { child, ready: await child.#answerTo(READY, "start") };
    } catch (error) {
      await child.stop();
      throw error;
    }
  }

  /** Calls a command. @throws Error with the message of the error that the program threw. */
  async call<Name extends keyof C & string>(
    name: Name,
    ...[argument]: Parameters<C[Name]>
  ): Promise<Awaited<ReturnType<C[Name]>>> {
    this.#lastId += 1;
    const answer = this.#answerTo(this.#lastId, name);
    this.#process.send({ id: this.#lastId, name, argument } satisfies Call);
    return (await answer) as Awaited<ReturnType<C[Name]>>;
  }

  /** Ends the program. */
  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const closed = once(this.#process, "close");
      this.#process.kill("SIGKILL");
      await closed;
    }
  }

  async #answerTo(id: number, name: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        this.#onAnswer({ id, error: `no answer to "${name}" in ${String(PATIENCE / 1000)} s` });
      }, PATIENCE);
      this.#waiting.set(id, { resolve, reject, deadline });
    });
  }

  #onAnswer(message: unknown): void {
    const { id, value, error } = message as Answer;
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) {
      return;
    }
    this.#waiting.delete(id);
    clearTimeout(waiting.deadline);
    if (error === undefined) {
      waiting.resolve(value);
    } else {
      waiting.reject(new Error(error));
    }
  }

  #failAll(error: Error): void {
    for (const id of [...this.#waiting.keys()]) {
      this.#onAnswer({ id, error: error.message });
    }
  }
}
