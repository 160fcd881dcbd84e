/**
 * The HTTP of one connection. Feeds Node's parser one request at a time, and knows which requests are under way and which
 * are served before the connection ends. Node parses and answers.
 */

import type { IncomingMessage } from "node:http";

import type { ConnectionError } from "../../errors";
import { ConnectionServer, meets, type ConnectionServerOwner, type Expectation } from "./connection-server";
import type { Budget, ConnectionHttpHost, ConnectionHttpLimits, ConnectionHttpSettings } from "./contract";
import { Exchanges, type ExchangeResponse, type ExchangesOwner } from "./exchanges";
import { HttpStream, type HttpStreamFeeder, type HttpStreamWire } from "./http-stream";
import { ReceiveDeadline } from "./receive-deadline";
import * as refusals from "./refusals";
import { RequestBoundaries } from "./request-boundaries";
import { isUrl } from "./request-target";

/** Bytes that are read after the last served request. A client that has sent no more sees the refusal. */
const MAX_DISCARDED = 64 * 1024;

export class ConnectionHttp implements ConnectionServerOwner, ExchangesOwner, HttpStreamFeeder {
  readonly #host: ConnectionHttpHost;
  readonly #wire: HttpStreamWire;
  readonly #settings: ConnectionHttpSettings;
  #limits: ConnectionHttpLimits;
  readonly #stream: HttpStream;
  readonly #boundaries: RequestBoundaries;
  /** Undefined if the accessory knows the controller. */
  #budget: Budget | undefined;
  readonly #exchanges: Exchanges;
  /** Made when a request first comes in pieces: few do. */
  #deadline: ReceiveDeadline | undefined;
  /** Requests that Node's parser has seen whole. */
  #parsed = 0;
  /** Bytes that Node's parser gets when it has seen the request before them whole. */
  #held: Buffer | undefined;
  #isFeeding = false;
  #hasRoom = true;
  #idleBytesOnly = false;
  /** The number of the last request that is served. The first is 1. */
  #last = Infinity;
  /** The status of the request after that, if it is refused. */
  #refusal: string | undefined;
  /** The controller sends no more. The connection ends after the requests that are held. */
  #isHalfClosed = false;
  /** Bytes read after the last served request. */
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

  /** Sets the limits, also for the request that is arriving, and ends the budget. */
  set limits(limits: ConnectionHttpLimits) {
    this.#leaveBudget();
    this.#limits = limits;
    this.#boundaries.limits = limits;
  }

  /** Requests handed to handlers. */
  get requests(): number {
    return this.#exchanges.handed;
  }

  /** Responses that have finished. */
  get finished(): number {
    return this.#exchanges.handed - this.#exchanges.pending;
  }

  /** True if a request is being received or answered: no event may be sent. [PROTOCOL: events] */
  get busy(): boolean {
    return !this.#exchanges.isEmpty || this.#boundaries.receiving || this.#held !== undefined;
  }

  /** Requests whose first byte has arrived. */
  get started(): number {
    return this.#boundaries.started;
  }

  /** True if a handler has a response to finish. */
  get answering(): boolean {
    return this.#exchanges.pending > 0;
  }

  /** True if a request has arrived whole, is next to be answered, and has a response that its handler has not ended. */
  get awaitsHandler(): boolean {
    const response = this.#exchanges.next;
    return response?.req.complete === true && !response.writableEnded;
  }

  /** True if the connection ends when some more requests are answered. */
  get ending(): boolean {
    return this.#last !== Infinity || this.#isHalfClosed;
  }

  /** True if the latest bytes were line ends between requests, or were discarded: no sign of life. */
  get idleBytesOnly(): boolean {
    return this.#idleBytesOnly;
  }

  /**
   * Takes plaintext from the controller, also after the last response, when it limits the bytes that are read.
   *
   * @returns False if no more should come until the wire's `resume` is called.
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
      this.#refuse(this.#boundaries.arrived + 1, refusals.refusalFor("budget"));
    }
    return this.#hasRoom && this.#mayRead;
  }

  /** Refuses every request with 503. */
  refuseAll(reason: ConnectionError): void {
    this.#refuse(1, refusals.connectionRefusal(reason));
  }

  /** Ends when the requests that handlers have are received and answered. */
  endAfterHandled(): void {
    this.#endAfter(this.requests);
  }

  /** Ends when the requests that have arrived whole are answered. Called when the controller sends no more. */
  endAfterReceived(): void {
    this.#isHalfClosed = true;
    if (this.#held === undefined) {
      this.#endAfter(this.#boundaries.arrived);
    } else {
      this.#host.handleDraining();
    }
  }

  /** The timeout that a handler has set is over. */
  timeout(): void {
    this.#stream.emit("timeout");
  }

  /** Ends at once. Handlers see their requests aborted and their responses closed. */
  destroy(): void {
    this.#deadline?.stop();
    this.#stream.destroy();
    this.#leaveBudget();
    this.#exchanges.clear();
    this.#held = undefined;
  }

  feedMore(): void {
    this.#hasRoom = true;
    if (this.#mayRead) {
      this.#wire.resume();
    }
  }

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

  handleBody(bodySize: number): boolean {
    // RequestBoundaries refuses a body by its announced length. This limit holds even if the parser reads more.
    if (bodySize <= this.#limits.maxBodySize) {
      return true;
    }
    this.#refuse(this.started, refusals.refusalFor("maxBodySize"));
    return false;
  }

  handleComplete(request: IncomingMessage, parsedSize: number): void {
    this.#parsed += 1;
    const { receiving, started, bodySize } = this.#boundaries;
    // Node does not hand out the rest of a body whose response has finished.
    const isCounted = this.#exchanges.latest === request;
    if (receiving || this.#parsed !== started || (isCounted && parsedSize !== bodySize)) {
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

  /** True if Node's parser has seen all requests whole that have arrived whole. */
  get #isInStep(): boolean {
    return this.#parsed === this.#boundaries.arrived;
  }

  get #servesNoMore(): boolean {
    return !this.#stream.writable || this.#boundaries.arrived >= this.#last;
  }

  get #mayRead(): boolean {
    return this.#held === undefined && this.#discarded <= MAX_DISCARDED;
  }

  /** Feeds Node's parser with the held bytes, up to a request that the parser does not take at once. */
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
      this.#deadline ??= new ReceiveDeadline(this.#settings, this.#boundaries, () => {
        this.#refuse(this.started, refusals.refusalFor("late"));
      });
      this.#deadline.update();
    }
  }

  /** Feeds bytes of one request. */
  #feedOne(bytes: Buffer): void {
    const { started: before } = this.#boundaries;
    const end = this.#boundaries.advance(bytes);
    const { begin, fault, started } = this.#boundaries;
    if (started > before) {
      this.#exchanges.begin();
    }
    this.#idleBytesOnly &&= end === begin && fault === undefined;
    if (fault !== undefined) {
      this.#refuse(started, refusals.refusalFor(fault));
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

  /** Checks the place of a request, the number of others, and its target. @returns True if it is served. */
  #admits(request: IncomingMessage): boolean {
    if (this.#exchanges.handed >= this.#last) {
      // The connection ends before this request.
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
      this.#refuse(this.started, refusals.refusalFor("target"));
    }
    return false;
  }

  /** Closes at once: Node's parser sees other requests than {@link RequestBoundaries}, so that no limit holds. */
  #abandonParser(): void {
    if (!this.#stream.destroyed) {
      this.#host.handleRefusal(refusals.parserMismatch());
      this.#stream.destroy();
    }
  }

  /** Refuses a request by its number. Ends the connection when the requests before it are answered. */
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

  /** Sends the refusal after the last response, unless a handler has begun to answer the refused request. */
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
