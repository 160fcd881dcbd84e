/**
 * The HTTP server of one connection. It never listens: the connection's stream is handed to it. Node parses and answers.
 * This file feeds Node's parser one request at a time, knows which requests are under way, from their first byte to the
 * end of their response, and which of them are served before the connection ends.
 */

import { Server, type IncomingMessage, type ServerResponse } from "node:http";

import type { Clock } from "../../clock";
import { ConnectionError } from "../../errors";
import { HttpStream, type HttpStreamFeeder, type HttpStreamHost, type HttpStreamWire } from "./http-stream";
import { ReceiveDeadline, type DeadlineOwner, type ReceiveTimeouts } from "./receive-deadline";
import * as refusals from "./refusals";
import { RequestBoundaries, type RequestLimits } from "./request-boundaries";
import { RequestMessage, type ParserObserver } from "./request-message";
import { isUrl } from "./request-target";
import { ReservedBytes, type Budget } from "./reserved-bytes";

/** What the connection does about its HTTP traffic. */
export interface ConnectionHttpHost extends HttpStreamHost {
  /** The head of a request is complete. */
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  /** A response is about to be counted as finished. Its last byte was handed to the socket. */
  beforeResponseEnds(): void;
  /** A response is finished. */
  afterResponse(): void;
  /** A request is refused. The connection ends after those before it. */
  handleRefusal(reason: ConnectionError): void;
  /** The connection ends when handlers have answered. */
  handleDraining(): void;
}

export interface ConnectionHttpSettings extends ReceiveTimeouts {
  readonly clock: Clock;
  /** The largest of all limits on heads, in bytes. */
  readonly maxHeadSize: number;
}

export interface ConnectionHttpLimits extends RequestLimits {
  /** How many requests handlers may have at a time. */
  readonly maxPendingRequests: number;
  /**
   * Bounds the bytes of all requests that are not answered yet. A connection whose limits have no budget never gets one
   * later.
   */
  readonly budget?: Budget;
}

/** A request that has begun and whose response has not finished. */
interface Exchange {
  readonly owner: ConnectionHttp;
  /** Undefined until the head is complete. */
  response: ServerResponse | undefined;
  /** Bytes of the request so far. */
  bytes: number;
}

/** On a response: its exchange. One listener for all responses costs less than a closure for each. */
const kExchange = Symbol("exchange");

interface TrackedResponse extends ServerResponse {
  [kExchange]: Exchange;
}

/** How many bytes are read after the last request that is served. A client that has sent no more sees the refusal. */
const MAX_DISCARDED = 64 * 1024;

/** The server of one connection. All servers share their listeners. */
class ConnectionServer extends Server {
  readonly owner: ConnectionHttp;

  constructor(owner: ConnectionHttp, maxHeaderSize: number) {
    // HAP controllers send a Host field, but nothing here depends on it, and test rigs may leave it out.
    super({
      keepAliveTimeout: 0,
      requestTimeout: 0,
      requireHostHeader: false,
      maxHeaderSize,
      // Whatever the process was started with: a lenient parser sees other requests than RequestBoundaries.
      insecureHTTPParser: false,
      IncomingMessage: RequestMessage,
    });
    this.owner = owner;
    this.timeout = 0;
  }
}

// Deno ends a connection after its first response if the server does not listen. Node does not look.
Object.defineProperty(ConnectionServer.prototype, "listening", { value: true });

export class ConnectionHttp implements DeadlineOwner, HttpStreamFeeder, ParserObserver {
  readonly #host: ConnectionHttpHost;
  readonly #wire: HttpStreamWire;
  readonly #stream: HttpStream;
  readonly #settings: ConnectionHttpSettings;
  readonly #boundaries: RequestBoundaries;
  readonly #reserved: ReservedBytes;
  #limits: ConnectionHttpLimits;
  /** Made when a request comes in pieces for the first time: most never do. */
  #deadline: ReceiveDeadline | undefined;
  /** In the order of the requests. */
  readonly #exchanges: Exchange[] = [];
  /** The request that began last, until its response has finished. */
  #latest: Exchange | undefined;
  #requests = 0;
  /** How many requests Node's parser has seen whole. */
  #parsed = 0;
  /** What the controller sent behind the request that Node's parser has not seen whole yet. */
  #held: Buffer | undefined;
  #isFeeding = false;
  #hasRoom = true;
  #isBlank = false;
  /** How many requests are served before the connection ends; Infinity while it does not end. */
  #last = Infinity;
  /** The status of the request after these, if it is refused. */
  #refusal: string | undefined;
  #discarded = 0;
  /** The controller sends no more. The connection ends after the requests that are held. */
  #isHalfClosed = false;

  constructor(
    host: ConnectionHttpHost,
    wire: HttpStreamWire,
    settings: ConnectionHttpSettings,
    limits: ConnectionHttpLimits,
  ) {
    this.#host = host;
    this.#wire = wire;
    this.#settings = settings;
    this.#stream = new HttpStream(host, wire, this);
    this.#limits = limits;
    this.#boundaries = new RequestBoundaries(limits);
    this.#reserved = new ReservedBytes(limits.budget);
    const server = new ConnectionServer(this, settings.maxHeadSize);
    server.on("request", ConnectionHttp.#onRequest);
    server.on("checkContinue", ConnectionHttp.#onContinue);
    server.on("checkExpectation", ConnectionHttp.#onUnknownExpectation);
    server.on("clientError", ConnectionHttp.#onClientError);
    server.emit("connection", this.#stream);
    this.#stream.watch();
  }

  /** Sets the limits, also for the request that is arriving. */
  set limits(limits: ConnectionHttpLimits) {
    if (limits.budget !== this.#limits.budget) {
      this.#reserved.close();
    }
    this.#limits = limits;
    this.#boundaries.limits = limits;
  }

  /** Requests handed to handlers so far. */
  get requests(): number {
    return this.#requests;
  }

  /** Responses finished so far. */
  get finished(): number {
    return this.#requests - this.#pending;
  }

  /** True if a request is being received or answered: no event may be sent. [PROTOCOL: events] */
  get busy(): boolean {
    return this.#exchanges.length > 0 || this.#boundaries.receiving || this.#held !== undefined;
  }

  /** Requests whose first byte has arrived so far. */
  get started(): number {
    return this.#boundaries.started;
  }

  /** True if a handler has a response to finish. */
  get answering(): boolean {
    return this.#pending > 0;
  }

  /** True if the request that is next to be answered has arrived whole, and its handler has not ended the response. */
  get awaitsHandler(): boolean {
    const response = this.#exchanges[0]?.response;
    return response?.req.complete === true && !response.writableEnded;
  }

  /** True if the connection ends when the requests that are still served have been answered. */
  get ending(): boolean {
    return this.#last !== Infinity || this.#isHalfClosed;
  }

  /** True if the bytes received last were line ends between requests, or were discarded: no sign of life. */
  get idleBytesOnly(): boolean {
    return this.#isBlank;
  }

  /**
   * Takes plaintext from the controller.
   *
   * @returns false if no more should come until the wire's `resume` is called.
   */
  receive(plaintext: Buffer): boolean {
    this.#isBlank = true;
    if (this.#servesNoMore) {
      this.#discarded += plaintext.length;
    } else if (this.#reserved.take(plaintext.length)) {
      this.#held = this.#held === undefined ? plaintext : Buffer.concat([this.#held, plaintext]);
      this.#feed();
    } else {
      this.#discarded += plaintext.length;
      const { started, receiving } = this.#boundaries;
      this.#refuse(receiving ? started : started + 1, refusals.budgetRefusal());
    }
    return this.#hasRoom && this.#mayRead;
  }

  /** Takes no request at all: the controller is told to come again later. */
  refuseAll(reason: ConnectionError): void {
    this.#refuse(1, refusals.connectionRefusal(reason));
  }

  /** Ends when the requests that handlers have are received and answered. */
  endAfterHandled(): void {
    this.#endAfter(this.#requests);
  }

  /** Ends when the requests that have arrived whole are answered. The controller sends no more. */
  endAfterReceived(): void {
    this.#isHalfClosed = true;
    if (this.#held === undefined) {
      const { started, receiving } = this.#boundaries;
      this.#endAfter(receiving ? started - 1 : started);
    } else {
      this.#host.handleDraining();
    }
  }

  /** Tells handlers that nothing happened for the time they had set. */
  timeout(): void {
    this.#stream.emit("timeout");
  }

  /** Ends all of it. Handlers see their requests aborted and their responses closed. */
  destroy(): void {
    this.#deadline?.stop();
    this.#stream.destroy();
    // Given up. Their own `close` comes later, when the figures of the connection have been taken.
    this.#exchanges.length = 0;
    this.#latest = undefined;
    this.#held = undefined;
    this.#reserved.close();
  }

  /** A request did not arrive in time. */
  handleLate(): void {
    this.#refuse(this.#boundaries.started, refusals.lateRefusal());
  }

  /** The stream has room for more. */
  feedMore(): void {
    this.#hasRoom = true;
    if (this.#mayRead) {
      this.#wire.resume();
    }
  }

  /** Node's parser has taken bytes of the stream. */
  handleTaken(): void {
    if (this.#servesNoMore) {
      return;
    }
    if (this.#stream.readableLength === 0 && !this.#isInStep) {
      this.#abandonParser();
    } else if (this.#held !== undefined && !this.#isFeeding) {
      this.#feed();
      this.feedMore();
    }
  }

  /** Node's parser has handed out bytes of a body. */
  handleBody({ bodySize }: RequestMessage): boolean {
    // RequestBoundaries refuses what a body announces. This holds even if the parser reads more out of it.
    if (bodySize <= this.#limits.maxBodySize) {
      return true;
    }
    this.#refuse(this.#boundaries.started, refusals.bodyRefusal());
    return false;
  }

  /** Node's parser has seen the end of a request. */
  handleComplete(message: RequestMessage): void {
    this.#parsed += 1;
    const { receiving, started, bodySize } = this.#boundaries;
    // Node does not hand out the rest of a body whose response has finished.
    const isCounted = this.#latest?.response?.req === message;
    if (receiving || this.#parsed !== started || (isCounted && message.bodySize !== bodySize)) {
      this.#abandonParser();
    }
  }

  static #onRequest(this: ConnectionServer, request: IncomingMessage, response: ServerResponse): void {
    if (this.owner.#admit(request, response)) {
      this.owner.#host.handleRequest(request, response);
    }
  }

  static #onContinue(this: ConnectionServer, request: IncomingMessage, response: ServerResponse): void {
    if (this.owner.#admit(request, response)) {
      response.writeContinue();
      this.owner.#host.handleRequest(request, response);
    }
  }

  static #onUnknownExpectation(
    this: ConnectionServer,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    if (this.owner.#admit(request, response)) {
      response.writeHead(417).end();
    }
  }

  static #onClientError(this: ConnectionServer, error: Error & { code?: string }): void {
    this.owner.#handleClientError(error);
  }

  static #onResponseFinish(this: TrackedResponse): void {
    const exchange = this[kExchange];
    exchange.owner.#endExchange(exchange);
  }

  static #onResponseClose(this: TrackedResponse): void {
    const exchange = this[kExchange];
    exchange.owner.#endExchange(exchange);
    exchange.owner.#afterResponse();
  }

  /** How many responses have not finished. Only the request that began last may have none. */
  get #pending(): number {
    const { length } = this.#exchanges;
    return length > 0 && this.#exchanges[length - 1]?.response === undefined ? length - 1 : length;
  }

  /** True if Node's parser has seen all requests whole that have arrived whole. */
  get #isInStep(): boolean {
    const { started, receiving } = this.#boundaries;
    return this.#parsed === (receiving ? started - 1 : started);
  }

  get #servesNoMore(): boolean {
    const { started, receiving } = this.#boundaries;
    return !this.#stream.writable || started > this.#last || (started === this.#last && !receiving);
  }

  get #mayRead(): boolean {
    return this.#held === undefined && this.#discarded <= MAX_DISCARDED;
  }

  /** Feeds Node's parser with what is held, until a request ends that the parser does not take at once. */
  #feed(): void {
    this.#isFeeding = true;
    while (this.#held !== undefined && this.#isInStep && !this.#servesNoMore) {
      this.#feedOne(this.#held);
    }
    this.#isFeeding = false;
    if (this.#held !== undefined) {
      this.#isBlank = false;
    }
    if (this.#servesNoMore) {
      this.#discardHeld();
    } else if (this.#isHalfClosed && this.#held === undefined) {
      this.endAfterReceived();
    } else if (this.#boundaries.receiving || this.#deadline !== undefined) {
      this.#deadline ??= new ReceiveDeadline(this.#settings.clock, this.#settings, this.#boundaries, this);
      this.#deadline.update();
    }
  }

  /** Feeds bytes of one request. */
  #feedOne(bytes: Buffer): void {
    const { started } = this.#boundaries;
    const end = this.#boundaries.advance(bytes);
    const { begin, fault } = this.#boundaries;
    if (this.#boundaries.started > started) {
      this.#latest = { owner: this, response: undefined, bytes: 0 };
      this.#exchanges.push(this.#latest);
    }
    if (fault !== undefined) {
      this.#refuse(this.#boundaries.started, refusals.faultRefusal(fault));
      return;
    }
    this.#held = end < bytes.length ? bytes.subarray(end) : undefined;
    this.#reserved.give(begin);
    if (end === begin) {
      return;
    }
    this.#isBlank = false;
    if (this.#latest === undefined) {
      // Answered already: Node does not keep the rest.
      this.#reserved.give(end - begin);
    } else {
      this.#latest.bytes += end - begin;
    }
    this.#hasRoom = this.#stream.receive(end - begin === bytes.length ? bytes : bytes.subarray(begin, end));
  }

  #discardHeld(): void {
    if (this.#held !== undefined) {
      this.#discarded += this.#held.length;
      this.#reserved.give(this.#held.length);
      this.#held = undefined;
    }
  }

  /** Decides whether a request is served: the one place for its number, its count and its target. */
  #admit(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#requests >= this.#last) {
      // The connection ends before it.
      return false;
    }
    const { started, inHead } = this.#boundaries;
    const exchange = this.#latest;
    if (exchange === undefined || exchange.response !== undefined || inHead) {
      this.#abandonParser();
      return false;
    }
    const { maxPendingRequests } = this.#limits;
    if (this.#pending >= maxPendingRequests) {
      this.#refuse(started, refusals.countRefusal(maxPendingRequests));
      return false;
    }
    if (!isUrl(request.url ?? "")) {
      this.#refuse(started, refusals.targetRefusal());
      return false;
    }
    this.#track(exchange, response);
    return true;
  }

  #track(exchange: Exchange, response: ServerResponse): void {
    this.#requests += 1;
    exchange.response = response;
    const tracked = response as TrackedResponse;
    tracked[kExchange] = exchange;
    // Before Node's own listener, which lets the next pipelined response go out.
    tracked.prependListener("finish", ConnectionHttp.#onResponseFinish);
    // Comes after `finish` too, when Node's own listener has run.
    tracked.on("close", ConnectionHttp.#onResponseClose);
    if (!response.shouldKeepAlive) {
      // Node ends the stream after this response, and its parser takes no further request.
      this.#endAfter(this.#requests);
    }
  }

  /** Ends an exchange once: when its response finishes, or when it is given up. */
  #endExchange(exchange: Exchange): void {
    const index = this.#exchanges.indexOf(exchange);
    if (index === -1) {
      return;
    }
    this.#host.beforeResponseEnds();
    this.#forget(exchange, index);
  }

  #forget(exchange: Exchange, index: number): void {
    this.#exchanges.splice(index, 1);
    this.#reserved.give(exchange.bytes);
    if (this.#latest === exchange) {
      this.#latest = undefined;
    }
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
    // An error of a destroyed stream is not the parser's.
    if (!this.#stream.destroyed) {
      this.#refuse(this.#boundaries.started, refusals.parserRefusal(error));
    }
  }

  /** Closes at once: Node's parser sees other requests than {@link RequestBoundaries}, so nothing holds. */
  #abandonParser(): void {
    if (!this.#stream.destroyed) {
      const message = "Node's HTTP parser has seen other requests than the controller sent";
      this.#host.handleRefusal(new ConnectionError("ERR_HAPWIRE_PARSER_MISMATCH", message));
      this.#stream.destroy();
    }
  }

  /**
   * Refuses a request, and ends the connection when those before it are answered.
   *
   * @param request - Its number: the first one of the connection is 1.
   */
  #refuse(request: number, { status, reason }: refusals.Refusal): void {
    if (request <= this.#last) {
      this.#refusal = status;
      this.#host.handleRefusal(reason);
      this.#endAfter(request - 1);
    }
  }

  #endAfter(last: number): void {
    this.#last = Math.min(this.#last, last);
    if (this.#servesNoMore) {
      this.#deadline?.stop();
      this.#discardHeld();
      const { started } = this.#boundaries;
      if (this.#latest !== undefined && this.#latest.response === undefined && started > this.#last) {
        // It is not served, and no handler has it.
        this.#forget(this.#latest, this.#exchanges.length - 1);
      }
    }
    this.#endIfServed();
    if (!this.#stream.writableEnded) {
      this.#host.handleDraining();
    }
  }

  /** When the last response is out, the refusal follows it, unless a handler has begun to answer that request already. */
  #endIfServed(): void {
    if (this.finished < this.#last || !this.#stream.writable) {
      return;
    }
    const hasBegun = this.finished > this.#last || this.#exchanges[0]?.response?.headersSent === true;
    if (this.#refusal !== undefined && !hasBegun) {
      this.#stream.write(`HTTP/1.1 ${this.#refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
    this.#stream.end();
  }
}
