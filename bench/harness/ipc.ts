/** The conversation between the harness and a process of its own for a contender: calls one way, answers the other. */

/** What a program can be asked to do, by name. */
export type Commands<C> = { readonly [Name in keyof C]: (argument: never) => unknown };

export interface Call {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  /** What went wrong, in words. */
  readonly error?: string;
}

/** The id of the answer that a program gives unasked, when it is ready. */
export const READY = 0;

/**
 * Makes this process answer calls, until its parent is gone.
 *
 * @param ready - What the parent is told first.
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

/** Tells the parent why this program cannot start, and ends. */
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
