/** EventedHTTPServer: accepts controllers and sends events to those that subscribed. */

import { EventEmitter } from "node:events";
import { ServerResponse, type IncomingMessage } from "node:http";
import { createServer, type AddressInfo, type ListenOptions, type Server, type Socket } from "node:net";

import { checkInteger, checkString } from "./check";
import { MAX_DELAY } from "./clock";
import { HAPConnection, linkOf, type HAPUsername } from "./connection";
import { ConnectionSet } from "./connection-set";
import { EventedHTTPServerEvent, HAPConnectionEvent } from "./constants";
import { DebugOutput } from "./debug-output";
import * as diagnostics from "./diagnostics";
import type { EngineName } from "./engine/contract";
import { loadEngine } from "./engine/load";
import { ArgumentError, ConnectionError } from "./errors";
import { EventDelivery } from "./events/delivery";
import { checkOptionNames } from "./option-names";
import { settingsFrom, type ServerOptions, type Settings } from "./options";
import { reportRejection } from "./rejection";
import { addStats, noStats, type ServerStats } from "./stats";
import { IdleSweep } from "./transport/idle-sweep";
import type { Link, LinkContext } from "./transport/link";
import { OutputMemory } from "./transport/output-memory";
import { Strangers } from "./transport/strangers";

declare module "./connection" {
  interface ServerTypes {
    server: EventedHTTPServer;
  }
}

const debug = new DebugOutput("hapwire:server");

/** The events of a server, each with the arguments of its listeners. */
export interface EventedHTTPServerEvents {
  /** The server listens. */
  listening: [port: number, address: string];
  /** A controller has connected. */
  "connection-opened": [connection: HAPConnection];
  /** The head of a request has arrived. The listener answers it. */
  request: [connection: HAPConnection, request: IncomingMessage, response: ServerResponse];
  /** A connection has closed. */
  "connection-closed": [connection: HAPConnection];
  /** The server cannot listen, or an async listener was rejected, except one of `request`. */
  error: [error: Error];
}

/** Options of {@link EventedHTTPServer.close}. */
export interface CloseOptions {
  /** Milliseconds in which responses under way may finish. Default 5,000. */
  deadline?: number;
}

const DEFAULT_CLOSE_DEADLINE = 5000;
const CLOSE_NAMES = { deadline: true };

/**
 * An HTTP server with the HAP extensions for security and events: a TCP server in front of one Node HTTP server for each
 * connection. It opens requests, seals responses, and sends events between complete responses.
 *
 * @example
 * ```js
 * const server = new EventedHTTPServer();
 * server.on("request", (connection, request, response) => {
 *   response.end("hello");
 * });
 * server.on("listening", (port) => console.log(`port ${port}`));
 * server.listen(0, "127.0.0.1");
 * ```
 */
export class EventedHTTPServer extends EventEmitter<EventedHTTPServerEvents> {
  /** The TCP server: the only socket that listens. */
  protected readonly tcpServer: Server;
  readonly #settings: Settings;
  readonly #links = new Set<Link<HAPConnection>>();
  readonly #connections = new ConnectionSet(this.#links);
  readonly #context: LinkContext<HAPConnection>;
  readonly #idleSweep: IdleSweep<Link<HAPConnection>>;
  readonly #closedByReason = new Map<string, number>();
  /** The sum over all connections that have closed. */
  readonly #pastStats = noStats();
  #accepted = 0;
  /** Called when the last connection has closed. Not listeners, which an application may remove. */
  readonly #whenEmptied: (() => void)[] = [];
  /** True between a call to listen and the next call to stop. */
  #mayListen = false;
  /** True between the messages `hapwire:server:listening` and `hapwire:server:closed`. */
  #isPublished = false;

  /**
   * @throws {@link ArgumentError} that names an option. An unknown option is ignored, with one warning.
   * @throws {@link EngineError} if the engine of the options can't run here.
   */
  constructor(options: ServerOptions = {}) {
    // A request handler may be an async function. Its rejection counts as an error that it throws.
    super({ captureRejections: true });
    const settings = settingsFrom(options);
    this.#settings = settings;
    this.#context = this.#createContext(settings);
    this.#idleSweep = new IdleSweep(settings, this.#links, closeIdle);

    // Half-open: a controller that sends no more may still wait for its answer. No keep-alive probes: they wake iOS
    // devices. No delay: HAP's messages are small and awaited. [PROTOCOL: sockets]
    this.tcpServer = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: false });
    this.tcpServer.on("connection", this.#onConnection.bind(this));
    this.tcpServer.on("listening", this.#onListening.bind(this));
    this.tcpServer.on("error", this.#onError.bind(this));
    this.tcpServer.on("close", () => {
      void this.#whenEmpty().then(this.#publishClosed.bind(this));
    });
  }

  /** The engine of this server's connections. */
  get engine(): EngineName {
    return this.#context.engine.name;
  }

  /** The open connections. */
  get connections(): Iterable<HAPConnection> & Pick<ReadonlySet<HAPConnection>, "size"> {
    return this.#connections;
  }

  /** The address that the server listens on. Null before `listening` and after the server has stopped, as in Node. */
  address(): AddressInfo | null {
    return this.tcpServer.address() as AddressInfo | null;
  }

  /**
   * Starts to listen. `listening` follows, or `error`. Takes what `net.Server.listen` takes, as HAP-NodeJS does: the port in
   * Homebridge's config.json may be a string. A string that is not a number is the path of a socket.
   *
   * @param port - 0 to 65,535, or options as for `net.Server.listen`. The system chooses if it is 0 or missing.
   * @param hostname - The address to listen on. Default: all addresses, IPv6 and IPv4.
   * @throws Node's `ERR_SOCKET_BAD_PORT`, `ERR_INVALID_ARG_VALUE` or `ERR_SERVER_ALREADY_LISTEN`.
   */
  listen(port?: number | string | ListenOptions | null, hostname?: string | null): void;
  listen(...target: unknown[]): void {
    (this.tcpServer.listen as (...target: unknown[]) => void).apply(this.tcpServer, target);
    this.#mayListen = true;
  }

  /** Stops listening and closes all connections at once. */
  stop(): void {
    this.#stopListening();
    for (const link of [...this.#links]) {
      link.close();
    }
  }

  /** Stops, and removes all listeners. */
  destroy(): void {
    this.stop();
    this.removeAllListeners();
  }

  /**
   * Stops listening, lets responses under way finish, and closes all connections.
   *
   * @returns Resolves when all connections have closed. Connections that miss the deadline are closed at once.
   * @throws {@link ArgumentError} if the deadline is not an integer of milliseconds.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    checkOptionNames<CloseOptions>(options, CLOSE_NAMES, "close()");
    const { deadline = DEFAULT_CLOSE_DEADLINE } = options;
    checkInteger(deadline, "deadline", 0, MAX_DELAY);
    for (const link of [...this.#links]) {
      link.drain();
    }
    // After the links drain, because it stops the idle sweep.
    const down = new Promise<void>((resolve) => {
      // Ignore the error: the server was not listening.
      this.#stopListening(() => {
        resolve();
      });
    });
    const timer = this.#settings.clock.setTimeout(() => {
      for (const link of [...this.#links]) {
        link.close();
      }
    }, deadline);
    await Promise.all([down, this.#whenEmpty()]);
    this.#settings.clock.clearTimeout(timer);
  }

  /**
   * Sends an event to every connection that has subscribed to a characteristic. Ignores ids that nobody can subscribe to.
   *
   * @param aid - The accessory's id.
   * @param iid - The characteristic's id.
   * @param value - The new value: anything that `JSON.stringify` takes.
   * @param originator - The connection that made the change. It gets no event.
   * @param immediateDelivery - Sends the event, and all events that wait before it, as soon as no request is under way.
   *   ButtonEvent and ProgrammableSwitchEvent require it. Other events gather for `coalescingDelay` and go out as one
   *   message.
   * @throws As `JSON.stringify`: a TypeError for a bigint and for a circle.
   */
  broadcastEvent(
    aid: number,
    iid: number,
    value: unknown,
    originator?: HAPConnection,
    immediateDelivery = false,
  ): void {
    const except = originator instanceof HAPConnection ? linkOf(originator).events : undefined;
    this.#context.delivery.broadcast(aid, iid, value, immediateDelivery, except);
  }

  /**
   * Closes all connections of a user whose pairing was removed: the initiator's after the responses under way, the others at
   * once. Called while the initiator's request is answered.
   *
   * @param initiator - The connection whose request removed the pairing.
   * @param username - The pairing identifier that was removed. It need not be the initiator's.
   * @throws {@link ArgumentError}
   */
  static destroyExistingConnectionsAfterUnpair(initiator: HAPConnection, username: HAPUsername): void {
    if (!(initiator instanceof HAPConnection)) {
      throw new ArgumentError("initiator", "a HAPConnection", initiator);
    }
    // Connections that have not verified have no username: undefined would close them.
    checkString(username, "username");
    for (const { owner } of [...initiator.server.#links]) {
      if (owner.username === username) {
        owner.closeConnectionAsOfUnpair(initiator);
      }
    }
  }

  /** The figures of the server since it was made. */
  stats(): ServerStats {
    const total = { ...this.#pastStats };
    let authenticated = 0;
    for (const { owner } of this.#links) {
      authenticated += owner.isAuthenticated() ? 1 : 0;
      addStats(total, owner.stats());
    }
    return {
      connections: this.#links.size,
      authenticated,
      accepted: this.#accepted,
      closed: Object.fromEntries(this.#closedByReason),
      total,
    };
  }

  /** Handles the rejection of an async listener. Answers the request of a request listener. */
  override [EventEmitter.captureRejectionSymbol]<K>(
    error: Error,
    event: keyof EventedHTTPServerEvents | K,
    ...values: K extends keyof EventedHTTPServerEvents ? EventedHTTPServerEvents[K] : never
  ): void {
    const [connection, , response] = values as unknown[];
    if (event === "request" && connection instanceof HAPConnection && response instanceof ServerResponse) {
      linkOf(connection).failHandler(error, response as ServerResponse);
    } else {
      reportRejection(this, error);
    }
  }

  #createContext(settings: Settings): LinkContext<HAPConnection> {
    const engine = loadEngine(settings.engine);
    const memory = new OutputMemory();
    return {
      settings,
      engine,
      memory,
      delivery: new EventDelivery(engine, settings, memory),
      strangers: new Strangers(settings),
      strangerLimits: {
        maxHeadSize: settings.maxHeadSize,
        maxBodySize: Math.min(settings.maxStrangerBodySize, settings.maxBodySize),
        maxPendingRequests: Math.min(settings.maxStrangerPendingRequests, settings.maxPendingRequests),
      },
      host: {
        handleRequest: this.#onRequest.bind(this),
        handleRefusal: diagnostics.publishRefusal,
        handleFlush: diagnostics.publishFlush,
        handleIdleChange: (link) => {
          // After stop() or close() nothing would stop the sweep.
          if (this.#mayListen) {
            this.#idleSweep.changed(link);
          }
        },
        handleClosed: this.#onClosed.bind(this),
      },
    };
  }

  #stopListening(callback?: () => void): void {
    this.#mayListen = false;
    this.#idleSweep.stop();
    this.tcpServer.close(callback);
  }

  #onListening(): void {
    if (!this.#mayListen) {
      // Stopped during the look-up of the host's name: early releases of Node 20 listen all the same.
      this.tcpServer.close();
      return;
    }
    const { port, address } = this.tcpServer.address() as AddressInfo;
    debug.write("listening on %s port %d", address, port);
    this.#isPublished = true;
    diagnostics.publishServer(diagnostics.serverListening, this);
    this.emit(EventedHTTPServerEvent.LISTENING, port, address);
  }

  #onError(error: Error): void {
    // A plugin may handle the error on the TCP server, as with HAP-NodeJS. Without a handler the process ends as usual.
    const isHandled = this.listenerCount("error") === 0 && this.tcpServer.listenerCount("error") > 1;
    if (!isHandled) {
      this.emit("error", error);
    }
  }

  #publishClosed(): void {
    if (this.#isPublished) {
      this.#isPublished = false;
      diagnostics.publishServer(diagnostics.serverClosed, this);
    }
  }

  #onConnection(socket: Socket): void {
    if (socket.remoteAddress === undefined) {
      // Reset before it was accepted.
      socket.destroy();
      return;
    }
    const connection = new HAPConnection(this, socket, this.#context);
    const link = linkOf(connection);
    this.#accepted += 1;
    this.#links.add(link);
    this.#idleSweep.added(link);
    diagnostics.publishOpened(connection);
    this.#context.strangers.add(link);
    // Last: if a listener throws, the connection has its limits.
    this.emit(EventedHTTPServerEvent.CONNECTION_OPENED, connection);
  }

  #onRequest(connection: HAPConnection, request: IncomingMessage, response: ServerResponse): void {
    diagnostics.publishRequest(connection, request, response);
    this.emit(EventedHTTPServerEvent.REQUEST, connection, request, response);
    connection.emit(HAPConnectionEvent.REQUEST, request, response);
  }

  #onClosed(link: Link<HAPConnection>): void {
    const { owner: connection, closeReason } = link;
    clearTimeout(connection.timedWriteTimeout);
    this.#links.delete(link);
    addStats(this.#pastStats, connection.stats());
    if (closeReason !== undefined) {
      this.#closedByReason.set(closeReason.code, (this.#closedByReason.get(closeReason.code) ?? 0) + 1);
    }
    if (this.#links.size === 0) {
      for (const resolve of this.#whenEmptied.splice(0)) {
        resolve();
      }
    }
    diagnostics.publishClosed(connection, closeReason);
    try {
      this.emit(EventedHTTPServerEvent.CONNECTION_CLOSED, connection);
      connection.emit(HAPConnectionEvent.CLOSED);
    } finally {
      connection.removeAllListeners();
    }
  }

  async #whenEmpty(): Promise<void> {
    while (this.#links.size > 0) {
      await new Promise<void>((resolve) => this.#whenEmptied.push(resolve));
    }
  }
}

function closeIdle(link: Link<HAPConnection>, idleFor: number): void {
  const seconds = String(Math.round(idleFor / 1000));
  link.fail(new ConnectionError("ERR_HAPWIRE_IDLE", `nothing came or went for ${seconds} s`));
}
