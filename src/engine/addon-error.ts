/** Why an addon does not load, in words, and the remedy. */

/** Why an addon does not load, and the remedy. Neither ends in a full stop. */
export interface AddonFault {
  readonly reason: string;
  /** Completes the sentence "For the native engine, …". */
  readonly remedy: string;
}

/** A file that has not loaded. */
export interface RejectedAddon {
  /** The path of the file. */
  readonly file: string;
  /** Why it has not. */
  readonly reason: string;
}

/** No addon loads. The message is the reason. */
export class AddonError extends Error {
  /** See {@link AddonFault.remedy}. */
  readonly remedy: string;

  constructor(
    { reason, remedy }: AddonFault,
    /** The files that were tried. */
    readonly rejected: readonly RejectedAddon[],
    options?: ErrorOptions,
  ) {
    super(reason, options);
    this.remedy = isNodeTooOld() ? `install Node ${String(OLDEST_NODE)} or newer` : remedy;
  }
}

/** The oldest major version of Node that hapwire supports. */
export const OLDEST_NODE = 20;

/** The remedy if no prebuilt addon fits. */
export const BUILD_IT =
  "install python3, make and a C++17 compiler (GCC 11, Clang 14 or newer), then run: npm rebuild hapwire" +
  " (with npm 12, npm install-scripts approve hapwire before it)";

/** The remedy if OpenSSL refuses the cipher: an addon that is built here would meet the same OpenSSL. */
export const LEAVE_FIPS_MODE = "run Node without FIPS mode, which allows no ChaCha20-Poly1305";

/** True on a release of Node that hapwire does not support. */
export function isNodeTooOld(): boolean {
  return Number.parseInt(process.versions.node, 10) < OLDEST_NODE;
}

/** The first line of an error's message, without a full stop: loaders add paths and stacks below it. */
export function causeOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split("\n", 1)[0] ?? message).trim().replace(/\.$/, "");
}

/** The fields of Node's errors besides the message. */
interface NodeErrorDetails {
  readonly code?: string;
  /** The path that the permission model refuses. */
  readonly resource?: string;
  /** Only errors of `fs` have it. */
  readonly syscall?: string;
}

/**
 * Finds the fault behind an error of `fs` or `process.dlopen`.
 *
 * @param renewal - The remedy if the file cannot be read.
 */
export function faultBehind(error: unknown, file: string, renewal: string): AddonFault {
  const { code, resource = file, syscall } = error as NodeErrorDetails;
  const message = causeOf(error);
  const reason = message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message;
  switch (code) {
    case "ERR_DLOPEN_DISABLED":
      return { reason, remedy: remedyIfDisabled() };
    case "ERR_ACCESS_DENIED":
      return { reason, remedy: `start Node with --allow-fs-read=${resource}` };
    case "EACCES":
    case "EPERM":
      return { reason, remedy: `give the user who runs Node the right to read ${file}` };
    default:
      return { reason, remedy: syscall === undefined ? remedyFor(reason) : renewal };
  }
}

/** Node refuses addons with `--no-addons`, and under its permission model without `--allow-addons`. */
function remedyIfDisabled(): string {
  // Undefined unless the permission model is in force, whatever the types say.
  const permission = process.permission as unknown;
  return permission === undefined ? "start Node without --no-addons" : "start Node with --allow-addons";
}

/** The remedy by the messages of the dynamic linkers of glibc, musl and macOS. */
function remedyFor(message: string): string {
  if (/Cannot allocate memory|Out of memory/.test(message)) {
    return "free some memory, then start Node again";
  }
  if (/failed to map segment|Operation not permitted/.test(message)) {
    return "install hapwire on a file system that is not mounted with noexec";
  }
  if (
    /(undefined symbol: |relocating .*: |[Ss]ymbol not found.* ['(]?_)(ERR|EVP|OPENSSL|OpenSSL)_/.test(
      message,
    )
  ) {
    return "use a Node that exports its OpenSSL, as the official builds do";
  }
  return BUILD_IT;
}
