/** The responses to refused requests, and the connection's close reasons. */

import { ConnectionError, type ErrorCode } from "../../errors";

/** The status line's end of the answer, and why. */
export interface Refusal {
  readonly status: string;
  readonly reason: ConnectionError;
}

const BAD_REQUEST = "400 Bad Request";
const BODY_TOO_LARGE = "413 Payload Too Large";
const HEAD_TOO_LARGE = "431 Request Header Fields Too Large";
const UNAVAILABLE = "503 Service Unavailable";

/** The first three are the faults of `RequestBoundaries`. */
const REFUSALS = {
  maxHeadSize: [HEAD_TOO_LARGE, "ERR_HAPWIRE_HEAD_TOO_LARGE", "the head of a request exceeds its limit"],
  maxBodySize: [BODY_TOO_LARGE, "ERR_HAPWIRE_BODY_TOO_LARGE", "the body of a request exceeds its limit"],
  syntax: [BAD_REQUEST, "ERR_HAPWIRE_HTTP", "the controller sent a malformed HTTP request"],
  target: [BAD_REQUEST, "ERR_HAPWIRE_HTTP", "the target of a request is not a URL"],
  late: ["408 Request Timeout", "ERR_HAPWIRE_REQUEST_TIMEOUT", "a request did not arrive in time"],
  budget: [
    UNAVAILABLE,
    "ERR_HAPWIRE_STRANGERS",
    "the requests of all strangers together exceed their budget",
  ],
} as const;

export function refusalFor(cause: keyof typeof REFUSALS): Refusal {
  const [status, code, message] = REFUSALS[cause];
  return refusal(status, code, message);
}

/** For an error of Node's HTTP parser. */
export function parserRefusal(error: Error & { readonly code?: string }): Refusal {
  const message = `Node's HTTP parser refused a request: ${error.message}`;
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return refusal(HEAD_TOO_LARGE, "ERR_HAPWIRE_HEAD_TOO_LARGE", message);
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return refusal(BODY_TOO_LARGE, "ERR_HAPWIRE_BODY_TOO_LARGE", message);
    default:
      return refusal(BAD_REQUEST, "ERR_HAPWIRE_HTTP", message);
  }
}

export function countRefusal(maxPendingRequests: number): Refusal {
  const message = `more than ${String(maxPendingRequests)} requests wait for their responses`;
  return refusal(UNAVAILABLE, "ERR_HAPWIRE_REQUEST_COUNT", message);
}

/** For every request of a connection. */
export function connectionRefusal(reason: ConnectionError): Refusal {
  return { status: UNAVAILABLE, reason };
}

/** Why a connection closes at once, without an answer. */
export function parserMismatch(): ConnectionError {
  const message = "Node's HTTP parser has seen other requests than the controller sent";
  return new ConnectionError("ERR_HAPWIRE_PARSER_MISMATCH", message);
}

function refusal(status: string, code: ErrorCode, message: string): Refusal {
  return { status, reason: new ConnectionError(code, message) };
}
