/**
 * The HTTP server of one connection. It never listens: the connection's stream is handed to it. Node does the HTTP; this
 * file knows which requests are under way, from their first byte to the end of their response.
 */

import { Server, type IncomingMessage, type ServerResponse } from "node:http";

import type { Clock } from "../clock";
import { ConnectionError, type ErrorCode } from "../errors";
import { HttpStream, type HttpStreamHost, type HttpStreamWire } from "./http-stream";
import { ReceiveDeadline, type DeadlineOwner, type ReceiveTimeouts } from "./receive-deadline";
import { RequestScanner, type RequestFault, type RequestLimits } from "./request-scanner";

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

export interface InternalHttpSettings extends ReceiveTimeouts {
  readonly clock: Clock;
  readonly maxHeadSize: number;
  /** How many requests may be in the hands of handlers. */
  readonly maxPendingRequests: number;
}

/** On a response: whose it is. One function for all responses costs less than closures for each. */
const kOwner = Symbol("owner");

interface OwnedResponse extends ServerResponse {
  [kOwner]: InternalHttp;
}

/** The server of one connection. Its listeners are functions that all of these share. */
class ConnectionServer extends Server {
  readonly owner: InternalHttp;

  constructor(owner: InternalHttp, maxHeaderSize: number) {
    // HAP controllers send a Host field, but nothing here depends on it, and test rigs may leave it out.
    super({ keepAliveTimeout: 0, requestTimeout: 0, requireHostHeader: false, maxHeaderSize });
    this.owner = owner;
    this.timeout = 0;
  }
}

// Deno ends a connection after its first response where the server does not listen; Node does not look.
Object.defineProperty(ConnectionServer.prototype, "listening", { value: true });

export class InternalHttp implements DeadlineOwner {
  readonly #host: InternalHttpHost;
  readonly #stream: HttpStream;
  readonly #settings: InternalHttpSettings;
  readonly #scanner: RequestScanner;
  /** Made when a request comes in pieces for the first time: most never do. */
  #deadline: ReceiveDeadline | undefined;
  /** Responses that have not finished, in the order of their requests. */
  readonly #unanswered: ServerResponse[] = [];
  #requests = 0;
  #finished = 0;
  #isRefusing = false;

  constructor(
    host: InternalHttpHost,
    wire: HttpStreamWire,
    settings: InternalHttpSettings,
    limits: RequestLimits,
  ) {
    this.#host = host;
    this.#settings = settings;
    this.#stream = new HttpStream(host, wire);
    this.#scanner = new RequestScanner(limits);
    const server = new ConnectionServer(this, settings.maxHeadSize);
    server.on("request", InternalHttp.#onRequest);
    server.on("checkExpectation", InternalHttp.#onUnknownExpectation);
    server.on("clientError", InternalHttp.#onClientError);
    server.emit("connection", this.#stream);
  }

  /** Sets the limits for requests that begin from here on. */
  set limits(limits: RequestLimits) {
    this.#scanner.limits = limits;
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

  /** Whether it is a handler's turn: of the request that is next to be answered all has come, and of its response not. */
  get awaitsHandler(): boolean {
    const [next] = this.#unanswered;
    return next?.req.complete === true && !next.writableEnded;
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
    const { fault } = this.#scanner;
    if (fault !== undefined) {
      this.#refuse(...REFUSALS[fault]);
      return true;
    }
    if (this.#scanner.receiving) {
      this.#deadline ??= new ReceiveDeadline(this.#settings.clock, this.#settings, this.#scanner, this);
    }
    this.#deadline?.update();
    return this.#stream.receive(plaintext);
  }

  /** Takes no further request; those that handlers have may be answered. */
  refuseFurther(): void {
    this.#isRefusing = true;
    this.#deadline?.stop();
  }

  /** Tells handlers that nothing happened for the time they had set. */
  timeout(): void {
    this.#stream.emit("timeout");
  }

  /** Ends all of it; handlers see their requests aborted and their responses closed. */
  destroy(): void {
    this.#deadline?.stop();
    this.#stream.destroy();
  }

  /** A request did not arrive in time. */
  handleLate(): void {
    this.#refuse("408 Request Timeout", "ERR_HAPWIRE_REQUEST_TIMEOUT", "a request did not arrive in time");
  }

  static #onRequest(this: ConnectionServer, request: IncomingMessage, response: ServerResponse): void {
    this.owner.#handleRequest(request, response);
  }

  static #onUnknownExpectation(
    this: ConnectionServer,
    _request: IncomingMessage,
    response: ServerResponse,
  ): void {
    this.owner.#track(response);
    response.writeHead(417).end();
  }

  static #onClientError(this: ConnectionServer, error: Error & { code?: string }): void {
    this.owner.#handleClientError(error);
  }

  static #onResponseFinish(this: OwnedResponse): void {
    this[kOwner].#endResponse(this);
  }

  static #onResponseClose(this: OwnedResponse): void {
    this[kOwner].#endResponse(this);
    this[kOwner].#host.afterResponse();
  }

  #handleRequest(request: IncomingMessage, response: ServerResponse): void {
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

  /** Counts a response once: when it finishes, or when it is given up. */
  #track(response: ServerResponse): void {
    this.#requests += 1;
    this.#unanswered.push(response);
    const owned = response as OwnedResponse;
    owned[kOwner] = this;
    // Before Node's own listener, which lets the next pipelined response go out.
    owned.prependListener("finish", InternalHttp.#onResponseFinish);
    // Comes after `finish` too, when Node's own listener has run.
    owned.on("close", InternalHttp.#onResponseClose);
  }

  #endResponse(response: ServerResponse): void {
    const index = this.#unanswered.indexOf(response);
    if (index === -1) {
      return;
    }
    this.#host.beforeResponseEnds();
    this.#unanswered.splice(index, 1);
    this.#finished += 1;
  }

  /** Takes the place of Node's own handling, which would cut off what is still to be written. */
  #handleClientError(error: Error & { code?: string }): void {
    const [status, code] = refusalOf(error.code);
    this.#refuse(status, code, `the controller sent what is no HTTP request: ${error.message}`);
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
    this.#deadline?.stop();
    const [current] = this.#unanswered;
    if (current === undefined || (!current.headersSent && !current.req.complete)) {
      this.#stream.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
    this.#host.handleRefusal(new ConnectionError(code, message));
    this.#stream.end();
  }
}

type Refusal = readonly [status: string, code: ErrorCode, message: string];

const BAD_REQUEST = "400 Bad Request";
const TOO_LARGE = "413 Payload Too Large";
const HEAD_TOO_LARGE = "431 Request Header Fields Too Large";

const REFUSALS: Readonly<Record<RequestFault, Refusal>> = {
  maxHeadSize: [
    HEAD_TOO_LARGE,
    "ERR_HAPWIRE_HEAD_TOO_LARGE",
    "the head of a request is larger than maxHeadSize",
  ],
  maxBodySize: [TOO_LARGE, "ERR_HAPWIRE_BODY_TOO_LARGE", "the body of a request is larger than its limit"],
  length: [BAD_REQUEST, "ERR_HAPWIRE_HTTP", "the length of a request's body is no number"],
};

/** How an error of Node's HTTP parser is answered. */
function refusalOf(parserCode: string | undefined): readonly [status: string, code: ErrorCode] {
  switch (parserCode) {
    case "HPE_HEADER_OVERFLOW":
      return [HEAD_TOO_LARGE, "ERR_HAPWIRE_HEAD_TOO_LARGE"];
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return [TOO_LARGE, "ERR_HAPWIRE_BODY_TOO_LARGE"];
    default:
      return [BAD_REQUEST, "ERR_HAPWIRE_HTTP"];
  }
}
