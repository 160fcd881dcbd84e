/** A server under test and its controllers. When the test is over they are closed, and must leave nothing behind. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server, Socket } from "node:net";
import type { TestContext } from "node:test";

import {
  EventedHTTPServer,
  type EngineName,
  type HAPConnection,
  type ServerOptions,
  type SessionKeys,
} from "hapwire";

import { loadEngine } from "#src/engine/load";

import { ManualClock } from "./clock";
import { Controller } from "./controller";
import { portOf } from "./port";
import { expectWiped, watchSessions } from "./session-watch";

export type Handler = (request: IncomingMessage, response: ServerResponse, connection: HAPConnection) => void;

/** A controller with the connection that the server has for it. */
export interface Pair {
  readonly controller: Controller;
  readonly connection: HAPConnection;
}

/** The engines that the transport is tested on: both, or the one that `HAPWIRE_ENGINE` names. */
export function transportEngines(): EngineName[] {
  const wanted = process.env["HAPWIRE_ENGINE"];
  return wanted === "native" || wanted === "portable" ? [wanted] : ["native", "portable"];
}

/** Fresh keys of a session. */
export function randomKeys(): SessionKeys {
  return { accessoryToControllerKey: randomBytes(32), controllerToAccessoryKey: randomBytes(32) };
}

/** The harnesses of each running test. */
const started = new WeakMap<TestContext, Harness[]>();

export class Harness {
  readonly server: EventedHTTPServer;
  /** Answers requests; `/pair-verify` is the harness's own. */
  handler: Handler = (_request, response) => response.end("ok");
  readonly #clock: ServerOptions["clock"];
  readonly #controllers: Controller[] = [];
  readonly #keys = new WeakMap<HAPConnection, SessionKeys>();
  /** The keys of all sessions so far. */
  readonly #allKeys: SessionKeys[] = [];
  /** The server's open sockets, by the controller's port. */
  readonly #sockets = new Map<number, Socket>();

  private constructor(options: ServerOptions) {
    this.#clock = options.clock;
    this.server = new EventedHTTPServer(options);
    watchSessions(loadEngine(options.engine));
    // HAP-NodeJS and its users reach for this field too.
    const tcpServer = Reflect.get(this.server, "tcpServer") as Server;
    tcpServer.on("connection", (socket) => {
      const { remotePort = 0 } = socket;
      this.#sockets.set(remotePort, socket);
      socket.on("close", () => this.#sockets.delete(remotePort));
    });
    this.server.on("request", (connection, request, response) => {
      const keys = this.#keys.get(connection);
      if (request.url === "/pair-verify" && keys !== undefined) {
        this.#verify(connection, request, response, keys);
      } else {
        this.handler(request, response, connection);
      }
    });
  }

  /** Starts a server on loopback; it ends with the test. */
  static async start(t: TestContext, options: ServerOptions = {}, host = "127.0.0.1"): Promise<Harness> {
    const harness = new Harness(options);
    const others = started.get(t);
    if (others === undefined) {
      const harnesses = [harness];
      started.set(t, harnesses);
      t.after(async () => Harness.#end(harnesses));
    } else {
      others.push(harness);
    }
    harness.server.listen(0, host);
    await once(harness.server, "listening");
    return harness;
  }

  /** Ends all harnesses of a test before the first check: they may share a clock. */
  static async #end(harnesses: readonly Harness[]): Promise<void> {
    for (const harness of harnesses) {
      harness.#controllers.forEach((controller) => {
        controller.destroy();
      });
      harness.server.destroy();
      await harness.server.close();
    }
    for (const harness of harnesses) {
      harness.#expectNothingLeft();
    }
  }

  #expectNothingLeft(): void {
    const { connections, authenticated, total } = this.server.stats();
    const { eventsPending, eventBytesPending, requests, responses } = total;
    assert.deepEqual(
      { connections, authenticated, eventsPending, eventBytesPending, unanswered: requests - responses },
      { connections: 0, authenticated: 0, eventsPending: 0, eventBytesPending: 0, unanswered: 0 },
      "the statistics of a server without connections",
    );
    if (this.#clock instanceof ManualClock) {
      assert.equal(this.#clock.pending, 0, "the stopped server left timers behind");
    }
    this.#allKeys.forEach(expectWiped);
  }

  get port(): number {
    return portOf(this.server);
  }

  /**
   * A connection in plaintext, as before pair-verify.
   *
   * @param from - The controller's own address; the system chooses one by default.
   */
  async connect(host?: string, from?: string): Promise<Pair> {
    const opened = once(this.server, "connection-opened") as Promise<[HAPConnection]>;
    const controller = await Controller.connect(this.port, host, from);
    this.#controllers.push(controller);
    const [connection] = await opened;
    return { controller, connection };
  }

  /** A connection that has switched to encryption as HAP-NodeJS does it, and has spoken through it once. */
  async connectSecured(username = "user"): Promise<Pair> {
    const pair = await this.connect();
    await this.secure(pair, username);
    return pair;
  }

  /** Several of them. */
  async connectMany(count: number, username?: string): Promise<Pair[]> {
    const pairs: Pair[] = [];
    for (let i = 0; i < count; i += 1) {
      pairs.push(await this.connectSecured(username));
    }
    return pairs;
  }

  /** Switches a connection to encryption, and sends a first request through it. */
  async secure({ controller, connection }: Pair, username = "user"): Promise<SessionKeys> {
    const keys = randomKeys();
    this.#keys.set(connection, keys);
    this.#allKeys.push(keys);
    await controller.fetch("POST", "/pair-verify", { body: username });
    controller.secure(keys);
    const { handler } = this;
    this.handler = (_request, response) => response.end("first");
    await controller.get("/first");
    this.handler = handler;
    return keys;
  }

  /** The server's end of a connection. */
  socketOf({ connection }: Pair): Socket {
    const socket = this.#sockets.get(connection.remotePort);
    assert.ok(socket !== undefined);
    return socket;
  }

  #verify(
    connection: HAPConnection,
    request: IncomingMessage,
    response: ServerResponse,
    keys: SessionKeys,
  ): void {
    const username: Buffer[] = [];
    request.on("data", (chunk: Buffer) => username.push(chunk));
    request.on("end", () => {
      response.end("verified");
      connection.secure(keys);
      connection.connectionAuthenticated(Buffer.concat(username).toString());
    });
  }
}

/** Waits for the server's side of a connection to be gone. */
export async function whenClosed(connection: HAPConnection): Promise<void> {
  await once(connection, "closed");
}
