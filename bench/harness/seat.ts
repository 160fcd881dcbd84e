/** A contender's transport in a process of its own, with the controllers of the load in this one. */

import path from "node:path";

import { LIMIT, serverModule, whyNoAddon, type Competitor } from "../contenders";
import { burstOf, singleChange, type Burst } from "./changes";
import { LeftOutError } from "./case";
import { Child } from "./child";
import { Controller } from "./controller";
import { EventCheck } from "./event-check";
import type { ServerSettings } from "../servers/contract";
import type { Series, ServerCommands, Start } from "./server-process";

/** The server that is the limit of a scenario: a module of servers/. */
export type LimitServer = "http" | "sealing-http" | "sealed-writes";

/** Milliseconds that events gather, instead of 250. The work is the same, the waiting shorter. */
const COALESCING_DELAY = 1;
/** Room for the largest burst. HAP-NodeJS's queue has no bound, hapwire's has 4,096 events by default. */
const MAX_QUEUED_EVENTS = 2 ** 20;
/** Connections that are set up at the same time. */
const CONNECT_AT_ONCE = 32;
/** Bytes of events that may be on their way to the controllers. */
const MAX_UNCONFIRMED = 4 * 1024 * 1024;

const PROGRAM = path.join(__dirname, "server-process.js");

export class Seat {
  readonly #child: Child<ServerCommands>;
  readonly #port: number;
  readonly #accessories: number;
  /** True if the sessions are secured. */
  readonly #encrypted: boolean;
  readonly controllers: Controller[] = [];
  /** The number of the next burst or single change. */
  #sent = 0;

  private constructor(child: Child<ServerCommands>, port: number, accessories: number, encrypted: boolean) {
    this.#child = child;
    this.#port = port;
    this.#accessories = accessories;
    this.#encrypted = encrypted;
  }

  /**
   * Starts the server.
   *
   * @param limit - The limit of this scenario.
   * @param flags - Flags of Node for the server's process.
   * @throws Error that says why the contender cannot run.
   */
  static async start(
    competitor: Competitor,
    limit: LimitServer,
    accessories: number,
    flags: readonly string[] = [],
  ): Promise<Seat> {
    const isLimit = competitor.name === LIMIT;
    const module = isLimit ? serverModule(limit) : competitor.server;
    const { leftOut } = isLimit && limit !== "http" ? whyNoAddon() : {};
    if (leftOut !== undefined) {
      throw new LeftOutError(leftOut);
    }
    if (module === undefined) {
      throw new Error(`${competitor.title} has no server`);
    }
    const settings: ServerSettings = {
      accessories,
      coalescingDelay: COALESCING_DELAY,
      maxQueuedEvents: MAX_QUEUED_EVENTS,
    };
    const start: Start = { module, settings };
    const { child, ready } = await Child.start<ServerCommands>(PROGRAM, start, flags);
    return new Seat(child, ready as number, accessories, !isLimit || limit === "sealed-writes");
  }

  /** The server's commands. */
  get server(): Pick<Child<ServerCommands>, "call"> {
    return this.#child;
  }

  /** Adds controllers up to this number, each through pair-verify. */
  async connect(count: number): Promise<void> {
    while (this.controllers.length < count) {
      const missing = Math.min(CONNECT_AT_ONCE, count - this.controllers.length);
      const added = await Promise.all(Array.from({ length: missing }, async () => this.open()));
      this.controllers.push(...added);
    }
  }

  /** Connects a further controller. The caller closes it. */
  async open(): Promise<Controller> {
    const controller = await Controller.connect(this.#port);
    await controller.verify(this.#encrypted);
    return controller;
  }

  /** Subscribes all controllers to the first characteristics. */
  async subscribe(changes: number): Promise<void> {
    await Promise.all(this.controllers.map(async (controller) => controller.subscribe(changes)));
  }

  /** Broadcasts bursts, and waits until every controller has every event. */
  async burst(changes: number, times: number): Promise<void> {
    const { message } = burstOf(changes, this.#accessories, 0);
    const atOnce = Math.max(1, Math.floor(MAX_UNCONFIRMED / (message.length * this.controllers.length)));
    for (let left = times; left > 0; left -= atOnce) {
      const series = { from: this.#sent, count: Math.min(left, atOnce), changes };
      await this.#deliver("sendBursts", series, (number) => burstOf(changes, this.#accessories, number));
    }
  }

  /** Broadcasts immediate events, one in each turn of the server's event loop, and waits until every controller has them. */
  async immediates(changes: number, times: number): Promise<void> {
    const series = { from: this.#sent, count: times, changes };
    await this.#deliver("sendImmediates", series, (number) =>
      singleChange(number, changes, this.#accessories),
    );
  }

  async close(): Promise<void> {
    for (const controller of this.controllers) {
      controller.close();
    }
    await this.#child.stop();
  }

  async #deliver(
    command: "sendBursts" | "sendImmediates",
    series: Series,
    burstAt: (number: number) => Burst,
  ): Promise<void> {
    const { from, count } = series;
    const expected = Array.from({ length: count }, (_, index) => burstAt(from + index));
    this.#sent = from + count;
    const received = this.controllers.map(async (controller) => controller.receive(new EventCheck(expected)));
    await Promise.all([...received, this.#child.call(command, series)]);
  }
}
