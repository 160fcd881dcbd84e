/**
 * Tracing through `node:diagnostics_channel`: what happens to connections, for those who subscribe. Costs a look at a
 * boolean where nobody does. Messages carry objects, never content or keys of their own.
 */

import { channel, type Channel } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";

import type { HAPConnection } from "./connection";
import type { HapwireError } from "./errors";
import type { EventedHTTPServer } from "./server";

/** On `hapwire:server:listening` and on `hapwire:server:closed`, when it listens no more and its connections are gone. */
export interface ServerMessage {
  /** The one that it is about. */
  server: EventedHTTPServer;
}

/** On `hapwire:connection:opened`. */
export interface ConnectionOpenedMessage {
  /** The one that it is about. */
  connection: HAPConnection;
}

/** On `hapwire:connection:closed`, when the connection is gone. */
export interface ConnectionClosedMessage {
  /** The one that it is about. */
  connection: HAPConnection;
  /** Why it ended; undefined where the controller ended it in order, or where it was asked for. */
  reason: HapwireError | undefined;
}

/** On `hapwire:connection:refused`, when a request or the connection itself breaks a limit or is no HTTP. */
export interface RefusalMessage {
  /** The one that it is about. */
  connection: HAPConnection;
  /** Why; its `code` is for programs. */
  reason: HapwireError;
}

/** On `hapwire:request`, before the handler gets it. */
export interface RequestMessage {
  /** The one that it is about. */
  connection: HAPConnection;
  /** Its body is the handler's to read. */
  request: IncomingMessage;
  /** The handler's to write; `finish` tells when it is out. */
  response: ServerResponse;
}

/** On `hapwire:events:flushed`, when an EVENT message was handed to the socket. */
export interface EventsFlushedMessage {
  /** The one that it is about. */
  connection: HAPConnection;
  /** Bytes on the wire. */
  bytes: number;
}

export const serverListening = channel("hapwire:server:listening");
export const serverClosed = channel("hapwire:server:closed");
export const connectionOpened = channel("hapwire:connection:opened");
export const connectionClosed = channel("hapwire:connection:closed");
export const connectionRefused = channel("hapwire:connection:refused");
export const requestReceived = channel("hapwire:request");
export const eventsFlushed = channel("hapwire:events:flushed");

export function publishServer(event: Channel, server: EventedHTTPServer): void {
  if (event.hasSubscribers) {
    const message: ServerMessage = { server };
    event.publish(message);
  }
}

export function publishOpened(connection: HAPConnection): void {
  if (connectionOpened.hasSubscribers) {
    const message: ConnectionOpenedMessage = { connection };
    connectionOpened.publish(message);
  }
}

export function publishClosed(connection: HAPConnection, reason: HapwireError | undefined): void {
  if (connectionClosed.hasSubscribers) {
    const message: ConnectionClosedMessage = { connection, reason };
    connectionClosed.publish(message);
  }
}

export function publishRefusal(connection: HAPConnection, reason: HapwireError): void {
  if (connectionRefused.hasSubscribers) {
    const message: RefusalMessage = { connection, reason };
    connectionRefused.publish(message);
  }
}

export function publishRequest(
  connection: HAPConnection,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (requestReceived.hasSubscribers) {
    const message: RequestMessage = { connection, request, response };
    requestReceived.publish(message);
  }
}

export function publishFlush(connection: HAPConnection, bytes: number): void {
  if (eventsFlushed.hasSubscribers) {
    const message: EventsFlushedMessage = { connection, bytes };
    eventsFlushed.publish(message);
  }
}
