/** HAPConnection: one controller's connection, from its first byte to its last. */

import type * as crypto from "node:crypto";
import { EventEmitter } from "node:events";
import { ServerResponse, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { inspect } from "node:util";

import type { SrpServer } from "fast-srp-hap";

import { checkId, checkInteger, checkKey, checkString, isId } from "./check";
import { HAPConnectionEvent, HAPConnectionState } from "./constants";
import { DebugOutput } from "./debug-output";
import type { HAPEncryption, SessionKeys } from "./encryption";
import type { Engine } from "./engine/contract";
import { publishClosed, publishFlush, publishRefusal, publishRequest } from "./diagnostics";
import { ConnectionError, HapwireError } from "./errors";
import type { EventDelivery, Subscriber } from "./events/delivery";
import { ConnectionHttp, type ConnectionHttpLimits } from "./transport/http/connection-http";
import { addressOf, interfaceOf } from "./network";
import type { Settings } from "./options";
import type { OutputMemory } from "./output-memory";
import type { EventedHTTPServer } from "./server";
import type { ConnectionStats } from "./stats";
import { Wire } from "./wire";

const debug = new DebugOutput("hapwire:connection");

/** Identifies a paired controller: the pairing identifier of its user. */
export type HAPUsername = string;

/** `aid.iid` of a characteristic. */
export type EventName = string;

/** The events of a connection and what they carry. */
export interface HAPConnectionEvents {
  /** The head of a request has arrived. */
  request: [request: IncomingMessage, response: ServerResponse];
  /** Pair-verify has succeeded. */
  authenticated: [username: HAPUsername];
  /** It is gone; the last event. */
  closed: [];
}

/** Listeners may be async functions. One object for all connections. */
const EMITTER_OPTIONS = { captureRejections: true };

/**
 * What a server shares with its connections.
 *
 * @internal
 */
export interface ConnectionContext {
  readonly settings: Settings;
  readonly engine: Engine;
  readonly memory: OutputMemory;
  readonly delivery: EventDelivery;
  readonly strangerLimits: ConnectionHttpLimits;
  readonly knownLimits: ConnectionHttpLimits;
  readonly handleRequest: (
    connection: HAPConnection,
    request: IncomingMessage,
    response: ServerResponse,
  ) => void;
  /** Its idle time is another from now on. */
  readonly handleIdleChange: (connection: HAPConnection) => void;
  readonly handleClosed: (connection: HAPConnection) => void;
}

/**
 * One controller's connection.
 *
 * Made by {@link EventedHTTPServer}; handed to the listeners of its events. Its internal methods are what its wire and its
 * HTTP server ask of their host.
 */
export class HAPConnection extends EventEmitter<HAPConnectionEvents> {
  /** Milliseconds that events gather before they go out as one message, unless the server's options say otherwise. */
  static readonly EVENT_COALESCING_DELAY = 250;

  /** The server that accepted it. */
  readonly server: EventedHTTPServer;
  /** The address of this machine that the controller connected to. */
  readonly localAddress: string;
  /** The controller's address. */
  readonly remoteAddress: string;
  /** The controller's port. */
  readonly remotePort: number;
  /** When it was accepted, in milliseconds since the epoch. */
  readonly openedAt: number;

  /** The pairing identifier of the authenticated controller. */
  username?: HAPUsername | undefined;
  /** The SRP server of a pair-setup under way. */
  srpServer?: SrpServer | undefined;
  /** Where a pair-setup stands; HAP-NodeJS keeps it here. */
  _pairSetupState?: number | undefined;
  /** Where a pair-verify stands; HAP-NodeJS keeps it here. */
  _pairVerifyState?: number | undefined;
  /** The identifier of a timed write that was prepared. */
  timedWritePid?: number | undefined;
  /** When a timed write that was prepared lapses. */
  timedWriteTimeout?: NodeJS.Timeout | undefined;

  /**
   * Its subscriptions and its events.
   *
   * @internal
   */
  readonly subscriber: Subscriber;

  /** Whether `DEBUG` asks for what each request does: looked up once, the environment is slow to read. */
  readonly #isTraced = debug.enabled;
  #state = HAPConnectionState.FULLY_SET_UP;
  /** Whether it has authenticated or subscribed, whatever became of it since. */
  #isKnown = false;
  #closeReason: HapwireError | undefined;
  #sessionID: string | undefined;
  #networkInterface: string | undefined;
  readonly #context: ConnectionContext;
  #sealsEvents = false;
  readonly #wire: Wire;
  readonly #http: ConnectionHttp;
  /** Responses that may still go out in plaintext although there are session keys: all before this one. */
  #plaintextUntil: number | undefined;

  /** @internal */
  constructor(server: EventedHTTPServer, socket: Socket, context: ConnectionContext) {
    super(EMITTER_OPTIONS);
    // HKSV code adds a listener for each recording, and counts on raising the limit by one each time.
    this.setMaxListeners(Infinity);
    this.server = server;
    this.localAddress = socket.localAddress ?? "";
    this.remoteAddress = socket.remoteAddress ?? "";
    this.remotePort = socket.remotePort ?? 0;
    this.openedAt = context.settings.clock.now();
    this.#context = context;
    this.subscriber = context.delivery.add(this);
    this.#wire = new Wire(socket, this, context.engine, context.settings, context.memory);
    this.#http = new ConnectionHttp(this, this.#wire, context.settings, context.strangerLimits);
  }

  /** Unique to this connection, for ever. */
  get sessionID(): string {
    // Loaded here: a server listens without it.
    this.#sessionID ??= (require("node:crypto") as typeof crypto).randomUUID();
    return this.#sessionID;
  }

  /** The network interface that the controller came in on; `unknown` where it can't be told. */
  get networkInterface(): string {
    this.#networkInterface ??= interfaceOf(this.localAddress);
    return this.#networkInterface;
  }

  /** When bytes last came or went, in milliseconds since the epoch. */
  get lastSocketOperation(): number {
    return this.#wire.lastOperation;
  }

  /** For HAP-NodeJS, which notes the time by itself. */
  set lastSocketOperation(time: number) {
    this.#wire.lastOperation = time;
  }

  /** What pair-verify has agreed on. Its session keys are read when the first bytes after the answer of M4 arrive. */
  get encryption(): HAPEncryption | undefined {
    return this.#wire.encryption;
  }

  /** Filled in by HAP-NodeJS's pair-verify. */
  set encryption(encryption: HAPEncryption | undefined) {
    this.#wire.encryption = encryption;
  }

  /** Why the connection ended; undefined where the controller ended it in order, or where it was asked for. */
  get closeReason(): HapwireError | undefined {
    return this.#closeReason;
  }

  /**
   * Whether it holds a socket, and the accessory's own code has neither authenticated nor subscribed it: in HAP-NodeJS's
   * insecure mode controllers come in plaintext, subscribe, and then only listen.
   *
   * @internal
   */
  get isStranger(): boolean {
    return !this.#isKnown && this.#state < HAPConnectionState.CLOSED;
  }

  /**
   * Whether it ends once the requests that are still served are answered: it gets no event any more.
   *
   * @internal
   */
  get isEnding(): boolean {
    return this.#http.ending;
  }

  /**
   * Whether it may be closed once it is silent: a stranger, or one that would end if a handler answered.
   *
   * @internal
   */
  get isExpendable(): boolean {
    return this.isStranger || this.isEnding;
  }

  /**
   * Whether a handler has a whole request that it has not answered.
   *
   * @internal
   */
  get awaitsHandler(): boolean {
    return this.#http.awaitsHandler;
  }

  /** Whether a request is being received or answered. */
  get busy(): boolean {
    return this.#http.busy;
  }

  /**
   * Switches to encryption. To be called by the handler of the last pair-verify request, before or after it ends its
   * response: that response goes out in plaintext, what comes in is opened from here on, and what goes out is sealed from
   * the first frame that was opened. [PROTOCOL: the secured session]
   *
   * @param keys - Copied.
   * @throws {@link HapwireError} `ERR_HAPWIRE_ARGUMENT` for a key that has not 32 bytes.
   * @throws {@link HapwireError} `ERR_HAPWIRE_SESSION_KEYS` where the connection has keys already.
   */
  secure(keys: SessionKeys): void {
    checkKey(keys.accessoryToControllerKey, "keys.accessoryToControllerKey");
    checkKey(keys.controllerToAccessoryKey, "keys.controllerToAccessoryKey");
    if (this.#wire.hasKeys) {
      throw new HapwireError("ERR_HAPWIRE_SESSION_KEYS", `${this.#name} has session keys already`);
    }
    if (this.#isAlive()) {
      this.#wire.secure(keys);
      this.#noteKeys();
    }
  }

  /**
   * Notes that pair-verify has succeeded.
   *
   * @param username - The pairing identifier of the controller's user. The controller has chosen it, so that any string
   *   will do, an empty one too.
   * @throws {@link HapwireError} `ERR_HAPWIRE_ARGUMENT`
   */
  connectionAuthenticated(username: HAPUsername): void {
    checkString(username, "username");
    this.#noteKeys();
    if (!this.#isAlive()) {
      return;
    }
    this.#state = HAPConnectionState.AUTHENTICATED;
    this.#becomeKnown();
    this.username = username;
    if (this.#isTraced) {
      debug.write("%s authenticated", this.#name);
    }
    this.emit(HAPConnectionEvent.AUTHENTICATED, username);
  }

  #becomeKnown(): void {
    this.#isKnown = true;
    this.#http.limits = this.#context.knownLimits;
    this.#context.handleIdleChange(this);
  }

  /** Whether pair-verify has succeeded, the controller is still paired, and the connection has not ended. */
  isAuthenticated(): boolean {
    return this.#state === HAPConnectionState.AUTHENTICATED;
  }

  /** Closes at once, whatever is under way, be it the last bytes of a connection that ends gracefully. */
  close(): void {
    if (this.#state < HAPConnectionState.CLOSED) {
      this.#state = HAPConnectionState.CLOSED;
      this.subscriber.mute();
      this.#wire.destroy();
    }
  }

  /**
   * Closes because the controller's pairing was removed.
   *
   * @param initiator - The connection that removed it. Where that is this one, the responses under way go out first.
   */
  closeConnectionAsOfUnpair(initiator: HAPConnection): void {
    if (this !== initiator) {
      this.close();
    } else if (this.#state < HAPConnectionState.CLOSING) {
      this.#state = HAPConnectionState.TO_BE_TEARED_DOWN;
      this.closeAfterResponses();
    }
  }

  /** Lets the requests that handlers have arrive and be answered whole, then closes. Serves no further one. */
  closeAfterResponses(): void {
    if (this.#state < HAPConnectionState.CLOSING) {
      this.#http.endAfterHandled();
    }
  }

  /**
   * Sends an event to this controller, if it has subscribed.
   *
   * @param value - The characteristic's new value: whatever `JSON.stringify` takes.
   * @param immediateDelivery - Sends it as soon as no request is under way, and all that waits before it.
   * @throws {@link HapwireError} `ERR_HAPWIRE_ARGUMENT`; and what `JSON.stringify` throws, as for a bigint or a circle.
   */
  sendEvent(aid: number, iid: number, value: unknown, immediateDelivery = false): void {
    // Nobody can subscribe to an id of 0, but HAP-NodeJS's users send events with it: that is not worth an error.
    checkInteger(aid, "aid", 0, Number.MAX_SAFE_INTEGER);
    checkInteger(iid, "iid", 0, Number.MAX_SAFE_INTEGER);
    if (this.#isAlive()) {
      this.subscriber.send(aid, iid, value, immediateDelivery);
    }
  }

  /**
   * Subscribes to a characteristic.
   *
   * @throws {@link HapwireError} `ERR_HAPWIRE_ARGUMENT`
   * @throws {@link HapwireError} `ERR_HAPWIRE_SUBSCRIPTIONS` if the connection has `maxSubscriptions` already.
   */
  enableEventNotifications(aid: number, iid: number): void {
    checkId(aid, "aid");
    checkId(iid, "iid");
    if (this.isStranger) {
      this.#becomeKnown();
    }
    if (!this.subscriber.subscribe(aid, iid)) {
      const { maxSubscriptions } = this.#context.settings;
      throw new HapwireError(
        "ERR_HAPWIRE_SUBSCRIPTIONS",
        `${this.#name} has ${String(maxSubscriptions)} subscriptions already; the option maxSubscriptions allows no more`,
      );
    }
  }

  /** Unsubscribes; events of it that wait are left out. @throws {@link HapwireError} `ERR_HAPWIRE_ARGUMENT` */
  disableEventNotifications(aid: number, iid: number): void {
    checkId(aid, "aid");
    checkId(iid, "iid");
    this.subscriber.unsubscribe(aid, iid);
  }

  /** Whether a characteristic is subscribed to. */
  hasEventNotifications(aid: number, iid: number): boolean {
    return isId(aid) && isId(iid) && this.subscriber.isSubscribed(aid, iid);
  }

  /** What is subscribed to, as `aid.iid`; a new set each time. */
  getRegisteredEvents(): Set<EventName> {
    const ids = this.subscriber.subscriptions();
    const names = new Set<EventName>();
    for (let i = 0; i + 1 < ids.length; i += 2) {
      names.add(`${String(ids[i])}.${String(ids[i + 1])}`);
    }
    return names;
  }

  /** Unsubscribes from everything. */
  clearRegisteredEvents(): void {
    this.subscriber.unsubscribeAll();
  }

  /**
   * An address of the interface that the controller came in on.
   *
   * @throws {@link HapwireError} `ERR_HAPWIRE_NO_ADDRESS`
   */
  getLocalAddress(ipVersion: "ipv4" | "ipv6"): string {
    return addressOf(this.networkInterface, ipVersion);
  }

  /** Figures of this connection, since it opened. */
  stats(): ConnectionStats {
    const counts = this.subscriber.counts();
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

  /** @internal */
  get mayReceiveEvents(): boolean {
    // With keys but before the first frame, nothing but the answer of pair-verify may go out in plaintext.
    const isPlainOrSealed = !this.#wire.hasKeys || this.#wire.seals;
    return this.#isAlive() && !this.#http.busy && !this.#http.ending && isPlainOrSealed && this.#wire.ready;
  }

  /** @internal */
  sendEvents(message: Buffer): void {
    this.#wire.sendMessage(message);
    publishFlush(this, message.length);
  }

  /**
   * Closes at once and notes why, unless there was a reason to end before.
   *
   * @internal
   */
  fail(reason: HapwireError): void {
    if (this.#state < HAPConnectionState.CLOSED) {
      this.#closeReason ??= reason;
      debug.write("%s closes: %s", this.#name, reason.message);
      this.close();
    }
  }

  /**
   * Refuses the connection: the controller is told to come again later, and it is closed.
   *
   * @internal
   */
  refuse(reason: ConnectionError): void {
    this.#http.refuseAll(reason);
  }

  /** Shows no key. */
  [inspect.custom](): string {
    const { sessionID } = this;
    return `HAPConnection { ${this.#name}, sessionID: ${sessionID}, state: ${HAPConnectionState[this.#state]} }`;
  }

  get #name(): string {
    return `connection ${this.remoteAddress}:${String(this.remotePort)}`;
  }

  #isAlive(): boolean {
    return this.#state <= HAPConnectionState.AUTHENTICATED;
  }

  /** @internal */
  handlePlaintext(plaintext: Buffer): void {
    if (this.#state >= HAPConnectionState.CLOSING) {
      return;
    }
    if (plaintext.length > 0 && !this.#http.receive(plaintext)) {
      this.#wire.pause();
    }
    if (!this.#sealsEvents && this.#wire.sealer !== undefined) {
      this.#sealsEvents = true;
      this.subscriber.attachSealer(this.#wire.sealer);
    }
    // What was received may have ended a request that was answered early, or be the first frame of the session.
    this.subscriber.flush();
  }

  /** @internal */
  handleRequest(request: IncomingMessage, response: ServerResponse): void {
    if (this.#state >= HAPConnectionState.CLOSING) {
      return;
    }
    if (this.#isTraced) {
      debug.write("%s %s %s", this.#name, request.method, request.url);
    }
    publishRequest(this, request, response);
    try {
      this.#context.handleRequest(this, request, response);
      this.emit(HAPConnectionEvent.REQUEST, request, response);
    } catch (error) {
      this.handleHandlerError(error, response);
    }
  }

  /**
   * A handler threw, or its promise was rejected: the controller gets a 500, or the connection is closed where half a
   * response has gone out already; and the application hears of it.
   *
   * @internal
   */
  handleHandlerError(error: unknown, response: ServerResponse): void {
    const reason = new HapwireError("ERR_HAPWIRE_HANDLER", `a request handler threw on ${this.#name}`, {
      cause: error,
    });
    try {
      if (!response.headersSent) {
        // With its phrase, and its length alone: the handler may have left a phrase that cannot be sent, and chunks.
        response.removeHeader("Transfer-Encoding");
        response.writeHead(500, "Internal Server Error", { "Content-Length": 0 }).end();
      } else if (!response.writableEnded) {
        this.fail(reason);
      }
    } catch {
      // So may its headers be, or the response's methods be its own.
      this.fail(reason);
    }
    process.emitWarning(`${reason.message}: ${shown(error)}`, { code: reason.code });
  }

  /**
   * Takes the rejection of an async listener, as the server does.
   *
   * @internal
   */
  override [EventEmitter.captureRejectionSymbol]<K>(
    error: Error,
    event: keyof HAPConnectionEvents | K,
    ...values: K extends keyof HAPConnectionEvents ? HAPConnectionEvents[K] : never
  ): void {
    const [, response] = values as unknown[];
    if (event === "request" && response instanceof ServerResponse) {
      this.handleHandlerError(error, response as ServerResponse);
    } else {
      this.server.handleRejection(error);
    }
  }

  /** @internal */
  handleRefusal(reason: ConnectionError): void {
    debug.write("%s: %s", this.#name, reason.message);
    this.#closeReason ??= reason;
    publishRefusal(this, reason);
  }

  /** @internal */
  transmit(chunks: readonly Uint8Array[], length: number, callback: (error?: Error | null) => void): void {
    this.#noteKeys();
    if (this.#state >= HAPConnectionState.CLOSING) {
      callback(new ConnectionError("ERR_HAPWIRE_CONNECTION_CLOSED", `${this.#name} is closed`));
    } else if (!this.#mayTransmit()) {
      callback(this.#refusePlaintext());
    } else {
      this.#wire.send(chunks, length, callback);
    }
  }

  #mayTransmit(): boolean {
    return (
      this.#wire.seals || this.#plaintextUntil === undefined || this.#http.finished < this.#plaintextUntil
    );
  }

  /**
   * Draws the line where plaintext ends, once session keys are there: only the response under way, the answer of
   * pair-verify, may still go out. A request that came in plaintext behind that of pair-verify was sent by somebody who
   * has no keys; it must not be served on what is now an authenticated connection.
   */
  #noteKeys(): void {
    if (this.#plaintextUntil !== undefined || !this.#wire.hasKeys || this.#wire.seals) {
      return;
    }
    this.#plaintextUntil = this.#http.finished + (this.#http.answering ? 1 : 0);
    if (this.#http.started > this.#plaintextUntil) {
      this.#refusePlaintext();
    }
  }

  #refusePlaintext(): HapwireError {
    const reason = new ConnectionError(
      "ERR_HAPWIRE_PLAINTEXT",
      `${this.#name} has session keys, but a request came in plaintext`,
    );
    this.fail(reason);
    return reason;
  }

  /** @internal */
  afterResponse(): void {
    this.subscriber.flush();
  }

  /**
   * It ends once handlers have answered, which may be never.
   *
   * @internal
   */
  handleDraining(): void {
    this.subscriber.mute();
    this.#context.handleIdleChange(this);
  }

  /** @internal */
  endGracefully(): void {
    if (this.#state < HAPConnectionState.CLOSING) {
      this.#state = HAPConnectionState.CLOSING;
      this.subscriber.mute();
      this.#wire.end();
    }
  }

  /**
   * The HTTP server gives the connection up, or a handler destroys its response. Where it has ended already, what is on its
   * way out goes on.
   *
   * @internal
   */
  abandon(error: Error | null): void {
    if (this.#state >= HAPConnectionState.CLOSING) {
      return;
    }
    if (error === null) {
      this.close();
    } else {
      const message = `a request handler gave ${this.#name} up: ${error.message}`;
      this.fail(new HapwireError("ERR_HAPWIRE_HANDLER", message, { cause: error }));
    }
  }

  /**
   * The controller sends no more: what it has asked for is still answered.
   *
   * @internal
   */
  handleEnd(): void {
    if (this.#state < HAPConnectionState.CLOSING) {
      this.#http.endAfterReceived();
    }
  }

  /** @internal */
  handleDrain(): void {
    this.subscriber.flush();
  }

  /** @internal */
  handleTimeout(): void {
    this.#http.timeout();
  }

  /** @internal */
  beforeResponseEnds(): void {
    this.#noteKeys();
  }

  /** @internal */
  handleClosed(): void {
    this.#state = HAPConnectionState.CLOSED;
    this.subscriber.mute();
    clearTimeout(this.timedWriteTimeout);
    this.#http.destroy();
    if (this.#isTraced) {
      debug.write("%s closed", this.#name);
    }
    publishClosed(this, this.#closeReason);
    try {
      // Listeners may still ask what was subscribed.
      this.#context.handleClosed(this);
      this.emit(HAPConnectionEvent.CLOSED);
    } finally {
      this.removeAllListeners();
      this.subscriber.remove();
    }
  }
}

/** What a handler threw, as far as it can be shown. */
function shown(error: unknown): string {
  try {
    return inspect(error);
  } catch {
    return "an error that throws when it is shown";
  }
}
