/**
 * Tracing through `node:diagnostics_channel`. Costs a look at a boolean if nobody subscribes. Messages carry objects, never
 * content or keys of their own.
 */

import { channel, subscribe, unsubscribe, type Channel } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";

import type { HAPConnection } from "./connection";
import type { ErrorCode, HapwireError } from "./errors";

/** The class of servers: named by way of the connection, so that server.ts can import this file. */
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
export interface ConnectionClosedMessage {
  /** The connection. */
  connection: HAPConnection;
  /** Why it ended. Undefined if the controller ended it in order, or if the application asked for it. */
  reason: HapwireError | undefined;
}

/** On `hapwire:connection:refused`, when a request or a connection breaks a limit or is not HTTP. */
export interface RefusalMessage {
  /** The connection. */
  connection: HAPConnection;
  /** Why. Programs look at its `code`. */
  reason: HapwireError;
}

/** On `hapwire:request`, before the handler gets it. */
export interface RequestMessage {
  /** The connection. */
  connection: HAPConnection;
  /** The handler reads its body. */
  request: IncomingMessage;
  /** The handler writes it. `finish` tells when it is out. */
  response: ServerResponse;
}

/** On `hapwire:events:flushed`, when an EVENT message was handed to the socket. */
export interface EventsFlushedMessage {
  /** The connection. */
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

/** What {@link observe} reports. Neither function may throw. */
export interface Observer {
  /**
   * A response was handed to the socket whole.
   *
   * @param milliseconds - Since the handler got the request.
   */
  answered(milliseconds: number): void;
  /** A request, or a connection, was refused. */
  refused(code: ErrorCode): void;
}

/**
 * Observes the requests of one server through the channels. Costs nothing once it has ended.
 *
 * @returns A function that ends the observation.
 */
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
