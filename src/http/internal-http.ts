/**
 * The HTTP server of one connection. It never listens: the connection's stream is handed to it. Node does the HTTP; this
 * file knows which requests are under way, from their first byte to the end of their response, and which of them are
 * served before the connection ends.
 */

import { Server, type IncomingMessage, type ServerResponse } from "node:http";

import type { Clock } from "../clock";
import { ConnectionError, type ErrorCode } from "../errors";
import { HttpStream, type HttpStreamHost, type HttpStreamWire } from "./http-stream";
import { ReceiveDeadline, type DeadlineOwner, type ReceiveTimeouts } from "./receive-deadline";
import { RequestScanner, type RequestFault, type RequestLimits } from "./request-scanner";
import { isUrl } from "./request-target";

/** What the connection does about its HTTP traffic. */
export interface InternalHttpHost extends HttpStreamHost {
  /** A request's head is complete. */
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  /** A response is about to be counted as finished; its last byte was handed to the socket. */
  beforeResponseEnds(): void;
  /** A response is finished. */
  afterResponse(): void;
  /** A request is refused, and the connection ends with those before it. */
  handleRefusal(reason: ConnectionError): void;
  /** The connection ends once handlers have answered. */
  handleEnding(): void;
}

export interface InternalHttpSettings extends ReceiveTimeouts {
  readonly clock: Clock;
  readonly maxHeadSize: number;
}

export interface InternalHttpLimits extends RequestLimits {
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
    super({
      keepAliveTimeout: 0,
      requestTimeout: 0,
      requireHostHeader: false,
      maxHeaderSize,
      // Whatever the process was started with: a lenient parser sees other requests than the scanner, and no limit holds.
      insecureHTTPParser: false,
    });
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
  #limits: InternalHttpLimits;
  /** Made when a request comes in pieces for the first time: most never do. */
  #deadline: ReceiveDeadline | undefined;
  /** Responses that have not finished, in the order of their requests. */
  readonly #unanswered: ServerResponse[] = [];
  #requests = 0;
  #finished = 0;
  /** How many requests are served before the connection ends; Infinity while it does not end. */
  #last = Infinity;
  /** The status of the request after these, where it is refused. */
  #refusal: string | undefined;
  /** The latest request, where its response has finished before its last byte arrived. */
  #answeredEarly: IncomingMessage | undefined;

  constructor(
    host: InternalHttpHost,
    wire: HttpStreamWire,
    settings: InternalHttpSettings,
    limits: InternalHttpLimits,
  ) {
    this.#host = host;
    this.#settings = settings;
    this.#stream = new HttpStream(host, wire);
    this.#limits = limits;
    this.#scanner = new RequestScanner(limits);
    const server = new ConnectionServer(this, settings.maxHeadSize);
    server.on("request", InternalHttp.#onRequest);
    server.on("checkExpectation", InternalHttp.#onUnknownExpectation);
    server.on("clientError", InternalHttp.#onClientError);
    server.emit("connection", this.#stream);
  }

  /** Sets the limits for requests that begin from here on. */
  set limits(limits: InternalHttpLimits) {
    this.#limits = limits;
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

  /** Whether the connection ends when the requests that are still served have been answered. */
  get ending(): boolean {
    return this.#last !== Infinity;
  }

  /**
   * Takes plaintext from the controller.
   *
   * @returns false where no more should come until the host's `resume` is called.
   */
  receive(plaintext: Buffer): boolean {
    if (this.#scanner.started > this.#last) {
      return true;
    }
    this.#scanner.push(plaintext);
    const { fault } = this.#scanner;
    if (fault !== undefined) {
      this.#receiveBefore(plaintext);
      const [status, code, message] = REFUSALS[fault];
      this.#refuse(this.#scanner.started, status, new ConnectionError(code, message));
      return true;
    }
    if (this.#scanner.receiving) {
      this.#deadline ??= new ReceiveDeadline(this.#settings.clock, this.#settings, this.#scanner, this);
    }
    this.#deadline?.update();
    return this.#stream.receive(plaintext);
  }

  /** Takes no request at all: the controller is told to come again later. */
  refuseAll(reason: ConnectionError): void {
    this.#refuse(1, UNAVAILABLE, reason);
  }

  /** Ends once the requests that handlers have are received and answered. */
  endAfterHandled(): void {
    this.#endAfter(this.#requests);
  }

  /** Ends once the requests that have arrived whole are answered. */
  endAfterReceived(): void {
    const { started, receiving } = this.#scanner;
    this.#endAfter(receiving ? started - 1 : started);
  }

  /** Tells handlers that nothing happened for the time they had set. */
  timeout(): void {
    this.#stream.emit("timeout");
  }

  /** Ends all of it; handlers see their requests aborted and their responses closed. */
  destroy(): void {
    this.#deadline?.stop();
    this.#stream.destroy();
    // Given up. They say so themselves later, when the figures of the connection have been taken.
    this.#finished += this.#unanswered.length;
    this.#unanswered.length = 0;
  }

  /** A request did not arrive in time. */
  handleLate(): void {
    this.#refuse(
      this.#scanner.started,
      "408 Request Timeout",
      new ConnectionError("ERR_HAPWIRE_REQUEST_TIMEOUT", "a request did not arrive in time"),
    );
  }

  static #onRequest(this: ConnectionServer, request: IncomingMessage, response: ServerResponse): void {
    this.owner.#handleRequest(request, response);
  }

  static #onUnknownExpectation(
    this: ConnectionServer,
    _request: IncomingMessage,
    response: ServerResponse,
  ): void {
    this.owner.#refuseExpectation(response);
  }

  static #onClientError(this: ConnectionServer, error: Error & { code?: string }): void {
    this.owner.#handleClientError(error);
  }

  static #onResponseFinish(this: OwnedResponse): void {
    this[kOwner].#endResponse(this);
  }

  static #onResponseClose(this: OwnedResponse): void {
    this[kOwner].#endResponse(this);
    this[kOwner].#afterResponse();
  }

  /** Of a segment in which a request is at fault, those before it are handed to handlers first. */
  #receiveBefore(plaintext: Buffer): void {
    const { offset } = this.#scanner;
    if (offset > 0) {
      this.#stream.receive(plaintext.subarray(0, offset));
    }
  }

  #handleRequest(request: IncomingMessage, response: ServerResponse): void {
    const { maxPendingRequests } = this.#limits;
    if (this.#requests >= this.#last) {
      // The connection ends before it.
      return;
    }
    const next = this.#requests + 1;
    if (this.#unanswered.length >= maxPendingRequests) {
      const message = `more than ${String(maxPendingRequests)} requests wait for their responses`;
      this.#refuse(next, UNAVAILABLE, new ConnectionError("ERR_HAPWIRE_REQUEST_COUNT", message));
    } else if (!isUrl(request.url ?? "")) {
      const reason = new ConnectionError("ERR_HAPWIRE_HTTP", "the target of a request is no URL");
      this.#refuse(next, BAD_REQUEST, reason);
    } else {
      this.#track(response);
      this.#host.handleRequest(request, response);
    }
  }

  #refuseExpectation(response: ServerResponse): void {
    if (this.#requests < this.#last) {
      this.#track(response);
      response.writeHead(417).end();
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
    this.#answeredEarly = response.req.complete ? undefined : response.req;
  }

  #afterResponse(): void {
    if (this.ending) {
      this.#endIfServed();
    } else {
      this.#host.afterResponse();
    }
  }

  /** Takes the place of Node's own handling, which would cut off what is still to be written. */
  #handleClientError(error: Error & { code?: string }): void {
    if (this.#stream.destroyed) {
      // No error of the parser's: what it is, the host was told when the stream was given up.
      return;
    }
    const [status, code] = refusalOf(error.code);
    // The parser stops in the body of the latest request that it gave out, or in the head of the one after it.
    const latest = this.#unanswered.at(-1)?.req ?? this.#answeredEarly;
    const request = latest?.complete === false ? this.#requests : this.#requests + 1;
    const message = `the controller sent what is no HTTP request: ${error.message}`;
    this.#refuse(request, status, new ConnectionError(code, message));
  }

  /**
   * Refuses a request, and ends the connection once those before it are answered.
   *
   * @param request - Its number: the first one of the connection is 1.
   */
  #refuse(request: number, status: string, reason: ConnectionError): void {
    if (request > this.#last) {
      return;
    }
    this.#refusal = status;
    this.#host.handleRefusal(reason);
    this.#endAfter(request - 1);
  }

  #endAfter(last: number): void {
    this.#last = Math.min(this.#last, last);
    this.#endIfServed();
    if (!this.#stream.writableEnded) {
      this.#host.handleEnding();
    }
  }

  /** The last response is out: the refusal follows it, unless a handler has begun to answer that request already. */
  #endIfServed(): void {
    if (this.#finished < this.#last || !this.#stream.writable) {
      return;
    }
    const hasBegun = this.#finished > this.#last || this.#unanswered[0]?.headersSent === true;
    if (this.#refusal !== undefined && !hasBegun) {
      this.#stream.write(`HTTP/1.1 ${this.#refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
    this.#stream.end();
  }
}

type Refusal = readonly [status: string, code: ErrorCode, message: string];

const BAD_REQUEST = "400 Bad Request";
const UNAVAILABLE = "503 Service Unavailable";
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
