/** Tracing through `node:diagnostics_channel`. Messages carry objects, no content or keys of their own. */

import { channel, subscribe, unsubscribe, type Channel } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";

import type { HAPConnection } from "./connection";
import type { ErrorCode, HapwireError } from "./errors";

/** Taken from the connection, so that server.ts can import this file. */
type EventedHTTPServer = HAPConnection["server"];

/** On `hapwire:server:listening`, and on `hapwire:server:closed` when the server and all its connections have closed. */
export interface ServerMessage {
  /** The server. */
  server: EventedHTTPServer;
}

/** On `hapwire:connection:opened`. */
export interface ConnectionOpenedMessage {
  /** The connection. */
  connection: HAPConnection;
}

/** On `hapwire:connection:closed`, when the connection has closed. */
export interface ConnectionClosedMessage extends ConnectionOpenedMessage {
  /** Why it ended. Undefined if the controller ended it in order, or if the application asked for it. */
  reason: HapwireError | undefined;
}

/** On `hapwire:connection:refused`, when a request or a connection breaks a limit or is not HTTP. */
export interface RefusalMessage extends ConnectionOpenedMessage {
  /** Why. Programs look at its `code`. */
  reason: HapwireError;
}

/** On `hapwire:request`, before the handler gets it. */
export interface RequestMessage extends ConnectionOpenedMessage {
  /** The handler reads its body. */
  request: IncomingMessage;
  /** The handler writes it. `finish` tells when it is out. */
  response: ServerResponse;
}

/** On `hapwire:events:flushed`, when an EVENT message was handed to the socket. */
export interface EventsFlushedMessage extends ConnectionOpenedMessage {
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
    event.publish({ server } satisfies ServerMessage);
  }
}

export function publishOpened(connection: HAPConnection): void {
  if (connectionOpened.hasSubscribers) {
    connectionOpened.publish({ connection } satisfies ConnectionOpenedMessage);
  }
}

export function publishClosed(connection: HAPConnection, reason: HapwireError | undefined): void {
  if (connectionClosed.hasSubscribers) {
    connectionClosed.publish({ connection, reason } satisfies ConnectionClosedMessage);
  }
}

export function publishRefusal(connection: HAPConnection, reason: HapwireError): void {
  if (connectionRefused.hasSubscribers) {
    connectionRefused.publish({ connection, reason } satisfies RefusalMessage);
  }
}

export function publishRequest(
  connection: HAPConnection,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (requestReceived.hasSubscribers) {
    requestReceived.publish({ connection, request, response } satisfies RequestMessage);
  }
}

export function publishFlush(connection: HAPConnection, bytes: number): void {
  if (eventsFlushed.hasSubscribers) {
    eventsFlushed.publish({ connection, bytes } satisfies EventsFlushedMessage);
  }
}

/** Neither function may throw. */
export interface Observer {
  /** A response was handed to the socket whole, this many milliseconds after the handler got the request. */
  answered(milliseconds: number): void;
  /** A request, or a connection, was refused. */
  refused(code: ErrorCode): void;
}

/** Observes the requests of one server through the channels. @returns A function that ends the observation. */
export function observe(server: EventedHTTPServer, observer: Observer): () => void {
  const onRequest = (message: unknown): void => {
    const { connection, response } = message as RequestMessage;
    if (connection.server !== server) {
      return;
    }
    const start = performance.now();
    response.once("finish", () => {
      observer.answered(performance.now() - start);
    });
  };
  const onRefusal = (message: unknown): void => {
    const { connection, reason } = message as RefusalMessage;
    if (connection.server === server) {
      observer.refused(reason.code);
    }
  };
  subscribe(requestReceived.name, onRequest);
  subscribe(connectionRefused.name, onRefusal);
  return () => {
    unsubscribe(requestReceived.name, onRequest);
    unsubscribe(connectionRefused.name, onRefusal);
  };
}
