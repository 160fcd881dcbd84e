/** What one server's requests take and which it refuses, told through the diagnostics channels to those who look on. */

import { subscribe, unsubscribe } from "node:diagnostics_channel";

import { connectionRefused, requestReceived, type RefusalMessage, type RequestMessage } from "./diagnostics";
import type { ErrorCode } from "./errors";
import type { EventedHTTPServer } from "./server";

/** Those who look on. Neither function may throw. */
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
 * Observes a server. What it costs, it costs only for as long as it lasts.
 *
 * @returns A function that ends it.
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
