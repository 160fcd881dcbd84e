/** Why connections end, in words for people who run a bridge. */

import type { ErrorCode, HapwireError } from "../../errors";

export interface EndReason {
  readonly words: string;
  /** Null if the controller or the application closed in order. */
  readonly code: string | null;
}

const IN_ORDER: EndReason = { words: "closed in order, by the controller or the bridge", code: null };

/** The codes that a connection can end with. */
const WORDS: Partial<Record<ErrorCode, string>> = {
  ERR_HAPWIRE_BODY_TOO_LARGE: "the request was too large",
  ERR_HAPWIRE_CIPHER: "the encryption failed on this machine",
  ERR_HAPWIRE_EVENT_OVERFLOW: "the controller took no events until too many waited",
  ERR_HAPWIRE_FRAME_AUTHENTICATION: "an encrypted message was damaged or forged",
  ERR_HAPWIRE_FRAME_COUNT: "too many encrypted messages came at once",
  ERR_HAPWIRE_FRAME_TOO_LONG: "an encrypted message was not valid",
  ERR_HAPWIRE_HANDLER: "the software of the bridge failed while it answered",
  ERR_HAPWIRE_HEAD_TOO_LARGE: "the head of the request was too large",
  ERR_HAPWIRE_HTTP: "the request was not valid",
  ERR_HAPWIRE_IDLE: "nothing came or went for too long",
  ERR_HAPWIRE_NONCE_EXHAUSTED: "the session had sent all it can",
  ERR_HAPWIRE_PARSER_MISMATCH: "the request was ambiguous",
  ERR_HAPWIRE_PLAINTEXT: "a request came without encryption",
  ERR_HAPWIRE_REQUEST_COUNT: "too many requests waited at once",
  ERR_HAPWIRE_REQUEST_TIMEOUT: "the controller did not finish its request",
  ERR_HAPWIRE_STALLED: "the controller took no data for too long",
  ERR_HAPWIRE_STRANGERS: "too many devices that are not paired were connected",
};

/** The system's codes of a socket that failed. */
const SOCKET_WORDS: Readonly<Record<string, string>> = {
  ECONNRESET: "the controller broke the connection off",
  EPIPE: "the controller was gone before it had its data",
  ETIMEDOUT: "the controller could no longer be reached",
  EHOSTUNREACH: "the controller could no longer be reached",
  ENETUNREACH: "the network could no longer be reached",
};

/** @param reason - The reason that the connection was closed for. */
export function endReasonOf(reason: HapwireError | undefined): EndReason {
  if (reason === undefined) {
    return IN_ORDER;
  }
  const { code } = reason;
  return { words: WORDS[code] ?? socketWords(reason), code };
}

function socketWords({ cause }: HapwireError): string {
  const code: unknown = (cause as NodeJS.ErrnoException | undefined)?.code;
  return (typeof code === "string" ? SOCKET_WORDS[code] : undefined) ?? "the network connection failed";
}
