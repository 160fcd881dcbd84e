/** The requests of one server: how long each took, the slowest of the last hour, and those without an answer. */

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ServerResponse } from "node:http";

import type { Clock } from "../../clock";
import type { HAPConnection } from "../../connection";
import {
  connectionClosed,
  requestReceived,
  type ConnectionClosedMessage,
  type RequestMessage,
} from "../../diagnostics";
import type { SlowRequest } from "../report";
import { controllerOf, type Controller } from "./controller";
import {
  characteristicsAnswered,
  characteristicsAsked,
  type CharacteristicsAnsweredMessage,
  type CharacteristicsAskedMessage,
  type CharacteristicsRequest,
} from "./characteristics";
import { Longest, type Lasting } from "./longest";

/** Milliseconds from which on a request is noted. People begin to notice. */
const SLOW = 200;
/** How many slow requests, and how many without an answer, are listed. */
const LISTED = 10;

const CHARACTERISTICS = "/characteristics";
/** The paths of HAP. A controller may send others, of any length. */
const PATHS: ReadonlySet<string> = new Set([
  "/accessories",
  CHARACTERISTICS,
  "/identify",
  "/pair-setup",
  "/pair-verify",
  "/pairings",
  "/prepare",
  "/resource",
]);

/** A request that has no answer yet. */
interface Open {
  readonly connection: HAPConnection;
  /** In milliseconds of the clock. */
  readonly start: number;
  asked: CharacteristicsRequest | undefined;
  /** When the bridge had the whole request for characteristics, in milliseconds of the clock. */
  came: number | undefined;
  /** When the bridge had its answer, in milliseconds of the clock. */
  answered: number | undefined;
}

/** A request that took long, or that got no answer. Keeps no connection alive. */
export interface LoggedRequest extends Lasting, Controller {
  readonly answer: SlowRequest["answer"];
  readonly what: string;
  /** From the URL. Undefined if the URL does not say. */
  readonly named: number | undefined;
  readonly asked: CharacteristicsRequest | undefined;
  /**
   * What took half of the time or longer, if that was not the bridge. `coming`: the controller had not sent the whole
   * request. `going`: the answer waited for an earlier response on the connection, or for a controller that took no data.
   */
  readonly delay: "coming" | "going" | undefined;
}

export class RequestLog {
  readonly #server: HAPConnection["server"];
  readonly #clock: Clock;
  readonly #answered: (milliseconds: number, now: number) => void;
  readonly #open = new Map<ServerResponse, Open>();
  readonly #slow: Longest<LoggedRequest>;
  readonly #unanswered: Longest<LoggedRequest>;
  readonly #onFinish: (this: ServerResponse) => void;

  /** @param answered - Called with the time of each request that is answered, and with the time of the clock. */
  constructor(
    server: HAPConnection["server"],
    clock: Clock,
    answered: (milliseconds: number, now: number) => void,
  ) {
    this.#server = server;
    this.#clock = clock;
    this.#answered = answered;
    this.#slow = new Longest(clock, LISTED);
    this.#unanswered = new Longest(clock, LISTED);
    // One function for all responses: a closure for each would cost more.
    const finish = this.#finish.bind(this);
    this.#onFinish = function () {
      finish(this);
    };
    subscribe(requestReceived.name, this.#onRequest);
    subscribe(connectionClosed.name, this.#onConnectionClosed);
    subscribe(characteristicsAsked.name, this.#onAsked);
    subscribe(characteristicsAnswered.name, this.#onAnswered);
  }

  /** The slowest requests, those without an answer, and those that wait now. */
  list(): LoggedRequest[] {
    const now = this.#clock.now();
    const waiting: LoggedRequest[] = [];
    for (const [response, open] of this.#open) {
      if (now - open.start >= SLOW) {
        waiting.push(logged(response, open, now, "waiting"));
      }
    }
    waiting.sort((a, b) => b.milliseconds - a.milliseconds);
    return [...waiting.slice(0, LISTED), ...this.#unanswered.list(), ...this.#slow.list()];
  }

  /** Ends the log. */
  release(): void {
    unsubscribe(requestReceived.name, this.#onRequest);
    unsubscribe(connectionClosed.name, this.#onConnectionClosed);
    unsubscribe(characteristicsAsked.name, this.#onAsked);
    unsubscribe(characteristicsAnswered.name, this.#onAnswered);
    for (const response of this.#open.keys()) {
      response.off("finish", this.#onFinish);
    }
    this.#open.clear();
  }

  readonly #onRequest = (message: unknown): void => {
    const { connection, response } = message as RequestMessage;
    if (connection.server === this.#server) {
      const start = this.#clock.now();
      this.#open.set(response, { connection, start, asked: undefined, came: undefined, answered: undefined });
      response.on("finish", this.#onFinish);
    }
  };

  /**
   * Finds the request that is meant: the first one for characteristics on this connection that has no answer and is not
   * known yet, because the bridge gets the requests of a connection in order.
   */
  readonly #onAsked = (message: unknown): void => {
    const { connection, asked } = message as CharacteristicsAskedMessage;
    if (connection.server === this.#server) {
      for (const [response, open] of this.#open) {
        if (
          open.connection === connection &&
          open.asked === undefined &&
          !response.writableEnded &&
          pathOf(response.req.url) === CHARACTERISTICS
        ) {
          open.asked = asked;
          open.came = this.#clock.now();
          return;
        }
      }
    }
  };

  readonly #onAnswered = (message: unknown): void => {
    const { connection, asked } = message as CharacteristicsAnsweredMessage;
    if (connection.server === this.#server) {
      for (const open of this.#open.values()) {
        if (open.asked === asked) {
          open.answered = this.#clock.now();
          return;
        }
      }
    }
  };

  /** A response that does not finish ends with its connection. */
  readonly #onConnectionClosed = (message: unknown): void => {
    const { connection } = message as ConnectionClosedMessage;
    if (connection.server === this.#server) {
      const now = this.#clock.now();
      for (const [response, open] of this.#open) {
        if (open.connection === connection) {
          this.#open.delete(response);
          this.#unanswered.add(logged(response, open, now, "none"));
        }
      }
    }
  };

  #finish(response: ServerResponse): void {
    const open = this.#open.get(response);
    if (open !== undefined) {
      this.#open.delete(response);
      const now = this.#clock.now();
      const milliseconds = now - open.start;
      this.#answered(milliseconds, now);
      if (milliseconds >= SLOW) {
        this.#slow.add(logged(response, open, now, "sent"));
      }
    }
  }
}

function logged(
  { req }: ServerResponse,
  open: Open,
  end: number,
  answer: SlowRequest["answer"],
): LoggedRequest {
  const { method, url } = req;
  const { connection, start, asked } = open;
  const path = pathOf(url);
  const access = asked?.access ?? (method === "PUT" ? "write" : "read");
  return {
    ...controllerOf(connection),
    end,
    milliseconds: end - start,
    answer,
    what: path === CHARACTERISTICS ? access : path,
    named: path === CHARACTERISTICS ? namedBy(url) : undefined,
    asked,
    delay: delayOf(open, end, req.complete),
  };
}

function delayOf({ start, came, answered }: Open, end: number, isWhole: boolean): LoggedRequest["delay"] {
  const half = (end - start) / 2;
  if (!isWhole || (came !== undefined && came - start >= half)) {
    return "coming";
  }
  return answered !== undefined && answered - start < half ? "going" : undefined;
}

function pathOf(url = ""): string {
  const end = url.indexOf("?");
  const path = (end === -1 ? url : url.slice(0, end)).toLowerCase();
  return PATHS.has(path) ? path : "other";
}

/** How many characteristics a read names: `id=1.9,2.14`. */
function namedBy(url = ""): number | undefined {
  const ids = /[?&]id=([^&]+)/.exec(url)?.[1];
  return ids?.split(/,|%2c/i).length;
}
