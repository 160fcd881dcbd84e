/** The link of one connection: joins its wire, its HTTP and its events, and owns its life. HAPConnection is its public face. */

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
import type { WriteCallback } from "./transfer";
import { Wire, type WireHost } from "./wire";

const debug = new DebugOutput("hapwire:connection");

/** The life of a link. It only moves on. */
export enum Life {
  Open,
  /** The requests that handlers have are answered, then the link closes. No event goes out. */
  Draining,
  /** The last bytes are on their way out. Nothing more is written. */
  Closing,
  /** The socket has closed, or was destroyed. */
  Closed,
}

/** The server of a link. */
export interface LinkHost<Owner> {
  /** The head of a request has arrived. May throw a handler's error. */
  handleRequest(owner: Owner, request: IncomingMessage, response: ServerResponse): void;
  /** A request, or the connection, is refused. */
  handleRefusal(owner: Owner, reason: HapwireError): void;
  /** An EVENT message was handed to the socket. */
  handleFlush(owner: Owner, bytes: number): void;
  /** The idle timeout of the link has changed. */
  handleIdleChange(link: Link<Owner>): void;
  /** The socket has closed. The link's last call. */
  handleClosed(link: Link<Owner>): void;
}

/** Shared by all links of a server. */
export interface LinkContext<Owner> {
  readonly settings: Settings;
  readonly engine: Engine;
  readonly memory: OutputMemory;
  readonly delivery: EventDelivery;
  readonly strangers: Strangers;
  readonly strangerLimits: ConnectionHttpLimits;
  readonly host: LinkHost<Owner>;
}

export class Link<Owner = unknown> implements WireHost, ConnectionHttpHost, EventRecipient, Budget {
  readonly owner: Owner;
  readonly remoteAddress: string;
  readonly events: Subscriber;
  readonly #remotePort: number | undefined;
  readonly #context: LinkContext<Owner>;
  readonly #wire: Wire;
  readonly #http: ConnectionHttp;
  readonly #boundary = new PlaintextBoundary();
  /** True if `DEBUG` asks for each request. Read once: the environment is slow. */
  readonly #isTraced = debug.enabled;
  #life = Life.Open;
  #closeReason: HapwireError | undefined;
  /** True if the accessory has authenticated or subscribed the connection: it is no stranger. */
  #isKnown = false;

  constructor(socket: Socket, owner: Owner, context: LinkContext<Owner>) {
    this.owner = owner;
    this.remoteAddress = socket.remoteAddress ?? "";
    this.#remotePort = socket.remotePort;
    this.#context = context;
    this.#wire = new Wire(socket, this, context.engine, context.settings, context.memory);
    this.events = context.delivery.add(this);
    this.#http = new ConnectionHttp(this, this.#wire, context.settings, context.strangerLimits, this);
  }

  /** Names the connection in errors and logs. */
  get name(): string {
    return `connection ${this.remoteAddress}:${String(this.#remotePort)}`;
  }

  get life(): Life {
    return this.#life;
  }

  get closeReason(): HapwireError | undefined {
    return this.#closeReason;
  }

  get busy(): boolean {
    return this.#http.busy;
  }

  /** True if silence alone is enough to close the link: a stranger's, or one that only waits for a handler. */
  get isExpendable(): boolean {
    return !this.#isKnown || this.#life !== Life.Open;
  }

  get awaitsHandler(): boolean {
    return this.#http.awaitsHandler;
  }

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

  /** Draws the plaintext boundary if session keys have come. */
  noteKeys(): void {
    if (!this.#wire.seals && this.#wire.hasKeys && !this.#boundary.draw(this.#http)) {
      this.#refusePlaintext();
    }
  }

  /** Lifts the limits of strangers: the accessory knows the controller. */
  becomeKnown(): void {
    if (!this.#isKnown) {
      this.#isKnown = true;
      this.#http.limits = this.#context.settings;
      this.#context.strangers.remove(this);
      this.#context.host.handleIdleChange(this);
    }
  }

  /** @throws {@link HapwireError} `ERR_HAPWIRE_SUBSCRIPTIONS` if the connection has `maxSubscriptions` already. */
  subscribe(aid: number, iid: number): void {
    this.becomeKnown();
    if (!this.events.subscribe(aid, iid)) {
      const count = String(this.#context.settings.maxSubscriptions);
      const message = `${this.name} has ${count} subscriptions already; the option maxSubscriptions raises the limit`;
      throw new HapwireError("ERR_HAPWIRE_SUBSCRIPTIONS", message);
    }
  }

  trace(event: string): void {
    if (this.#isTraced) {
      debug.write("%s %s", this.name, event);
    }
  }

  /** Closes when the requests that handlers have are received and answered. */
  drain(): void {
    if (this.#life < Life.Closing) {
      this.#http.endAfterHandled();
    }
  }

  /** Answers 503, then closes. */
  refuse(reason: ConnectionError): void {
    this.#http.refuseAll(reason);
  }

  /** Closes at once, also during a response. */
  close(): void {
    if (this.#life < Life.Closed) {
      this.#moveTo(Life.Closed);
      this.#wire.destroy();
    }
  }

  /** Closes at once. The first reason counts. */
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
      ...this.#wire.stats(),
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
    // Between the session keys and the first frame, only the answer of pair-verify may go out.
    const isPlainOrSealed = this.#wire.seals || !this.#wire.hasKeys;
    return this.#life === Life.Open && !this.#http.busy && isPlainOrSealed && this.#wire.ready;
  }

  sendEvents(message: Buffer): void {
    this.#wire.sendMessage(message);
    this.#context.host.handleFlush(this.owner, message.length);
  }

  // Budget

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
    // The bytes may have ended a request that was answered early, or started the session.
    this.events.flush();
    return !this.#http.idleBytesOnly;
  }

  handleDrain(): void {
    this.events.flush();
  }

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
      // Before the events go: listeners may ask for the subscriptions.
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

  transmit(chunks: readonly Uint8Array[], length: number, callback: WriteCallback): void {
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

  abandon(error: Error | null): void {
    if (this.#life >= Life.Closing) {
      // The last bytes still go out.
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
