/** Messages between the harness and a contender's process: calls one way, answers the other. */

/** The commands of a program, by name. */
export type Commands<C> = { readonly [Name in keyof C]: (argument: never) => unknown };

export interface Call {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  /** The message of the error that the command threw. */
  readonly error?: string;
}

/** The id of the answer that a program sends without a call, when it is ready. */
export const READY = 0;

/**
 * Makes this process answer calls until its parent has ended.
 *
 * @param ready - The value that the parent receives first.
 */
export function serveCommands<C extends Commands<C>>(commands: C, ready: unknown): void {
  process.on("message", ({ id, name, argument }: Call) => {
    const command: (argument: never) => unknown = commands[name as keyof C];
    Promise.resolve()
      .then(() => command(argument as never))
      .then(
        (value) => {
          send({ id, value });
        },
        (error: unknown) => {
          send({ id, error: describe(error) });
        },
      );
  });
  process.on("disconnect", () => {
    process.exit();
  });
  send({ id: READY, value: ready });
}

/** Tells the parent why this program cannot start, and ends the process. */
export function refuseToStart(error: unknown): void {
  process.send?.({ id: READY, error: describe(error) } satisfies Answer, undefined, undefined, () => {
    process.exit(1);
  });
}

function send(answer: Answer): void {
  process.send?.(answer);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
