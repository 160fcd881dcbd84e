/** The error of a wrong command line. */

/** The command line is wrong. The message names the fault. */
export class UsageError extends Error {
  override readonly name = "UsageError";

  constructor(
    message: string,
    /** The help of the subcommand. */
    readonly help?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
