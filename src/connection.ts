/** HAPConnection: the public face of one controller's connection. */

import type * as crypto from "node:crypto";
import { EventEmitter } from "node:events";
import { ServerResponse, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { inspect } from "node:util";

import type { SrpServer } from "fast-srp-hap";

import { checkId, checkIpVersion, checkKey, checkObject, checkString, isId } from "./check";
import { dateOf } from "./clock";
import { HAPConnectionEvent, HAPConnectionState } from "./constants";
import type { HAPEncryption, SessionKeys } from "./encryption";
import type { HapwireError } from "./errors";
import { addressOf, interfaceOf } from "./network";
import { reportRejection } from "./rejection";
import type { ConnectionStats } from "./stats";
import { Life, Link, type LinkContext } from "./transport/link";

/** Identifies a paired controller: the pairing identifier of its user. */
export type HAPUsername = string;

/** `aid.iid` of a characteristic. */
export type EventName = string;

/** The events of a connection, each with the arguments of its listeners. */
export interface HAPConnectionEvents {
  /** The head of a request has arrived. */
  request: [request: IncomingMessage, response: ServerResponse];
  /** Pair-verify has succeeded. */
  authenticated: [username: HAPUsername];
  /** The connection has closed. Always the last event. */
  closed: [];
}

// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- server.ts adds its class: no circle of imports
export interface ServerTypes {}

/** Listeners may be async functions. One object for all connections. */
const EMITTER_OPTIONS = { captureRejections: true };

/** The link of a connection, for the server. Users of the package can't reach it. */
export let linkOf: (connection: HAPConnection) => Link<HAPConnection>;

/**
 * One controller's connection. An {@link EventedHTTPServer} makes it and hands it to the listeners of its events.
 *
 * @example
 * ```js
 * server.on("request", (connection, request, response) => {
 *   connection.enableEventNotifications(1, 9);
 *   response.end(`${connection.remoteAddress} has subscribed`);
 * });
 * ```
 */
export class HAPConnection extends EventEmitter<HAPConnectionEvents> {
  /** Milliseconds that events gather before they go out as one message. The option `coalescingDelay` changes it. */
  static readonly EVENT_COALESCING_DELAY = 250;

  static {
    linkOf = (connection) => connection.#link;
  }

  /** The server that accepted the connection. */
  readonly server: ServerTypes["server"];
  /** The address of this machine that the controller connected to. */
  readonly localAddress: string;
  /** The controller's address. */
  readonly remoteAddress: string;
  /** The controller's port. */
  readonly remotePort: number;
  /** When the connection was accepted, in milliseconds since the epoch. */
  readonly openedAt: number;

  /** The pairing identifier of the authenticated controller. */
  username?: HAPUsername | undefined;
  /** The SRP server of a pair-setup under way. */
  srpServer?: SrpServer | undefined;
  /** The step of a pair-setup. HAP-NodeJS keeps it here. */
  _pairSetupState?: number | undefined;
  /** The step of a pair-verify. HAP-NodeJS keeps it here. */
  _pairVerifyState?: number | undefined;
  /** The identifier of a timed write that was prepared. */
  timedWritePid?: number | undefined;
  /** Ends a timed write that was prepared. */
  timedWriteTimeout?: NodeJS.Timeout | undefined;

  readonly #link: Link<HAPConnection>;
  #isAuthenticated = false;
  #isUnpaired = false;
  #sessionID: string | undefined;
  #networkInterface: string | undefined;

  /** @hidden Servers make connections. */
  constructor(server: ServerTypes["server"], socket: Socket, context: LinkContext<HAPConnection>) {
    super(EMITTER_OPTIONS);
    // HKSV code adds a listener for each recording and raises the limit by one each time.
    this.setMaxListeners(Infinity);
    this.server = server;
    this.localAddress = socket.localAddress ?? "";
    this.remoteAddress = socket.remoteAddress ?? "";
    this.remotePort = socket.remotePort ?? 0;
    this.openedAt = dateOf(context.settings.clock);
    this.#link = new Link(socket, this, context);
  }

  /** Unique to this connection. Never used again. */
  get sessionID(): string {
    // Loaded here: a server listens without it.
    this.#sessionID ??= (require("node:crypto") as typeof crypto).randomUUID();
    return this.#sessionID;
  }

  /** The network interface that the controller came in on, or `unknown`. */
  get networkInterface(): string {
    this.#networkInterface ??= interfaceOf(this.localAddress);
    return this.#networkInterface;
  }

  /** When bytes last came or went, in milliseconds since the epoch. */
  get lastSocketOperation(): number {
    return this.#link.lastOperationDate;
  }

  /** HAP-NodeJS may set the time. */
  set lastSocketOperation(date: number) {
    this.#link.lastOperationDate = date;
  }

  /** The record of pair-verify. Its session keys are read when the first bytes after the answer of M4 arrive. */
  get encryption(): HAPEncryption | undefined {
    return this.#link.encryption;
  }

  /** HAP-NodeJS's pair-verify fills it in. */
  set encryption(encryption: HAPEncryption | undefined) {
    this.#link.encryption = encryption;
  }

  /** Why the connection ended. Undefined if the controller ended it in order, or if the application asked for it. */
  get closeReason(): HapwireError | undefined {
    return this.#link.closeReason;
  }

  /** True if a request is being received or answered. */
  get busy(): boolean {
    return this.#link.busy;
  }

  /**
   * Switches to encryption. The handler of the last pair-verify request calls it, before or after it ends its response,
   * which goes out in plaintext. Input is opened from here on. Output is sealed from the first opened frame on.
   * [PROTOCOL: the secured session]
   *
   * @param keys - 32 bytes each; copied.
   * @throws {@link ArgumentError} `ERR_HAPWIRE_ARGUMENT` if a key does not have 32 bytes.
   * @throws {@link HapwireError} `ERR_HAPWIRE_SESSION_KEYS` if the connection has keys already.
   */
  secure(keys: SessionKeys): void {
    checkObject(keys, "keys");
    checkKey(keys.accessoryToControllerKey, "keys.accessoryToControllerKey");
    checkKey(keys.controllerToAccessoryKey, "keys.controllerToAccessoryKey");
    this.#link.secure(keys);
  }

  /**
   * Notes that pair-verify has succeeded.
   *
   * @param username - The pairing identifier of the controller's user: any string, because the controller has chosen it.
   * @throws {@link ArgumentError} `ERR_HAPWIRE_ARGUMENT` if it is not a string.
   */
  connectionAuthenticated(username: HAPUsername): void {
    checkString(username, "username");
    this.#link.noteKeys();
    if (this.#isUnpaired || this.#link.life >= Life.Closing) {
      return;
    }
    this.#isAuthenticated = true;
    this.username = username;
    this.#link.becomeKnown();
    this.#link.trace("authenticated");
    this.emit(HAPConnectionEvent.AUTHENTICATED, username);
  }

  /** True if pair-verify has succeeded, the controller is still paired, and the connection has not ended. */
  isAuthenticated(): boolean {
    return this.#isAuthenticated && !this.#isUnpaired && this.#link.life < Life.Closing;
  }

  /** Closes at once, also during a response. */
  close(): void {
    this.#link.close();
  }

  /**
   * Closes because the controller's pairing was removed.
   *
   * @param initiator - The connection that removed it. If it is this one, the responses under way go out first.
   */
  closeConnectionAsOfUnpair(initiator: HAPConnection): void {
    if (this !== initiator) {
      this.close();
    } else if (this.#link.life < Life.Closing) {
      this.#isUnpaired = true;
      this.closeAfterResponses();
    }
  }

  /** Closes when the requests that handlers have are received and answered. Serves no further request. */
  closeAfterResponses(): void {
    this.#link.drain();
  }

  /**
   * Sends an event to this controller, if it has subscribed. Does nothing for ids that nobody can subscribe to.
   *
   * @param value - The characteristic's new value: anything that `JSON.stringify` takes.
   * @param immediateDelivery - Sends the event, and all events that wait before it, as soon as no request is under way.
   * @throws As `JSON.stringify`: for a bigint and for a circle.
   */
  sendEvent(aid: number, iid: number, value: unknown, immediateDelivery = false): void {
    this.#link.events.send(aid, iid, value, immediateDelivery);
  }

  /**
   * Subscribes to a characteristic.
   *
   * @throws {@link ArgumentError} `ERR_HAPWIRE_ARGUMENT` if an id is not a safe integer from 1 up.
   * @throws {@link HapwireError} `ERR_HAPWIRE_SUBSCRIPTIONS` if the connection has `maxSubscriptions` already.
   */
  enableEventNotifications(aid: number, iid: number): void {
    checkId(aid, "aid");
    checkId(iid, "iid");
    this.#link.subscribe(aid, iid);
  }

  /** Unsubscribes. Drops the characteristic's events that wait. @throws {@link ArgumentError} */
  disableEventNotifications(aid: number, iid: number): void {
    checkId(aid, "aid");
    checkId(iid, "iid");
    this.#link.events.unsubscribe(aid, iid);
  }

  /** True if the connection has subscribed to a characteristic. */
  hasEventNotifications(aid: number, iid: number): boolean {
    return isId(aid) && isId(iid) && this.#link.events.isSubscribed(aid, iid);
  }

  /** The subscribed characteristics as `aid.iid`: a new set each time. */
  getRegisteredEvents(): Set<EventName> {
    const ids = this.#link.events.subscriptions();
    const names = new Set<EventName>();
    for (let i = 0; i + 1 < ids.length; i += 2) {
      names.add(`${String(ids[i])}.${String(ids[i + 1])}`);
    }
    return names;
  }

  /** Unsubscribes from everything. */
  clearRegisteredEvents(): void {
    this.#link.events.unsubscribeAll();
  }

  /**
   * An address of the interface that the controller came in on.
   *
   * @throws {@link ArgumentError} if the version is neither of the two.
   * @throws {@link HapwireError} `ERR_HAPWIRE_NO_ADDRESS` if the interface has no address of this version.
   */
  getLocalAddress(ipVersion: "ipv4" | "ipv6"): string {
    checkIpVersion(ipVersion, "ipVersion");
    return addressOf(this.networkInterface, ipVersion);
  }

  /** The figures of this connection, since it opened. */
  stats(): ConnectionStats {
    return this.#link.stats();
  }

  /** Shows no key. */
  [inspect.custom](): string {
    const state = HAPConnectionState[this.#state];
    return `HAPConnection { ${this.#link.name}, sessionID: ${this.sessionID}, state: ${state} }`;
  }

  get #state(): HAPConnectionState {
    const { life } = this.#link;
    if (life >= Life.Closing) {
      return life === Life.Closing ? HAPConnectionState.CLOSING : HAPConnectionState.CLOSED;
    }
    if (this.#isUnpaired) {
      return HAPConnectionState.TO_BE_TEARED_DOWN;
    }
    return this.#isAuthenticated ? HAPConnectionState.AUTHENTICATED : HAPConnectionState.FULLY_SET_UP;
  }

  /** Handles the rejection of an async listener. */
  override [EventEmitter.captureRejectionSymbol]<K>(
    error: Error,
    event: keyof HAPConnectionEvents | K,
    ...values: K extends keyof HAPConnectionEvents ? HAPConnectionEvents[K] : never
  ): void {
    const [, response] = values as unknown[];
    if (event === "request" && response instanceof ServerResponse) {
      this.#link.failHandler(error, response as ServerResponse);
    } else {
      reportRejection(this.server, error);
    }
  }
}
