/** Node's HTTP server, and the requests that it makes. It never listens: connections hand their streams to it. */

import { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

import { ExchangeResponse } from "./exchanges";
import { feederOf, type HttpStream, type HttpStreamFeeder } from "./http-stream";

/** A request as Node's parser hands it out. It tells the feeder how much of it the parser has seen. */
class RequestMessage extends IncomingMessage {
  readonly #feeder: HttpStreamFeeder;
  #bodySize = 0;
  #isWhole = false;

  constructor(socket: Socket) {
    super(socket);
    this.#feeder = feederOfSocket(socket);
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

/** Serves all connections of an EventedHTTPServer. A server for each connection would take about 1 KiB of it. */
export class ConnectionServer extends Server<typeof RequestMessage, typeof ExchangeResponse> {
  /** @param maxHeadSize - The largest of all limits on heads, in bytes. */
  constructor(maxHeadSize: number) {
    super({
      keepAliveTimeout: 0,
      requestTimeout: 0,
      // HAP controllers send a Host field, but test rigs may leave it out.
      requireHostHeader: false,
      maxHeaderSize: maxHeadSize,
      // Against the process's own flag: a lenient parser sees other requests than RequestBoundaries.
      insecureHTTPParser: false,
      IncomingMessage: RequestMessage,
      ServerResponse: ExchangeResponse,
    });
    this.timeout = 0;
    this.on("request", (request, response) => {
      feederOfSocket(request.socket).serve(request, response, undefined);
    });
    this.on("checkContinue", (request, response) => {
      feederOfSocket(request.socket).serve(request, response, "continue");
    });
    this.on("checkExpectation", (request, response) => {
      feederOfSocket(request.socket).serve(request, response, "unknown");
    });
    this.on("clientError", (error, socket) => {
      feederOfSocket(socket).handleParserError(error);
    });
  }

  attach(stream: HttpStream): void {
    this.emit("connection", stream);
    stream.watch();
  }
}

/** Node takes the stream for a socket. */
function feederOfSocket(socket: Duplex): HttpStreamFeeder {
  return feederOf(socket as unknown as HttpStream);
}

// Deno ends a connection after its first response if the server does not listen. Node does not look.
Object.defineProperty(ConnectionServer.prototype, "listening", { value: true });
