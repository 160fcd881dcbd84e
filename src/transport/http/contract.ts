/** The interfaces between a connection and its HTTP. */

import type { IncomingMessage, ServerResponse } from "node:http";

import type { ConnectionError } from "../../errors";
import type { Settings } from "../../options";
import type { HttpStreamHost } from "./http-stream";
import type { DeadlineSettings } from "./receive-deadline";
import type { RequestLimits } from "./request-boundaries";

export interface ConnectionHttpHost extends HttpStreamHost {
  /** The last byte of a response was handed to the socket. The response is not counted as finished yet. */
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

/** Here `maxHeadSize` is the largest of all limits on heads. */
export type ConnectionHttpSettings = DeadlineSettings & Pick<Settings, "maxHeadSize">;

export type ConnectionHttpLimits = RequestLimits & Pick<Settings, "maxPendingRequests">;

/** Limits the bytes that the requests of several connections hold together. */
export interface Budget {
  /** @returns False, and reserves nothing, if there is no room. */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
}
