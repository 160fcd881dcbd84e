/** EventedHTTPServer: accepts controllers, knows their connections, and sends events to those that subscribed. */

import { EventEmitter } from "node:events";
import { ServerResponse, type IncomingMessage } from "node:http";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";

import { checkId, checkInteger } from "./check";
import { HAPConnection, type ConnectionContext, type HAPUsername } from "./connection";
import { EventedHTTPServerEvent } from "./constants";
import { DebugOutput } from "./debug-output";
import { publishOpened, publishServer, serverClosed, serverListening } from "./diagnostics";
import type { EngineName } from "./engine/contract";
import { loadEngine } from "./engine/load";
import { ArgumentError, ConnectionError } from "./errors";
import { EventDelivery } from "./events/delivery";
import { IdleSweep } from "./idle-sweep";
import { OutputMemory } from "./output-memory";
import { settingsFrom, type ServerOptions, type Settings } from "./options";
import { ConnectionRegistry } from "./registry";
import { addStats, noStats, type ServerStats } from "./stats";

const debug = new DebugOutput("hapwire:server");

/** The events of a server and what they carry. */
export interface EventedHTTPServerEvents {
  /** It listens, there. */
  listening: [port: number, address: string];
  /** A controller has connected. */
  "connection-opened": [connection: HAPConnection];
  /** The head of a request has arrived; the listener answers it. */
  request: [connection: HAPConnection, request: IncomingMessage, response: ServerResponse];
  /** A connection is gone. */
  "connection-closed": [connection: HAPConnection];
  /** It cannot listen, or an async listener, its own or a connection's, of another event than `request` was rejected. */
  error: [error: Error];
}

/** How {@link EventedHTTPServer.close} goes about it. */
export interface CloseOptions {
  /** Milliseconds that responses under way are given to finish. Default 5,000. */
  deadline?: number;
}

const DEFAULT_CLOSE_DEADLINE = 5000;
const MAX_PORT = 65_535;
const MAX_DEADLINE = 2 ** 31 - 1;

/**
 * An HTTP server with the HAP extensions for security and events.
 *
 * A TCP server in front of one Node HTTP server for each connection: what a controller sends is opened and handed to it,
 * what it answers is sealed and sent. Events go out between complete responses, never inside one.
 */
export class EventedHTTPServer extends EventEmitter<EventedHTTPServerEvents> {
  /** The TCP server; the only socket that listens. */
  protected readonly tcpServer: Server;
  readonly #settings: Settings;
  readonly #delivery: EventDelivery;
  readonly #registry = new ConnectionRegistry<HAPConnection>();
  readonly #context: ConnectionContext;
  readonly #idleSweep: IdleSweep<HAPConnection>;
  readonly #closedByReason = new Map<string, number>();
  /** The sum of all connections that are gone. */
  readonly #pastStats = noStats();
  #accepted = 0;
  /** Who waits for the last connection to be gone. No listeners of theirs, which an application may remove. */
  readonly #whenEmptied: (() => void)[] = [];
  /** Between a call to listen and the next one to stop. */
  #mayListen = false;

  /**
   * @throws {@link ArgumentError} that names an option.
   * @throws {@link EngineError} where the engine asked for cannot run here.
   */
  constructor(options: ServerOptions = {}) {
    // A handler may be an async function: what it rejects with is handled as what another throws.
    super({ captureRejections: true });
    const settings = settingsFrom(options);
    const engine = loadEngine(settings.engine);
    this.#settings = settings;
    const memory = new OutputMemory();
    this.#delivery = new EventDelivery(engine, settings, memory);
    this.#context = {
      settings,
      engine,
      memory,
      delivery: this.#delivery,
      strangerLimits: {
        maxHeadSize: Math.min(settings.maxStrangerHeadSize, settings.maxHeadSize),
        maxBodySize: settings.maxStrangerBodySize,
        maxPendingRequests: Math.min(settings.maxStrangerPendingRequests, settings.maxPendingRequests),
      },
      knownLimits: settings,
      handleRequest: (connection, request, response) => {
        this.emit(EventedHTTPServerEvent.REQUEST, connection, request, response);
      },
      handleIdleChange: (connection) => {
        this.#idleSweep.connectionChanged(connection);
      },
      handleClosed: this.#onConnectionClosed.bind(this),
    };
    this.#idleSweep = new IdleSweep(
      settings.clock,
      {
        idleTimeout: settings.idleTimeout,
        threshold: settings.idleSweepThreshold,
        strangerIdleTimeout: settings.strangerIdleTimeout,
      },
      this.#registry,
      closeIdle,
    );

    // Half-open, because a controller that sends no more may still wait for its answer; no keep-alive probes, because
    // they wake iOS devices; no delay, because HAP's messages are small and awaited. [PROTOCOL: the secured session]
    this.tcpServer = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: false });
    this.tcpServer.on("connection", this.#onConnection.bind(this));
    this.tcpServer.on("listening", this.#onListening.bind(this));
    this.tcpServer.on("error", (error) => this.emit("error", error));
    this.tcpServer.on("close", () => {
      publishServer(serverClosed, this);
    });
  }

  /** The engine that seals, opens and queues for this server's connections. */
  get engine(): EngineName {
    return this.#context.engine.name;
  }

  /** Connections open now. */
  get connections(): Iterable<HAPConnection> & Pick<ReadonlySet<HAPConnection>, "size"> {
    return this.#registry;
  }

  /**
   * Where the server listens; null before `listening` and after the server has stopped, as in Node.
   */
  address(): AddressInfo {
    return this.tcpServer.address() as AddressInfo;
  }

  /**
   * Starts to listen; `listening` follows, or `error`.
   *
   * @param port - 0 to 65,535; with 0 the system chooses.
   * @param hostname - The address to listen on. Default: all, IPv6 and IPv4.
   * @throws {@link ArgumentError}
   */
  listen(port: number, hostname?: string): void {
    checkInteger(port, "port", 0, MAX_PORT);
    if (hostname !== undefined && typeof hostname !== "string") {
      throw new ArgumentError("hostname", "a string or undefined", hostname);
    }
    this.#mayListen = true;
    this.tcpServer.listen(port, hostname);
  }

  /** Stops listening and closes all connections at once. */
  stop(): void {
    this.#stopListening();
    for (const connection of [...this.#registry]) {
      connection.close();
    }
  }

  /** Stops, and removes all listeners. */
  destroy(): void {
    this.stop();
    this.removeAllListeners();
  }

  /**
   * Stops listening, lets responses under way finish, closes all connections.
   *
   * @returns Resolves when all is down; those not done by the deadline have been closed at once then.
   * @throws {@link ArgumentError}
   */
  async close({ deadline = DEFAULT_CLOSE_DEADLINE }: CloseOptions = {}): Promise<void> {
    checkInteger(deadline, "deadline", 0, MAX_DEADLINE);
    for (const connection of [...this.#registry]) {
      connection.closeAfterResponses();
    }
    // Last, since it stops the idle sweep: from here on there is the deadline.
    const down = new Promise<void>((resolve) => {
      // The error that it may pass on says that the server was not listening: so much the better.
      this.#stopListening(() => {
        resolve();
      });
    });
    const timer = this.#settings.clock.setTimeout(() => {
      for (const connection of [...this.#registry]) {
        connection.close();
      }
    }, deadline);
    await Promise.all([down, this.#whenEmpty()]);
    this.#settings.clock.clearTimeout(timer);
  }

  /**
   * Sends an event to every connection that has subscribed to a characteristic.
   *
   * @param aid - The accessory's id.
   * @param iid - The characteristic's id.
   * @param value - Its new value: whatever `JSON.stringify` takes.
   * @param originator - The connection that the change came from; it gets no event.
   * @param immediateDelivery - Sends it, and all that waits before it, as soon as no request is under way. ButtonEvent
   *   and ProgrammableSwitchEvent require it. Otherwise events gather for a moment and go out as one message.
   * @throws {@link ArgumentError}; and what `JSON.stringify` throws: a TypeError for a bigint and for a circle.
   */
  broadcastEvent(
    aid: number,
    iid: number,
    value: unknown,
    originator?: HAPConnection,
    immediateDelivery = false,
  ): void {
    checkId(aid, "aid");
    checkId(iid, "iid");
    this.#delivery.broadcast(aid, iid, value, immediateDelivery, originator?.subscriber);
  }

  /**
   * Closes all connections of a user whose pairing was removed: the initiator's after the responses under way, the rest
   * at once. To be called while the initiator's request is being answered.
   *
   * @param initiator - The connection whose request removed the pairing.
   * @param username - The pairing identifier that was removed; not necessarily the initiator's.
   */
  static destroyExistingConnectionsAfterUnpair(initiator: HAPConnection, username: HAPUsername): void {
    for (const connection of initiator.server.#registry.ofUser(username)) {
      connection.closeConnectionAsOfUnpair(initiator);
    }
  }

  /** Figures of the server, since it was made. */
  stats(): ServerStats {
    const total = { ...this.#pastStats };
    let authenticated = 0;
    for (const connection of this.#registry) {
      authenticated += connection.isAuthenticated() ? 1 : 0;
      addStats(total, connection.stats());
    }
    return {
      connections: this.#registry.size,
      authenticated,
      accepted: this.#accepted,
      closed: Object.fromEntries(this.#closedByReason),
      total,
    };
  }

  /**
   * Takes the rejection of an async listener. Where that is a request's, the controller gets its answer.
   *
   * @internal
   */
  override [EventEmitter.captureRejectionSymbol]<K>(
    error: Error,
    event: keyof EventedHTTPServerEvents | K,
    ...values: K extends keyof EventedHTTPServerEvents ? EventedHTTPServerEvents[K] : never
  ): void {
    const [connection, , response] = values as unknown[];
    if (event === "request" && connection instanceof HAPConnection && response instanceof ServerResponse) {
      connection.handleHandlerError(error, response as ServerResponse);
    } else {
      this.handleRejection(error);
    }
  }

  /**
   * An async listener rejected: the application hears of it, and goes on.
   *
   * @internal
   */
  handleRejection(error: Error): void {
    if (this.listenerCount("error") > 0) {
      this.emit("error", error);
    } else {
      // As after destroy(), which has removed the listeners.
      process.emitWarning(error);
    }
  }

  #stopListening(callback?: () => void): void {
    this.#mayListen = false;
    this.#idleSweep.stop();
    this.tcpServer.close(callback);
  }

  #onListening(): void {
    if (!this.#mayListen) {
      // Stopped while the host's name was looked up: early releases of Node 20 listen all the same.
      this.tcpServer.close();
      return;
    }
    const { port, address } = this.address();
    debug.write("listening on %s port %d", address, port);
    publishServer(serverListening, this);
    this.emit(EventedHTTPServerEvent.LISTENING, port, address);
  }

  #onConnection(socket: Socket): void {
    if (socket.remoteAddress === undefined) {
      // Reset before it was accepted.
      socket.destroy();
      return;
    }
    const connection = new HAPConnection(this, socket, this.#context);
    this.#accepted += 1;
    this.#registry.add(connection);
    publishOpened(connection);
    this.emit(EventedHTTPServerEvent.CONNECTION_OPENED, connection);
    this.#idleSweep.connectionAdded(connection);
    this.#boundStrangers(connection);
  }

  /**
   * Where a stranger is one too many, the one idle for longest goes. Those that a handler owes an answer stay; where that
   * is all of them, the new one goes.
   */
  #boundStrangers(newest: HAPConnection): void {
    const { maxStrangers } = this.#settings;
    if (this.#registry.size <= maxStrangers) {
      return;
    }
    const strangers = [...this.#registry].filter(({ isStranger }) => isStranger);
    if (strangers.length <= maxStrangers) {
      return;
    }
    const reason = new ConnectionError(
      "ERR_HAPWIRE_STRANGERS",
      `there are more than ${String(maxStrangers)} strangers`,
    );
    // To send a part of a request, and to send no more, is no way to keep a place.
    const waiting = strangers.filter((connection) => connection !== newest && !connection.awaitsHandler);
    if (waiting.length === 0) {
      newest.refuse(reason);
    } else {
      waiting
        .reduce((oldest, connection) =>
          connection.lastSocketOperation < oldest.lastSocketOperation ? connection : oldest,
        )
        .fail(reason);
    }
  }

  #onConnectionClosed(connection: HAPConnection): void {
    this.#registry.remove(connection);
    if (this.#registry.size === 0) {
      for (const resolve of this.#whenEmptied.splice(0)) {
        resolve();
      }
    }
    addStats(this.#pastStats, { ...connection.stats(), eventsPending: 0, eventBytesPending: 0 });
    const code = connection.closeReason?.code;
    if (code !== undefined) {
      this.#closedByReason.set(code, (this.#closedByReason.get(code) ?? 0) + 1);
    }
    this.emit(EventedHTTPServerEvent.CONNECTION_CLOSED, connection);
  }

  async #whenEmpty(): Promise<void> {
    while (this.#registry.size > 0) {
      await new Promise<void>((resolve) => this.#whenEmptied.push(resolve));
    }
  }
}

function closeIdle(connection: HAPConnection, idleFor: number): void {
  connection.fail(
    new ConnectionError(
      "ERR_HAPWIRE_IDLE",
      `nothing came or went for ${String(Math.round(idleFor / 1000))} s`,
    ),
  );
}
