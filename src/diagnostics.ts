/**
 * Tracing through `node:diagnostics_channel`: what happens to connections, for those who subscribe. Costs a look at a
 * boolean where nobody does. Messages carry objects, never content or keys of their own.
 */

import { channel } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";

import type { HAPConnection } from "./connection";
import type { HapwireError } from "./errors";

/** On `hapwire:connection:opened`. */
export interface ConnectionOpenedMessage {
  connection: HAPConnection;
}

/** On `hapwire:connection:closed`, when the connection is gone. */
export interface ConnectionClosedMessage {
  connection: HAPConnection;
  /** Why this side closed it; undefined where the controller did, or where it was asked for. */
  reason: HapwireError | undefined;
}

/** On `hapwire:connection:refused`, when a request or the connection itself breaks a limit or is no HTTP. */
export interface RefusalMessage {
  connection: HAPConnection;
  reason: HapwireError;
}

/** On `hapwire:request`, before the handler gets it. */
export interface RequestMessage {
  connection: HAPConnection;
  request: IncomingMessage;
  response: ServerResponse;
}

/** On `hapwire:events:flushed`, when an EVENT message was handed to the socket. */
export interface EventsFlushedMessage {
  connection: HAPConnection;
  /** Bytes on the wire. */
  bytes: number;
}

export const connectionOpened = channel("hapwire:connection:opened");
export const connectionClosed = channel("hapwire:connection:closed");
export const connectionRefused = channel("hapwire:connection:refused");
export const requestReceived = channel("hapwire:request");
export const eventsFlushed = channel("hapwire:events:flushed");
