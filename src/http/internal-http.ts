/**
 * The HTTP server of one connection. It never listens: the connection's stream is handed to it. Node does the HTTP; this
 * file knows which requests are under way, from their first byte to the end of their response.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import type { Clock } from "../clock";
import { ConnectionError, type ErrorCode } from "../errors";
import { HttpStream, type HttpStreamHost } from "./http-stream";
import { ReceiveDeadline, type ReceiveTimeouts } from "./receive-deadline";
import { RequestScanner, type RequestLimits } from "./request-scanner";

/** What the connection does about its HTTP traffic. */
export interface InternalHttpHost extends HttpStreamHost {
  /** A request's head is complete. */
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  /** A response is about to be counted as finished; its last byte was handed to the socket. */
  beforeResponseEnds(): void;
  /** A response is finished. */
  afterResponse(): void;
  /** A request was refused, and the connection ends; the answer has been written where one is due. */
  handleRefusal(reason: ConnectionError): void;
}

export interface InternalHttpSettings extends RequestLimits, ReceiveTimeouts {
  readonly clock: Clock;
  /** How many requests may be in the hands of handlers. */
  readonly maxPendingRequests: number;
}

export class InternalHttp {
  readonly #host: InternalHttpHost;
  readonly #server: Server;
  readonly #stream: HttpStream;
  readonly #settings: InternalHttpSettings;
  readonly #scanner: RequestScanner;
  readonly #deadline: ReceiveDeadline;
  /** Responses that have not finished, in the order of their requests. */
  readonly #unanswered: ServerResponse[] = [];
  #requests = 0;
  #finished = 0;
  #isRefusing = false;

  /** @param settings - The limits are read for each request anew: they widen when the controller authenticates. */
  constructor(host: InternalHttpHost, settings: InternalHttpSettings) {
    this.#host = host;
    this.#settings = settings;
    this.#stream = new HttpStream(host);
    this.#scanner = new RequestScanner(settings);
    this.#deadline = new ReceiveDeadline(settings.clock, settings, this.#scanner, this.#onLate.bind(this));
    // HAP controllers send a Host field, but nothing here depends on it, and test rigs may leave it out.
    this.#server = createServer({
      keepAliveTimeout: 0,
      requestTimeout: 0,
      requireHostHeader: false,
      maxHeaderSize: settings.maxHeadSize,
    });
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
    if (this.#isRefusing) {
      return true;
    }
    this.#scanner.push(plaintext);
    const { exceeded } = this.#scanner;
    if (exceeded !== undefined) {
      this.#refuse(...REFUSALS[exceeded]);
      return true;
    }
    this.#deadline.update();
    return this.#stream.receive(plaintext);
  }

  /** Takes no further request; those that handlers have may be answered. */
  refuseFurther(): void {
    this.#isRefusing = true;
    this.#deadline.stop();
  }

  /** Tells handlers that nothing happened for the time they had set. */
  timeout(): void {
    this.#stream.emit("timeout");
  }

  /** Ends all of it; handlers see their requests aborted and their responses closed. */
  destroy(): void {
    this.#deadline.stop();
    this.#stream.destroy();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    if (this.#isRefusing) {
      // The connection ends when those before it are answered.
      return;
    }
    this.#track(response);
    if (this.#unanswered.length > this.#settings.maxPendingRequests) {
      this.#refuseLast(response);
    } else {
      this.#host.handleRequest(request, response);
    }
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

  /** Takes the place of Node's own handling, which would cut off what is still to be written. */
  #onClientError(error: Error & { code?: string }): void {
    const [status, code] = refusalOf(error.code);
    this.#refuse(status, code, `the controller sent what is no HTTP request: ${error.message}`);
  }

  #onLate(): void {
    this.#refuse("408 Request Timeout", "ERR_HAPWIRE_REQUEST_TIMEOUT", "a request did not arrive in time");
  }

  /** Answers a request that is one too many, after those before it, and reads no further one. */
  #refuseLast(response: ServerResponse): void {
    this.#isRefusing = true;
    this.#host.handleRefusal(
      new ConnectionError(
        "ERR_HAPWIRE_REQUEST_COUNT",
        `more than ${String(this.#settings.maxPendingRequests)} requests wait for their responses`,
      ),
    );
    response.writeHead(503, { Connection: "close", "Content-Length": 0 }).end();
  }

  /**
   * Refuses the request that is arriving, and ends the connection once what has been written is out. The refusal is told
   * to the controller where it can't be taken for the response to another request, or for a part of one.
   */
  #refuse(status: string, code: ErrorCode, message: string): void {
    this.#isRefusing = true;
    this.#deadline.stop();
    const [current] = this.#unanswered;
    if (current === undefined || (!current.headersSent && !current.req.complete)) {
      this.#stream.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
    this.#host.handleRefusal(new ConnectionError(code, message));
    this.#stream.end();
  }
}

type Refusal = readonly [status: string, code: ErrorCode, message: string];

const TOO_LARGE = "413 Payload Too Large";
const HEAD_TOO_LARGE = "431 Request Header Fields Too Large";

const REFUSALS: Readonly<Record<keyof RequestLimits, Refusal>> = {
  maxHeadSize: [
    HEAD_TOO_LARGE,
    "ERR_HAPWIRE_HEAD_TOO_LARGE",
    "the head of a request is larger than maxHeadSize",
  ],
  maxBodySize: [TOO_LARGE, "ERR_HAPWIRE_BODY_TOO_LARGE", "the body of a request is larger than its limit"],
};

/** How an error of Node's HTTP parser is answered. */
function refusalOf(parserCode: string | undefined): readonly [status: string, code: ErrorCode] {
  switch (parserCode) {
    case "HPE_HEADER_OVERFLOW":
      return [HEAD_TOO_LARGE, "ERR_HAPWIRE_HEAD_TOO_LARGE"];
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return [TOO_LARGE, "ERR_HAPWIRE_BODY_TOO_LARGE"];
    default:
      return ["400 Bad Request", "ERR_HAPWIRE_HTTP"];
  }
}
