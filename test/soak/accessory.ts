/** The server under soak: its answers, its events, and a tally of the events that each connection must get. */

import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";

import { EventedHTTPServer, type Clock, type HAPConnection, type Timer } from "hapwire";

import { Random } from "../support/random";
import { CHARACTERISTICS, CONTENT, EMPTY_TALLY, LAST_IID, tallied, type Tally } from "./messages";
import type { SoakOptions } from "./options";
import { portOf } from "../support/port";

/** Milliseconds until the server closes a connection whose controller has gone and whose handler never answers. */
export const STRANGER_IDLE_TIMEOUT = 5000;

const EVENT_INTERVAL = 25;
const STREAMED_PART = 50_000;

/** The body of pair-verify: who the controller is. */
interface Introduction {
  readonly id: string;
  readonly username: string;
  readonly accessoryKey: string;
  readonly controllerKey: string;
  readonly subscriptions: readonly number[];
}

interface Member {
  readonly id: string;
  tally: Tally;
}

/** The machine's clock, which counts pending timers. Node does not count them, because they are unreferenced. */
export class CountingClock implements Clock {
  readonly #pending = new Set<NodeJS.Timeout>();

  get pending(): number {
    return this.#pending.size;
  }

  now(): number {
    return Date.now();
  }

  setTimeout(callback: () => void, delay: number): Timer {
    const timer = setTimeout(() => {
      this.#pending.delete(timer);
      callback();
    }, delay).unref();
    this.#pending.add(timer);
    return timer;
  }

  clearTimeout(timer: Timer): void {
    this.#pending.delete(timer as NodeJS.Timeout);
    clearTimeout(timer as NodeJS.Timeout);
  }
}

export class Accessory {
  readonly clock = new CountingClock();
  readonly server: EventedHTTPServer;
  /** Events given to all connections. */
  eventsSent = 0;
  requests = 0;
  /** Connections that are not garbage-collected yet. */
  alive = 0;
  readonly #members = new Map<HAPConnection, Member>();
  readonly #random: Random;
  readonly #registry = new FinalizationRegistry(() => {
    this.alive -= 1;
  });
  #ticker: NodeJS.Timeout | undefined;
  #values = 0;

  constructor({ engine, seed }: SoakOptions) {
    this.#random = new Random(seed, 1);
    this.server = new EventedHTTPServer({
      ...(engine === undefined ? {} : { engine }),
      clock: this.clock,
      // Short, so that each timeout happens many times.
      stallTimeout: 8000,
      idleTimeout: 15_000,
      strangerIdleTimeout: STRANGER_IDLE_TIMEOUT,
      headTimeout: 3000,
      requestTimeout: 6000,
      maxStrangers: 48,
    });
    this.server.on("connection-opened", (connection) => {
      this.alive += 1;
      this.#registry.register(connection, undefined);
    });
    this.server.on("connection-closed", (connection) => {
      this.#members.delete(connection);
    });
    this.server.on("request", this.#onRequest.bind(this));
  }

  /** @returns The port. */
  async listen(): Promise<number> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return portOf(this.server);
  }

  /** Starts to change characteristics. */
  start(): void {
    this.#ticker = setInterval(() => {
      for (let count = this.#random.between(0, 5); count > 0; count -= 1) {
        this.#change(this.#random.between(1, CHARACTERISTICS), undefined, this.#random.chance(0.2));
      }
    }, EVENT_INTERVAL);
  }

  /** Stops the changes after a last event to all connections. */
  stop(): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#change(LAST_IID, undefined, true);
  }

  /** The events that each connection must have received. */
  get tallies(): Map<string, Tally> {
    return new Map([...this.#members.values()].map(({ id, tally }) => [id, tally]));
  }

  #change(iid: number, originator: HAPConnection | undefined, isImmediate: boolean): void {
    // Each value is new: the server may drop an event that equals the last one.
    this.#values += 1;
    for (const [connection, member] of this.#members) {
      if (connection !== originator && connection.hasEventNotifications(1, iid)) {
        member.tally = tallied(member.tally, iid, this.#values);
        this.eventsSent += 1;
      }
    }
    this.server.broadcastEvent(1, iid, this.#values, originator, isImmediate);
  }

  #onRequest(connection: HAPConnection, request: IncomingMessage, response: ServerResponse): void {
    this.requests += 1;
    const [, kind, length = ""] = String(request.url).split("/");
    switch (kind) {
      case "pair-verify":
        void readBody(request).then((body) => {
          this.#verify(connection, response, JSON.parse(body.toString()) as Introduction);
        });
        break;
      case "content":
        response.end(CONTENT.subarray(0, Number(length)));
        break;
      case "streamed":
        stream(response, Number(length));
        break;
      case "echo":
        request.pipe(response);
        break;
      case "write":
        this.#change(Number(length), connection, false);
        response.writeHead(204).end();
        break;
      case "unpair":
        EventedHTTPServer.destroyExistingConnectionsAfterUnpair(connection, connection.username ?? "");
        response.end(CONTENT.subarray(0, Number(length)));
        break;
      case "never":
        break;
      default:
        response.writeHead(404).end();
    }
  }

  #verify(connection: HAPConnection, response: ServerResponse, introduction: Introduction): void {
    const { id, username, accessoryKey, controllerKey, subscriptions } = introduction;
    response.end("verified");
    connection.secure({
      accessoryToControllerKey: Buffer.from(accessoryKey, "hex"),
      controllerToAccessoryKey: Buffer.from(controllerKey, "hex"),
    });
    connection.connectionAuthenticated(username);
    for (const iid of subscriptions) {
      connection.enableEventNotifications(1, iid);
    }
    if (connection.isAuthenticated()) {
      this.#members.set(connection, { id, tally: EMPTY_TALLY });
    }
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => request.once("end", resolve));
  return Buffer.concat(chunks);
}

function stream(response: ServerResponse, length: number, at = 0): void {
  if (at >= length) {
    response.end();
    return;
  }
  const end = Math.min(length, at + STREAMED_PART);
  response.write(CONTENT.subarray(at, end), (error) => {
    if (error == null) {
      setImmediate(() => {
        stream(response, length, end);
      });
    }
  });
}
