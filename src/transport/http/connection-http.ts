/**
 * The HTTP of one connection. Node parses and answers. This file feeds Node's parser one request at a time, knows which
 * requests are under way, from their first byte to the end of their response, and which of them are served before the
 * connection ends.
 */

import type { IncomingMessage } from "node:http";

import type { ConnectionError } from "../../errors";
import { ConnectionServer, meets, type ConnectionServerOwner, type Expectation } from "./connection-server";
import type { Budget, ConnectionHttpHost, ConnectionHttpLimits, ConnectionHttpSettings } from "./contract";
import { Exchanges, type ExchangeResponse, type ExchangesOwner } from "./exchanges";
import { HttpStream, type HttpStreamFeeder, type HttpStreamWire } from "./http-stream";
import { ReceiveDeadline, type DeadlineOwner } from "./receive-deadline";
import * as refusals from "./refusals";
import { RequestBoundaries } from "./request-boundaries";
import type { ParsedMessage } from "./parser-observer";
import { isUrl } from "./request-target";

/** How many bytes are read after the last request that is served. A client that has sent no more sees the refusal. */
const MAX_DISCARDED = 64 * 1024;

export class ConnectionHttp
  implements ConnectionServerOwner, DeadlineOwner, ExchangesOwner, HttpStreamFeeder
{
  readonly #host: ConnectionHttpHost;
  readonly #wire: HttpStreamWire;
  readonly #settings: ConnectionHttpSettings;
  #limits: ConnectionHttpLimits;
  readonly #stream: HttpStream;
  readonly #boundaries: RequestBoundaries;
  /** Undefined from when the accessory knows the controller. */
  #budget: Budget | undefined;
  readonly #exchanges: Exchanges;
  /** Made when a request comes in pieces for the first time: most never do. */
  #deadline: ReceiveDeadline | undefined;
  /** How many requests Node's parser has seen whole. */
  #parsed = 0;
  /** Bytes behind a request that Node's parser has not seen whole. */
  #held: Buffer | undefined;
  #isFeeding = false;
  #hasRoom = true;
  #idleBytesOnly = false;
  /** How many requests are served before the connection ends; Infinity while it does not end. */
  #last = Infinity;
  /** The status of the request after these, if it is refused. */
  #refusal: string | undefined;
  /** The controller sends no more. The connection ends after the requests that are held. */
  #isHalfClosed = false;
  /** Bytes read after the last request that is served. */
  #discarded = 0;

  constructor(
    host: ConnectionHttpHost,
    wire: HttpStreamWire,
    settings: ConnectionHttpSettings,
    limits: ConnectionHttpLimits,
    budget?: Budget,
  ) {
    this.#host = host;
    this.#wire = wire;
    this.#settings = settings;
    this.#limits = limits;
    this.#stream = new HttpStream(host, wire, this);
    this.#boundaries = new RequestBoundaries(limits);
    this.#budget = budget;
    this.#exchanges = new Exchanges(this);
    new ConnectionServer(this, settings.maxHeadSize).attach(this.#stream);
  }

  /** Sets the limits, also for the request that is arriving. From here on there is no budget. */
  set limits(limits: ConnectionHttpLimits) {
    this.#leaveBudget();
    this.#limits = limits;
    this.#boundaries.limits = limits;
  }

  /** Requests handed to handlers so far. */
  get requests(): number {
    return this.#exchanges.handed;
  }

  /** Responses finished so far. */
  get finished(): number {
    return this.#exchanges.handed - this.#exchanges.pending;
  }

  /** True if a request is being received or answered: no event may be sent. [PROTOCOL: events] */
  get busy(): boolean {
    return !this.#exchanges.isEmpty || this.#boundaries.receiving || this.#held !== undefined;
  }

  /** Requests whose first byte has arrived so far. */
  get started(): number {
    return this.#boundaries.started;
  }

  /** True if a handler has a response to finish. */
  get answering(): boolean {
    return this.#exchanges.pending > 0;
  }

  /** True if the request that is next to be answered has arrived whole, and its handler has not ended the response. */
  get awaitsHandler(): boolean {
    const response = this.#exchanges.next;
    return response?.req.complete === true && !response.writableEnded;
  }

  /** True if the connection ends when the requests that are still served have been answered. */
  get ending(): boolean {
    return this.#last !== Infinity || this.#isHalfClosed;
  }

  /** True if the bytes received last were line ends between requests, or were discarded: no sign of life. */
  get idleBytesOnly(): boolean {
    return this.#idleBytesOnly;
  }

  /**
   * Takes plaintext from the controller. To be called after the last response too: it bounds what is read then.
   *
   * @returns false if no more should come until the wire's `resume` is called.
   */
  receive(plaintext: Buffer): boolean {
    this.#idleBytesOnly = true;
    if (this.#servesNoMore) {
      this.#discarded += plaintext.length;
    } else if (this.#budget?.reserve(plaintext.length) !== false) {
      this.#held = this.#held === undefined ? plaintext : Buffer.concat([this.#held, plaintext]);
      this.#feed();
    } else {
      this.#discarded += plaintext.length;
      this.#refuse(this.#arrived + 1, refusals.budgetRefusal());
    }
    return this.#hasRoom && this.#mayRead;
  }

  /** Takes no request at all: the controller is told to come again later. */
  refuseAll(reason: ConnectionError): void {
    this.#refuse(1, refusals.connectionRefusal(reason));
  }

  /** Ends when the requests that handlers have are received and answered. */
  endAfterHandled(): void {
    this.#endAfter(this.requests);
  }

  /** Ends when the requests that have arrived whole are answered. The controller sends no more. */
  endAfterReceived(): void {
    this.#isHalfClosed = true;
    if (this.#held === undefined) {
      this.#endAfter(this.#arrived);
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
    this.#leaveBudget();
    this.#exchanges.clear();
    this.#held = undefined;
  }

  /** A request did not arrive in time. */
  handleLate(): void {
    this.#refuse(this.started, refusals.lateRefusal());
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
  handleBody({ bodySize }: ParsedMessage): boolean {
    // RequestBoundaries refuses a body by its announced length. This bound holds even if the parser reads more.
    if (bodySize <= this.#limits.maxBodySize) {
      return true;
    }
    this.#refuse(this.started, refusals.bodyRefusal());
    return false;
  }

  /** Node's parser has seen the end of a request. */
  handleComplete(message: ParsedMessage): void {
    this.#parsed += 1;
    const { receiving, started, bodySize } = this.#boundaries;
    // Node does not hand out the rest of a body whose response has finished.
    const isCounted = this.#exchanges.latest === message;
    if (receiving || this.#parsed !== started || (isCounted && message.bodySize !== bodySize)) {
      this.#abandonParser();
    }
  }

  /** Takes the place of Node's own handling, which would cut off responses that are not written yet. */
  handleParserError(error: Error & { readonly code?: string }): void {
    // An error of a destroyed stream is not the parser's.
    if (!this.#stream.destroyed) {
      this.#refuse(this.started, refusals.parserRefusal(error));
    }
  }

  /** The head of a request is complete. */
  serve(request: IncomingMessage, response: ExchangeResponse, expectation: Expectation): void {
    if (!this.#admits(request)) {
      return;
    }
    this.#exchanges.hand(response);
    if (!response.shouldKeepAlive) {
      // Node ends the stream after this response, and its parser takes no further request.
      this.#endAfter(this.requests);
    }
    if (meets(expectation, response)) {
      this.#host.handleRequest(request, response);
    }
  }

  release(bytes: number): void {
    if (bytes > 0) {
      this.#budget?.release(bytes);
    }
  }

  endBefore(others: number): void {
    this.#endAfter(this.finished + others);
  }

  beforeResponseEnds(): void {
    this.#host.beforeResponseEnds();
  }

  afterResponse(): void {
    if (this.ending) {
      this.#endIfServed();
    } else {
      this.#host.afterResponse();
    }
  }

  /** How many requests have arrived whole. */
  get #arrived(): number {
    const { started, receiving } = this.#boundaries;
    return receiving ? started - 1 : started;
  }

  /** True if Node's parser has seen all requests whole that have arrived whole. */
  get #isInStep(): boolean {
    return this.#parsed === this.#arrived;
  }

  get #servesNoMore(): boolean {
    return !this.#stream.writable || this.#arrived >= this.#last;
  }

  get #mayRead(): boolean {
    return this.#held === undefined && this.#discarded <= MAX_DISCARDED;
  }

  /** Feeds Node's parser with the held bytes, until a request ends that the parser does not take at once. */
  #feed(): void {
    this.#isFeeding = true;
    while (this.#held !== undefined && this.#isInStep && !this.#servesNoMore) {
      this.#feedOne(this.#held);
    }
    this.#isFeeding = false;
    this.#idleBytesOnly &&= this.#held === undefined;
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
    const { started } = this;
    const end = this.#boundaries.advance(bytes);
    const { begin, fault } = this.#boundaries;
    if (this.started > started) {
      this.#exchanges.begin();
    }
    this.#idleBytesOnly &&= end === begin && fault === undefined;
    if (fault !== undefined) {
      this.#refuse(this.started, refusals.faultRefusal(fault));
      return;
    }
    this.#held = end < bytes.length ? bytes.subarray(end) : undefined;
    this.release(begin);
    if (end > begin) {
      this.#exchanges.add(end - begin);
      this.#hasRoom = this.#stream.receive(end - begin === bytes.length ? bytes : bytes.subarray(begin, end));
    }
  }

  #leaveBudget(): void {
    this.release(this.#exchanges.bytes + (this.#held?.length ?? 0));
    this.#budget = undefined;
  }

  #discardHeld(): void {
    if (this.#held !== undefined) {
      this.#discarded += this.#held.length;
      this.release(this.#held.length);
      this.#held = undefined;
    }
  }

  /** Decides whether a request is served: by its place, the number of others, and its target. */
  #admits(request: IncomingMessage): boolean {
    if (this.requests >= this.#last) {
      // The connection ends before it.
      return false;
    }
    const { maxPendingRequests } = this.#limits;
    if (!this.#exchanges.awaitsHead || this.#boundaries.inHead) {
      this.#abandonParser();
    } else if (this.#exchanges.pending >= maxPendingRequests) {
      this.#refuse(this.started, refusals.countRefusal(maxPendingRequests));
    } else if (isUrl(request.url ?? "")) {
      return true;
    } else {
      this.#refuse(this.started, refusals.targetRefusal());
    }
    return false;
  }

  /** Closes at once: Node's parser sees other requests than {@link RequestBoundaries}, so no limit holds. */
  #abandonParser(): void {
    if (!this.#stream.destroyed) {
      this.#host.handleRefusal(refusals.parserMismatch());
      this.#stream.destroy();
    }
  }

  /** Refuses a request by its number: the first is 1. Ends the connection when those before it are answered. */
  #refuse(request: number, { status, reason }: refusals.Refusal): void {
    if (request <= this.#last) {
      this.#refusal = status;
      this.#host.handleRefusal(reason);
      this.#endAfter(request - 1);
    }
  }

  #endAfter(last: number): void {
    this.#last = Math.min(this.#last, last);
    if (this.started > this.#last) {
      this.#exchanges.dropUnhanded();
    }
    if (this.#servesNoMore) {
      this.#deadline?.stop();
      this.#discardHeld();
    }
    this.#endIfServed();
    if (!this.#stream.writableEnded) {
      this.#host.handleDraining();
    }
  }

  /** When the last response is out, the refusal follows, unless a handler has begun to answer the refused request. */
  #endIfServed(): void {
    if (this.finished < this.#last || !this.#stream.writable) {
      return;
    }
    const hasBegun = this.finished > this.#last || this.#exchanges.next?.headersSent === true;
    if (this.#refusal !== undefined && !hasBegun) {
      this.#stream.write(`HTTP/1.1 ${this.#refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
    this.#stream.end();
  }
}
