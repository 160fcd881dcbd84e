/** Node's HTTP server for one connection, and the requests that it makes. It never listens: a stream is handed to it. */

import { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

import { ExchangeResponse } from "./exchanges";
import { feederOf, type HttpStream, type HttpStreamFeeder } from "./http-stream";

/** Serves the requests of a {@link ConnectionServer}. */
export interface ConnectionServerOwner {
  /** The head of a request is complete. */
  serve(request: IncomingMessage, response: ExchangeResponse, expectation: Expectation): void;
  /** Node's parser has found an error, or the stream was destroyed with one. */
  handleParserError(error: Error & { readonly code?: string }): void;
}

/** The `Expect` field of a request: `100-continue`, another value, or none. */
export type Expectation = "continue" | "unknown" | undefined;

/** Answers for an expectation. @returns False if no handler can meet it: the response is 417. */
export function meets(expectation: Expectation, response: ExchangeResponse): boolean {
  if (expectation === "continue") {
    response.writeContinue();
  } else if (expectation === "unknown") {
    response.writeHead(417).end();
  }
  return expectation !== "unknown";
}

/** A request as Node's parser hands it out. It tells the feeder how much of it the parser has seen. */
class RequestMessage extends IncomingMessage {
  readonly #feeder: HttpStreamFeeder;
  #bodySize = 0;
  #isWhole = false;

  constructor(socket: Socket) {
    super(socket);
    // Node takes the stream for a socket.
    this.#feeder = feederOf(socket as unknown as HttpStream);
  }

  /** Called by Node's parser with bytes of the body, and with null at the end of the request. */
  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (!this.#isWhole) {
      if (chunk === null) {
        this.#isWhole = true;
        this.#feeder.handleComplete(this, this.#bodySize);
      } else {
        this.#bodySize += chunk.length;
        if (!this.#feeder.handleBody(this.#bodySize)) {
          return true;
        }
      }
    }
    return super.push(chunk, encoding);
  }
}

/** All servers share their listeners. */
export class ConnectionServer extends Server<typeof RequestMessage, typeof ExchangeResponse> {
  readonly #owner: ConnectionServerOwner;

  constructor(owner: ConnectionServerOwner, maxHeaderSize: number) {
    super({
      keepAliveTimeout: 0,
      requestTimeout: 0,
      // HAP controllers send a Host field, but test rigs may leave it out.
      requireHostHeader: false,
      maxHeaderSize,
      // Against the process's own flag: a lenient parser sees other requests than RequestBoundaries.
      insecureHTTPParser: false,
      IncomingMessage: RequestMessage,
      ServerResponse: ExchangeResponse,
    });
    this.#owner = owner;
    this.timeout = 0;
    this.on("request", ConnectionServer.#onRequest);
    this.on("checkContinue", ConnectionServer.#onContinue);
    this.on("checkExpectation", ConnectionServer.#onUnknown);
    this.on("clientError", ConnectionServer.#onClientError);
  }

  attach(stream: HttpStream): void {
    this.emit("connection", stream);
    stream.watch();
  }

  static #onRequest(this: ConnectionServer, request: IncomingMessage, response: ExchangeResponse): void {
    this.#owner.serve(request, response, undefined);
  }

  static #onContinue(this: ConnectionServer, request: IncomingMessage, response: ExchangeResponse): void {
    this.#owner.serve(request, response, "continue");
  }

  static #onUnknown(this: ConnectionServer, request: IncomingMessage, response: ExchangeResponse): void {
    this.#owner.serve(request, response, "unknown");
  }

  static #onClientError(this: ConnectionServer, error: Error & { code?: string }): void {
    this.#owner.handleParserError(error);
  }
}

// Deno ends a connection after its first response if the server does not listen. Node does not look.
Object.defineProperty(ConnectionServer.prototype, "listening", { value: true });
