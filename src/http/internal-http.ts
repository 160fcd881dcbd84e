/**
 * The HTTP server of one connection. It never listens: the connection's stream is handed to it. Node does the HTTP; this
 * file knows which requests are under way, from their first byte to the end of their response.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import { HttpStream, type HttpStreamHost } from "./http-stream";
import { RequestScanner } from "./request-scanner";

/** What the connection does about its HTTP traffic. */
export interface InternalHttpHost extends HttpStreamHost {
  /** A request's head is complete. */
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  /** A response is about to be counted as finished; its last byte was handed to the socket. */
  beforeResponseEnds(): void;
  /** A response is finished. */
  afterResponse(): void;
  /** What the controller sent is no HTTP; the answer has been written where one is due. */
  handleBadRequest(error: Error): void;
}

export class InternalHttp {
  readonly #host: InternalHttpHost;
  readonly #server: Server;
  readonly #stream: HttpStream;
  readonly #scanner = new RequestScanner();
  /** Responses that have not finished, in the order of their requests. */
  readonly #unanswered: ServerResponse[] = [];
  #requests = 0;
  #finished = 0;

  constructor(host: InternalHttpHost) {
    this.#host = host;
    this.#stream = new HttpStream(host);
    // HAP controllers send a Host field, but nothing here depends on it, and test rigs may leave it out.
    this.#server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, requireHostHeader: false });
    this.#server.timeout = 0;
    this.#server.on("request", this.#onRequest.bind(this));
    this.#server.on("checkExpectation", this.#onUnknownExpectation.bind(this));
    this.#server.on("clientError", this.#onClientError.bind(this));
    this.#server.emit("connection", this.#stream);
  }

  /** Requests handed to handlers so far. */
  get requests(): number {
    return this.#requests;
  }

  /** Responses finished so far. */
  get finished(): number {
    return this.#finished;
  }

  /** Whether a request is being received or answered: no event may be sent. [PROTOCOL: events] */
  get busy(): boolean {
    return this.#scanner.receiving || this.#scanner.started > this.#finished;
  }

  /** Whether the first bytes of a request have arrived, but not the last. */
  get receiving(): boolean {
    return this.#scanner.receiving;
  }

  /** Requests whose first byte has arrived so far. */
  get started(): number {
    return this.#scanner.started;
  }

  /** Whether a handler has a response to finish. */
  get answering(): boolean {
    return this.#unanswered.length > 0;
  }

  /**
   * Takes plaintext from the controller.
   *
   * @returns false where no more should come until the host's `resume` is called.
   */
  receive(plaintext: Buffer): boolean {
    this.#scanner.push(plaintext);
    return this.#stream.receive(plaintext);
  }

  /** Tells handlers that nothing happened for the time they had set. */
  timeout(): void {
    this.#stream.emit("timeout");
  }

  /** Ends all of it; handlers see their requests aborted and their responses closed. */
  destroy(): void {
    this.#stream.destroy();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    this.#track(response);
    this.#host.handleRequest(request, response);
  }

  #onUnknownExpectation(_request: IncomingMessage, response: ServerResponse): void {
    this.#track(response);
    response.writeHead(417).end();
  }

  /** Counts a response once: when it finishes, or when it is given up. */
  #track(response: ServerResponse): void {
    this.#requests += 1;
    this.#unanswered.push(response);
    // Before Node's own listener, which lets the next pipelined response go out.
    response.prependListener("finish", () => {
      this.#endResponse(response);
    });
    // After Node's own listener.
    response.on("finish", () => {
      this.#host.afterResponse();
    });
    response.on("close", () => {
      if (this.#endResponse(response)) {
        this.#host.afterResponse();
      }
    });
  }

  /** @returns false where it had been counted already. */
  #endResponse(response: ServerResponse): boolean {
    const index = this.#unanswered.indexOf(response);
    if (index === -1) {
      return false;
    }
    this.#host.beforeResponseEnds();
    this.#unanswered.splice(index, 1);
    this.#finished += 1;
    return true;
  }

  /**
   * Answers what is no HTTP, unless another response stands in between, and ends the connection. Listening to
   * `clientError` takes this over from Node, which would cut off what is still to be written.
   */
  #onClientError(error: Error & { code?: string }): void {
    if (this.#unanswered[0]?.headersSent !== true) {
      const status = statusOf(error.code);
      this.#stream.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
    this.#host.handleBadRequest(error);
    this.#stream.end();
  }
}

/** The answer to an error of Node's HTTP parser. */
function statusOf(code: string | undefined): string {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return "431 Request Header Fields Too Large";
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return "413 Payload Too Large";
    default:
      return "400 Bad Request";
  }
}
