/** What the HTTP of a connection asks of its connection. */

import type { IncomingMessage, ServerResponse } from "node:http";

import type { Clock } from "../../clock";
import type { ConnectionError } from "../../errors";
import type { HttpStreamHost } from "./http-stream";
import type { ReceiveTimeouts } from "./receive-deadline";
import type { RequestLimits } from "./request-boundaries";

/** What the connection does about its HTTP traffic. */
export interface ConnectionHttpHost extends HttpStreamHost {
  /** A response is about to be counted as finished. Its last byte was handed to the socket. */
  beforeResponseEnds(): void;
  /** A response is finished. */
  afterResponse(): void;
  /** The head of a request is complete. */
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  /** A request is refused. The connection ends after those before it. */
  handleRefusal(reason: ConnectionError): void;
  /** The connection ends when handlers have answered. */
  handleDraining(): void;
}

export interface ConnectionHttpSettings extends ReceiveTimeouts {
  readonly clock: Clock;
  /** The largest of all limits on heads, in bytes. */
  readonly maxHeadSize: number;
}

export interface ConnectionHttpLimits extends RequestLimits {
  /** How many requests handlers may have at a time. */
  readonly maxPendingRequests: number;
}

/** A bound on the bytes that the requests of several connections hold together. */
export interface Budget {
  /** @returns False if there is no room for so many bytes. None are reserved then. */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
}
