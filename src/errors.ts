/** The errors that hapwire throws, emits and closes connections with. Each code has its heading in docs/errors.md. */

/** Every code, stable across releases. */
export type ErrorCode =
  | "ERR_HAPWIRE_ARGUMENT"
  | "ERR_HAPWIRE_BODY_TOO_LARGE"
  | "ERR_HAPWIRE_CIPHER"
  | "ERR_HAPWIRE_CODEC_CLOSED"
  | "ERR_HAPWIRE_CONNECTION_CLOSED"
  | "ERR_HAPWIRE_ENGINE"
  | "ERR_HAPWIRE_EVENT_OVERFLOW"
  | "ERR_HAPWIRE_FRAME_AUTHENTICATION"
  | "ERR_HAPWIRE_FRAME_TOO_LONG"
  | "ERR_HAPWIRE_FRAME_COUNT"
  | "ERR_HAPWIRE_HANDLER"
  | "ERR_HAPWIRE_HEAD_TOO_LARGE"
  | "ERR_HAPWIRE_HTTP"
  | "ERR_HAPWIRE_IDLE"
  | "ERR_HAPWIRE_NO_ADDRESS"
  | "ERR_HAPWIRE_NONCE_EXHAUSTED"
  | "ERR_HAPWIRE_PAIR_SETUP"
  | "ERR_HAPWIRE_PARSER_MISMATCH"
  | "ERR_HAPWIRE_PEER_MISSING"
  | "ERR_HAPWIRE_PLAINTEXT"
  | "ERR_HAPWIRE_REQUEST_COUNT"
  | "ERR_HAPWIRE_REQUEST_TIMEOUT"
  | "ERR_HAPWIRE_SESSION_KEYS"
  | "ERR_HAPWIRE_SOCKET"
  | "ERR_HAPWIRE_STALLED"
  | "ERR_HAPWIRE_STORAGE"
  | "ERR_HAPWIRE_STRANGERS"
  | "ERR_HAPWIRE_SUBSCRIPTIONS";

/**
 * The base of hapwire's errors.
 *
 * @example
 * ```js
 * try {
 *   new FrameSealer("no key");
 * } catch (error) {
 *   if (error instanceof HapwireError) console.log(error.code); // ERR_HAPWIRE_ARGUMENT
 * }
 * ```
 */
export class HapwireError extends Error {
  /** The name of the class. */
  override readonly name: string = "HapwireError";

  constructor(
    /** The kind of error, for programs. */
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * A caller passed a value that the documentation does not allow. Nothing was done.
 *
 * @example
 * ```js
 * try {
 *   new EventedHTTPServer({ idleTimeout: -1 });
 * } catch (error) {
 *   if (error instanceof ArgumentError) console.log(error.argument); // options.idleTimeout
 * }
 * ```
 */
export class ArgumentError extends HapwireError {
  override readonly name = "ArgumentError";

  constructor(
    /** The name of the argument. */
    readonly argument: string,
    expected: string,
    received: unknown,
    /** Shows the type of the received value, and not the value: it may be a key, a code or a message. */
    isSecret = false,
  ) {
    const shown = isSecret ? describeType(received) : describe(received);
    super("ERR_HAPWIRE_ARGUMENT", `${argument} must be ${expected}; received ${shown}`);
  }
}

/**
 * A frame could not be sealed or opened. The session is over.
 *
 * @example
 * ```js
 * try {
 *   new FrameOpener(key).open(Buffer.alloc(100));
 * } catch (error) {
 *   if (error instanceof FrameError) console.log(error.code); // ERR_HAPWIRE_FRAME_AUTHENTICATION
 * }
 * ```
 */
export class FrameError extends HapwireError {
  override readonly name = "FrameError";
}

/**
 * The engine of the options or of the environment cannot run here, or no engine can.
 *
 * @example
 * ```js
 * try {
 *   new EventedHTTPServer();
 * } catch (error) {
 *   if (error instanceof EngineError) console.log(error.message); // also says what to do
 * }
 * ```
 */
export class EngineError extends HapwireError {
  override readonly name = "EngineError";

  constructor(message: string, options?: ErrorOptions) {
    super("ERR_HAPWIRE_ENGINE", message, options);
  }
}

/**
 * An optional package that the called function needs is not installed.
 *
 * @example
 * ```js
 * try {
 *   collectMetrics(server);
 * } catch (error) {
 *   if (error instanceof MissingPeerError) console.log(`npm install ${error.peer}`);
 * }
 * ```
 */
export class MissingPeerError extends HapwireError {
  override readonly name = "MissingPeerError";

  constructor(
    /** The package's name. */
    readonly peer: string,
    options?: ErrorOptions,
  ) {
    const message = `${peer} cannot be loaded; to install it: npm install ${peer}`;
    super("ERR_HAPWIRE_PEER_MISSING", message, options);
  }
}

/**
 * The reason why this side closed a connection.
 *
 * @example
 * ```js
 * subscribe("hapwire:connection:refused", ({ reason }) => {
 *   if (reason instanceof ConnectionError) console.log(reason.code, reason.message);
 * });
 * ```
 */
export class ConnectionError extends HapwireError {
  override readonly name = "ConnectionError";
}

/** @returns The reason why a connection fails after this error. */
export function connectionFailure(error: unknown): HapwireError {
  return error instanceof HapwireError
    ? error
    : new ConnectionError("ERR_HAPWIRE_SOCKET", "the connection failed", { cause: error });
}

/** Characters of a received value that an error message shows. */
const MAX_SHOWN = 80;

/** Shows a value in an error message: numbers, texts and the like themselves, objects and functions by their type. */
function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return shortened(JSON.stringify(value));
    case "bigint":
      return shortened(`${String(value)}n`);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "boolean":
    case "symbol":
      return shortened(String(value));
    default:
      return describeType(value);
  }
}

/** Shows the type of a value, and its size. */
function describeType(value: unknown): string {
  if (value === null || value === undefined) {
    return String(value);
  }
  if (ArrayBuffer.isView(value)) {
    return `${value.constructor.name} of ${String(value.byteLength)} bytes`;
  }
  if (Array.isArray(value)) {
    return `an array of ${String(value.length)}`;
  }
  if (typeof value === "string") {
    return `a string of ${String(value.length)} characters`;
  }
  return typeof value === "object" ? describeObject(value) : `a value of type ${typeof value}`;
}

function describeObject(value: object): string {
  const { constructor } = value as { constructor?: unknown };
  const isPlain = constructor === Object || typeof constructor !== "function" || constructor.name === "";
  return isPlain ? "an object" : shortened(`an object of class ${constructor.name}`);
}

function shortened(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN - 1)}…`;
}
