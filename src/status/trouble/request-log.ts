/** The requests of one server: how long each took, the slowest of the last hour, and those without an answer. */

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
import type { UserNumbers, Who } from "../users";
import {
  characteristicsAnswered,
  characteristicsAsked,
  type CharacteristicsAnsweredMessage,
  type CharacteristicsAskedMessage,
  type CharacteristicsRequest,
} from "./characteristics";
import { listen } from "./listen";
import { Longest, type Lasting } from "./longest";

/** Milliseconds. Shorter requests are not noted: people do not notice them. */
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
export interface LoggedRequest extends Lasting, Who {
  readonly answer: SlowRequest["answer"];
  readonly what: string;
  /** From the URL. Undefined if the URL does not say. */
  readonly named: number | undefined;
  readonly asked: CharacteristicsRequest | undefined;
  /**
   * The cause of half of the time or more, if it is not the bridge. `coming`: the controller had not sent the whole
   * request. `going`: the answer waited for an earlier response on the connection, or for a controller that took no data.
   */
  readonly delay: "coming" | "going" | undefined;
}

export class RequestLog {
  readonly #clock: Clock;
  readonly #users: UserNumbers;
  readonly #answered: (milliseconds: number, now: number) => void;
  readonly #open = new Map<ServerResponse, Open>();
  readonly #slow: Longest<LoggedRequest>;
  readonly #unanswered: Longest<LoggedRequest>;
  readonly #onFinish: (this: ServerResponse) => void;
  readonly #unlisten: () => void;

  /** @param answered - Called with the time of each request that is answered, and with the time of the clock. */
  constructor(
    server: HAPConnection["server"],
    clock: Clock,
    users: UserNumbers,
    answered: (milliseconds: number, now: number) => void,
  ) {
    this.#clock = clock;
    this.#users = users;
    this.#answered = answered;
    this.#slow = new Longest(clock, LISTED);
    this.#unanswered = new Longest(clock, LISTED);
    // One function for all responses: a closure for each would cost more.
    const finish = this.#finish.bind(this);
    this.#onFinish = function () {
      finish(this);
    };
    this.#unlisten = listen<
      [RequestMessage, ConnectionClosedMessage, CharacteristicsAskedMessage, CharacteristicsAnsweredMessage]
    >(
      server,
      [requestReceived, this.#onRequest.bind(this)],
      [connectionClosed, this.#onConnectionClosed.bind(this)],
      [characteristicsAsked, this.#onAsked.bind(this)],
      [characteristicsAnswered, this.#onAnswered.bind(this)],
    );
  }

  /** The slowest requests, those without an answer, and those that wait now. */
  list(): LoggedRequest[] {
    const now = this.#clock.now();
    const waiting: LoggedRequest[] = [];
    for (const [response, open] of this.#open) {
      if (now - open.start >= SLOW) {
        waiting.push(this.#logged(response, open, now, "waiting"));
      }
    }
    waiting.sort((a, b) => b.milliseconds - a.milliseconds);
    return [...waiting.slice(0, LISTED), ...this.#unanswered.list(), ...this.#slow.list()];
  }

  /** Ends the log. */
  release(): void {
    this.#unlisten();
    for (const response of this.#open.keys()) {
      response.off("finish", this.#onFinish);
    }
    this.#open.clear();
  }

  #onRequest({ connection, response }: RequestMessage): void {
    const start = this.#clock.now();
    this.#open.set(response, { connection, start, asked: undefined, came: undefined, answered: undefined });
    response.on("finish", this.#onFinish);
  }

  /**
   * Finds the request: the first one for characteristics on this connection that has no answer and is not known yet. The
   * bridge gets the requests of a connection in order.
   */
  #onAsked({ connection, asked }: CharacteristicsAskedMessage): void {
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

  #onAnswered({ asked }: CharacteristicsAnsweredMessage): void {
    for (const open of this.#open.values()) {
      if (open.asked === asked) {
        open.answered = this.#clock.now();
        return;
      }
    }
  }

  /** A response that does not finish ends with its connection. */
  #onConnectionClosed({ connection }: ConnectionClosedMessage): void {
    const now = this.#clock.now();
    for (const [response, open] of this.#open) {
      if (open.connection === connection) {
        this.#open.delete(response);
        this.#unanswered.add(this.#logged(response, open, now, "none"));
      }
    }
  }

  #finish(response: ServerResponse): void {
    const open = this.#open.get(response);
    if (open !== undefined) {
      this.#open.delete(response);
      const now = this.#clock.now();
      const milliseconds = now - open.start;
      this.#answered(milliseconds, now);
      if (milliseconds >= SLOW) {
        this.#slow.add(this.#logged(response, open, now, "sent"));
      }
    }
  }

  #logged({ req }: ServerResponse, open: Open, end: number, answer: LoggedRequest["answer"]): LoggedRequest {
    const { method, url } = req;
    const { connection, start, asked } = open;
    const path = pathOf(url);
    const access = asked?.access ?? (method === "PUT" ? "write" : "read");
    return {
      ...this.#users.whoIs(connection),
      end,
      milliseconds: end - start,
      answer,
      what: path === CHARACTERISTICS ? access : path,
      named: path === CHARACTERISTICS ? namedBy(url) : undefined,
      asked,
      delay: delayOf(open, end, req.complete),
    };
  }
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

/** Counts the characteristics that a read names: `id=1.9,2.14`. */
function namedBy(url = ""): number | undefined {
  const ids = /[?&]id=([^&]+)/.exec(url)?.[1];
  return ids?.split(/,|%2c/i).length;
}
