/**
 * The link of one connection: joins its wire, its HTTP and its events, and owns its one life. The public face is
 * HAPConnection, which keeps its link to itself.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

import { dateOf } from "../clock";
import { DebugOutput } from "../debug-output";
import type { HAPEncryption, SessionKeys } from "../encryption";
import type { Engine, FrameSealer } from "../engine/contract";
import { ConnectionError, HapwireError } from "../errors";
import type { EventDelivery, EventRecipient, Subscriber } from "../events/delivery";
import type { Settings } from "../options";
import type { ConnectionStats } from "../stats";
import { answerForHandler } from "./http/handler-error";
import { ConnectionHttp } from "./http/connection-http";
import type { Budget, ConnectionHttpHost, ConnectionHttpLimits } from "./http/contract";
import type { OutputMemory } from "./output-memory";
import { PlaintextBoundary } from "./plaintext-boundary";
import type { Strangers } from "./strangers";
import { Wire, type WireHost } from "./wire";

const debug = new DebugOutput("hapwire:connection");

/** The life of a link. It only moves on. */
export enum Life {
  Open,
  /** The requests that handlers have are answered, then the link closes. No event goes out. */
  Draining,
  /** The last bytes are on their way out. Nothing more is written. */
  Closing,
  /** The socket is gone, or was given up. */
  Closed,
}

/** What a server's links report, each with the owner of the link. */
export interface LinkHost<Owner> {
  /** The head of a request has arrived. May throw a handler's error. */
  handleRequest(owner: Owner, request: IncomingMessage, response: ServerResponse): void;
  /** A request, or the connection, is refused. */
  handleRefusal(owner: Owner, reason: HapwireError): void;
  /** An EVENT message was handed to the socket. */
  handleFlush(owner: Owner, bytes: number): void;
  /** The link may be closed sooner for being idle, or later. */
  handleIdleChange(link: Link<Owner>): void;
  /** The socket is gone. The link's last call. */
  handleClosed(link: Link<Owner>): void;
}

/** Shared by all links of a server. */
export interface LinkContext<Owner> {
  readonly settings: Settings;
  readonly engine: Engine;
  readonly memory: OutputMemory;
  readonly delivery: EventDelivery;
  readonly strangers: Strangers;
  readonly knownLimits: ConnectionHttpLimits;
  readonly strangerLimits: ConnectionHttpLimits;
  readonly host: LinkHost<Owner>;
}

export class Link<Owner = unknown> implements WireHost, ConnectionHttpHost, EventRecipient, Budget {
  readonly owner: Owner;
  /** Names the connection in errors and logs. */
  readonly name: string;
  readonly remoteAddress: string;
  /** The subscriptions and the queued events of the connection. */
  readonly events: Subscriber;
  readonly #context: LinkContext<Owner>;
  readonly #wire: Wire;
  readonly #http: ConnectionHttp;
  readonly #boundary = new PlaintextBoundary();
  /** True if `DEBUG` asks for each request. Looked up once: the environment is slow to read. */
  readonly #isTraced = debug.enabled;
  #life = Life.Open;
  #closeReason: HapwireError | undefined;
  /** True once the accessory has authenticated or subscribed the connection. */
  #isKnown = false;

  constructor(socket: Socket, owner: Owner, context: LinkContext<Owner>) {
    this.owner = owner;
    this.remoteAddress = socket.remoteAddress ?? "";
    this.name = `connection ${this.remoteAddress}:${String(socket.remotePort)}`;
    this.#context = context;
    this.#wire = new Wire(socket, this, context.engine, context.settings, context.memory);
    this.events = context.delivery.add(this);
    this.#http = new ConnectionHttp(this, this.#wire, context.settings, context.strangerLimits, this);
  }

  get life(): Life {
    return this.#life;
  }

  /** Why the link ended. Undefined if the controller ended it in order, or if the application asked for it. */
  get closeReason(): HapwireError | undefined {
    return this.#closeReason;
  }

  /** True if a request is being received or answered. */
  get busy(): boolean {
    return this.#http.busy;
  }

  /** True if silence alone is enough to close the link: a stranger's, or one that only waits for a handler. */
  get isExpendable(): boolean {
    return !this.#isKnown || this.#life !== Life.Open;
  }

  /** True if a handler has a whole request that it has not answered. */
  get awaitsHandler(): boolean {
    return this.#http.awaitsHandler;
  }

  /** True if a handler has ever had a request of this connection. */
  get hasRequested(): boolean {
    return this.#http.requests > 0;
  }

  /** When bytes last came or went, in milliseconds of the clock. */
  get lastOperation(): number {
    return this.#wire.lastOperation;
  }

  /** The same in milliseconds since the epoch. */
  get lastOperationDate(): number {
    const { clock } = this.#context.settings;
    return Math.round(dateOf(clock) - (clock.now() - this.#wire.lastOperation));
  }

  set lastOperationDate(date: number) {
    const { clock } = this.#context.settings;
    const age = Math.max(0, dateOf(clock) - date);
    this.#wire.lastOperation = clock.now() - age;
  }

  get encryption(): HAPEncryption | undefined {
    return this.#wire.encryption;
  }

  set encryption(encryption: HAPEncryption | undefined) {
    this.#wire.encryption = encryption;
  }

  /** @throws {@link HapwireError} `ERR_HAPWIRE_SESSION_KEYS` if the link has keys already. */
  secure(keys: SessionKeys): void {
    if (this.#wire.hasKeys) {
      throw new HapwireError("ERR_HAPWIRE_SESSION_KEYS", `${this.name} has session keys already`);
    }
    if (this.#life < Life.Closing) {
      this.#wire.secure(keys);
      this.noteKeys();
    }
  }

  /** To be called when session keys may have come: from here on plaintext has an end. */
  noteKeys(): void {
    if (this.#wire.hasKeys && !this.#wire.seals && !this.#boundary.draw(this.#http)) {
      this.#refusePlaintext();
    }
  }

  /** The accessory knows the controller: the limits of strangers no longer apply. */
  becomeKnown(): void {
    if (!this.#isKnown) {
      this.#isKnown = true;
      this.#http.limits = this.#context.knownLimits;
      this.#context.strangers.remove(this);
      this.#context.host.handleIdleChange(this);
    }
  }

  /**
   * Subscribes to a characteristic. The accessory knows a controller that it subscribes.
   *
   * @throws {@link HapwireError} `ERR_HAPWIRE_SUBSCRIPTIONS` if the connection has `maxSubscriptions` already.
   */
  subscribe(aid: number, iid: number): void {
    this.becomeKnown();
    if (!this.events.subscribe(aid, iid)) {
      const { maxSubscriptions } = this.#context.settings;
      const message = `${this.name} has ${String(maxSubscriptions)} subscriptions already`;
      throw new HapwireError(
        "ERR_HAPWIRE_SUBSCRIPTIONS",
        `${message}; the option maxSubscriptions raises the limit`,
      );
    }
  }

  /** Shows an event of the connection if `DEBUG` asks for it. */
  trace(event: string): void {
    if (this.#isTraced) {
      debug.write("%s %s", this.name, event);
    }
  }

  /** Lets the requests that handlers have arrive and be answered whole, then closes. */
  drain(): void {
    if (this.#life < Life.Closing) {
      this.#http.endAfterHandled();
    }
  }

  /** Tells the controller to come again later, then closes. */
  refuse(reason: ConnectionError): void {
    this.#http.refuseAll(reason);
  }

  /** Closes at once, whatever is under way. */
  close(): void {
    if (this.#life < Life.Closed) {
      this.#moveTo(Life.Closed);
      this.#wire.destroy();
    }
  }

  /** Closes at once, and notes why unless there is a reason already. */
  fail(reason: HapwireError): void {
    if (this.#life < Life.Closed) {
      this.#closeReason ??= reason;
      debug.write("%s closes: %s", this.name, reason.message);
      this.close();
    }
  }

  /** Answers for a handler that threw or rejected. */
  failHandler(error: unknown, response: ServerResponse): void {
    answerForHandler(this, error, response);
  }

  stats(): ConnectionStats {
    const counts = this.events.counts();
    return {
      requests: this.#http.requests,
      responses: this.#http.finished,
      bytesIn: this.#wire.bytesIn,
      bytesOut: this.#wire.bytesOut,
      framesIn: this.#wire.framesIn,
      framesOut: this.#wire.framesOut,
      eventsQueued: counts.queued,
      eventsDuplicate: counts.duplicates,
      eventsCollapsed: counts.collapsed,
      eventsUnsubscribed: counts.unsubscribed,
      eventsDelivered: counts.delivered,
      eventMessages: counts.messages,
      eventsPending: counts.pendingEvents,
      eventBytesPending: counts.pendingBytes,
    };
  }

  get mayReceiveEvents(): boolean {
    // Between session keys and the first frame, nothing but the answer of pair-verify may go out.
    const isPlainOrSealed = this.#wire.seals || !this.#wire.hasKeys;
    return this.#life === Life.Open && !this.#http.busy && isPlainOrSealed && this.#wire.ready;
  }

  sendEvents(message: Buffer): void {
    this.#wire.sendMessage(message);
    this.#context.host.handleFlush(this.owner, message.length);
  }

  // Budget: the requests of a stranger share memory with those of others

  reserve(bytes: number): boolean {
    return this.#context.strangers.reserve(this, bytes);
  }

  release(bytes: number): void {
    this.#context.strangers.release(this, bytes);
  }

  handleSecured(sealer: FrameSealer): void {
    this.events.attachSealer(sealer);
  }

  handlePlaintext(plaintext: Buffer): boolean {
    if (this.#life >= Life.Closing) {
      return false;
    }
    if (plaintext.length > 0 && !this.#http.receive(plaintext)) {
      this.#wire.pause();
    }
    // The bytes may have ended a request that was answered early, or been the first frame of the session.
    this.events.flush();
    return !this.#http.idleBytesOnly;
  }

  handleDrain(): void {
    this.events.flush();
  }

  /** The controller sends no more. Its requests so far are still answered. */
  handleEnd(): void {
    if (this.#life < Life.Closing) {
      this.#http.endAfterReceived();
    }
  }

  handleTimeout(): void {
    this.#http.timeout();
  }

  handleClosed(): void {
    this.#moveTo(Life.Closed);
    this.#http.destroy();
    this.#context.strangers.remove(this);
    this.trace("closed");
    try {
      // Listeners may still ask for the subscriptions.
      this.#context.host.handleClosed(this);
    } finally {
      this.events.remove();
    }
  }

  // ConnectionHttpHost

  handleRequest(request: IncomingMessage, response: ServerResponse): void {
    if (this.#life >= Life.Closing) {
      return;
    }
    if (this.#isTraced) {
      debug.write("%s %s %s", this.name, request.method, request.url);
    }
    try {
      this.#context.host.handleRequest(this.owner, request, response);
    } catch (error) {
      this.failHandler(error, response);
    }
  }

  handleRefusal(reason: ConnectionError): void {
    debug.write("%s: %s", this.name, reason.message);
    this.#closeReason ??= reason;
    this.#context.host.handleRefusal(this.owner, reason);
  }

  handleDraining(): void {
    this.#moveTo(Life.Draining);
    this.#context.host.handleIdleChange(this);
  }

  beforeResponseEnds(): void {
    this.noteKeys();
  }

  afterResponse(): void {
    this.events.flush();
  }

  transmit(chunks: readonly Uint8Array[], length: number, callback: (error?: Error | null) => void): void {
    if (this.#life >= Life.Closing) {
      callback(new ConnectionError("ERR_HAPWIRE_CONNECTION_CLOSED", `${this.name} is closed`));
    } else if (!this.#wire.seals && !this.#boundary.allows(this.#http.finished + 1)) {
      callback(this.#refusePlaintext());
    } else {
      this.#wire.send(chunks, length, callback);
    }
  }

  endGracefully(): void {
    if (this.#life < Life.Closing) {
      this.#moveTo(Life.Closing);
      this.#wire.end();
    }
  }

  /** The HTTP server gives the connection up, or a handler destroys its response. */
  abandon(error: Error | null): void {
    if (this.#life >= Life.Closing) {
      // The last bytes stay on their way out.
      return;
    }
    if (error === null) {
      this.close();
    } else {
      const message = `a request handler gave ${this.name} up: ${error.message}`;
      this.fail(new HapwireError("ERR_HAPWIRE_HANDLER", message, { cause: error }));
    }
  }

  #moveTo(life: Life): void {
    if (this.#life === Life.Open) {
      this.events.mute();
    }
    if (life > this.#life) {
      this.#life = life;
    }
  }

  #refusePlaintext(): HapwireError {
    const message = `${this.name} has session keys, but a request came in plaintext`;
    const reason = new ConnectionError("ERR_HAPWIRE_PLAINTEXT", message);
    this.fail(reason);
    return reason;
  }
}
