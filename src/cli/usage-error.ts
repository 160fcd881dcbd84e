/** What is said to someone who got the command line wrong. */

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = "UsageError";

  constructor(
    message: string,
    /** The help of the subcommand that was called. */
    readonly help?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
