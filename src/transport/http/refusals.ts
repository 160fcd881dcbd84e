/** How a request that is not served is answered, and what the connection's close reason says. */

import { ConnectionError, type ErrorCode } from "../../errors";
import type { RequestFault } from "./request-boundaries";

/** The status line's end of the answer, and why. */
export interface Refusal {
  readonly status: string;
  readonly reason: ConnectionError;
}

const BAD_REQUEST = "400 Bad Request";
const TOO_LATE = "408 Request Timeout";
const BODY_TOO_LARGE = "413 Payload Too Large";
const HEAD_TOO_LARGE = "431 Request Header Fields Too Large";
const UNAVAILABLE = "503 Service Unavailable";

/** For a fault that the boundaries of requests show. */
export function faultRefusal(fault: RequestFault): Refusal {
  switch (fault) {
    case "maxHeadSize":
      return refusal(HEAD_TOO_LARGE, "ERR_HAPWIRE_HEAD_TOO_LARGE", "the head of a request exceeds its limit");
    case "maxBodySize":
      return bodyRefusal();
    case "syntax":
      return refusal(BAD_REQUEST, "ERR_HAPWIRE_HTTP", "the controller sent a malformed HTTP request");
  }
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

export function bodyRefusal(): Refusal {
  return refusal(BODY_TOO_LARGE, "ERR_HAPWIRE_BODY_TOO_LARGE", "the body of a request exceeds its limit");
}

export function targetRefusal(): Refusal {
  return refusal(BAD_REQUEST, "ERR_HAPWIRE_HTTP", "the target of a request is not a URL");
}

export function countRefusal(maxPendingRequests: number): Refusal {
  const message = `more than ${String(maxPendingRequests)} requests wait for their responses`;
  return refusal(UNAVAILABLE, "ERR_HAPWIRE_REQUEST_COUNT", message);
}

export function budgetRefusal(): Refusal {
  const message = "the requests of all strangers together exceed their budget";
  return refusal(UNAVAILABLE, "ERR_HAPWIRE_STRANGERS", message);
}

export function lateRefusal(): Refusal {
  return refusal(TOO_LATE, "ERR_HAPWIRE_REQUEST_TIMEOUT", "a request did not arrive in time");
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
