/** The troubles of one server: its logs of the last hour, and the findings about "No Response" in them. */

import { dateOf, type Clock } from "../../clock";
import type { HAPConnection } from "../../connection";
import type { EndedConnections, Finding, SlowRequest } from "../report";
import { AnswerLog } from "./answer-log";
import { TIMED_OUT } from "./characteristics";
import { ConnectionLog } from "./connection-log";
import type { UserNumbers } from "../users";
import { isNoResponse } from "./hap-status";
import type { Lasting } from "./longest";
import { bridgeNameOf, named } from "./names";
import { RequestLog, type LoggedRequest } from "./request-log";
import {
  comingText,
  endedText,
  errorText,
  goingText,
  reconnectText,
  silentText,
  slowText,
  stalledText,
  unansweredText,
} from "./sentences";

/** Slow requests in a report, and accessories with errors. */
const LISTED = 20;
/** A controller that comes back less often is no trouble: phones leave and return. */
const MANY_RECONNECTS = 5;

/** The weight of a trouble, in milliseconds of waiting. */
const WEIGHT = {
  silent: 9000,
  noResponse: 5000,
  unanswered: 5000,
  lost: 500,
  otherError: 100,
  reconnect: 50,
};

type Found = Omit<Finding, "bridge">;
const NOBODY = { user: null, from: null };

export class ServerTrouble {
  readonly #server: HAPConnection["server"];
  readonly #clock: Clock;
  readonly #requests: RequestLog;
  readonly #answers: AnswerLog;
  readonly #connections: ConnectionLog;

  /** @param answered - As for {@link RequestLog}. */
  constructor(
    server: HAPConnection["server"],
    clock: Clock,
    users: UserNumbers,
    answered: (milliseconds: number, now: number) => void,
  ) {
    this.#server = server;
    this.#clock = clock;
    this.#requests = new RequestLog(server, clock, users, answered);
    this.#answers = new AnswerLog(server, clock);
    this.#connections = new ConnectionLog(server, clock, users);
  }

  /** The slowest first. */
  slow(): SlowRequest[] {
    const all = this.#requests.list().map((request) => this.#reported(request));
    return all.sort((a, b) => b.milliseconds - a.milliseconds).slice(0, LISTED);
  }

  /** The most frequent reason first. */
  ended(): EndedConnections[] {
    return this.#connections.listEnded().map(({ kind: { words, code }, count, last }) => ({
      reason: words,
      code,
      count,
      time: this.#dateAt(last),
    }));
  }

  /** @param stalls - Of the event loop. A request that waited for them is not blamed on an accessory. */
  findings(stalls: readonly Lasting[]): Finding[] {
    const bridge = bridgeNameOf(this.#server);
    const found = [...this.#aboutAccessories(), ...this.#aboutRequests(stalls), ...this.#aboutConnections()];
    return found.map((finding) => ({ ...finding, bridge }));
  }

  /** Ends the logs. */
  release(): void {
    this.#requests.release();
    this.#answers.release();
    this.#connections.release();
  }

  #aboutAccessories(): Found[] {
    return this.#answers
      .list()
      .map((counted) => ({ ...counted, weight: counted.count * weightOf(counted.kind.status) }))
      .sort((a, b) => b.weight - a.weight)
      .slice(0, LISTED)
      .map(({ kind, count, last, weight }) => {
        const { status = 0 } = kind;
        const of = named(this.#server, kind);
        const text = status === TIMED_OUT ? silentText(of, count) : errorText(of, status, count);
        return { ...NOBODY, weight, time: this.#dateAt(last), text };
      });
  }

  #aboutRequests(stalls: readonly Lasting[]): Found[] {
    const found: Found[] = [];
    /** The slow requests that waited for the same accessory, the slowest first. */
    const byAccessory = new Map<string, { request: SlowRequest; more: number; wait: number }>();
    for (const logged of this.#requests.list()) {
      const request = this.#reported(logged);
      if (logged.delay === "coming") {
        // A stranger can leave requests unfinished: they keep no tile waiting.
        if (logged.user !== null) {
          found.push(finding(request, 0, comingText(request)));
        }
      } else if (request.answer !== "sent") {
        found.push(finding(request, WEIGHT.unanswered, unansweredText(request)));
      } else if (stoodStill(logged, stalls)) {
        found.push(finding(request, 0, stalledText(request)));
      } else if (logged.delay === "going") {
        found.push(finding(request, 0, goingText(request)));
      } else if (request.silent.length === 0) {
        const key = request.last === null ? request.what : String(request.last.aid);
        const group = byAccessory.get(key);
        if (group === undefined) {
          byAccessory.set(key, { request, more: 0, wait: 0 });
        } else {
          group.more += 1;
          group.wait += request.milliseconds;
        }
      }
      // Else the finding about the accessory that did not answer says it.
    }
    for (const { request, more, wait } of byAccessory.values()) {
      found.push(finding(request, wait, slowText(request, more)));
    }
    return found;
  }

  #aboutConnections(): Found[] {
    const lost = this.#connections.listLost().map(({ kind: { words }, count, last }) => ({
      ...NOBODY,
      weight: count * WEIGHT.lost,
      time: this.#dateAt(last),
      text: endedText(words, count),
    }));
    const reconnects = this.#connections
      .listReconnects()
      .filter(({ count }) => count >= MANY_RECONNECTS)
      .map(({ kind: { user, from }, count, last }) => ({
        user,
        from,
        weight: count * WEIGHT.reconnect,
        time: this.#dateAt(last),
        text: reconnectText(count),
      }));
    return [...lost, ...reconnects];
  }

  #reported(request: LoggedRequest): SlowRequest {
    const { end, milliseconds, answer, what, named: inUrl, asked, delay, user, from } = request;
    const last = delay === undefined ? asked?.last : undefined;
    return {
      time: this.#dateAt(end - milliseconds),
      milliseconds,
      answer,
      what,
      characteristics: asked?.count ?? inUrl ?? null,
      last: last === undefined ? null : named(this.#server, last),
      silent: asked?.silent.map((id) => named(this.#server, id)) ?? [],
      user,
      from,
    };
  }

  #dateAt(time: number): number {
    return Math.round(dateOf(this.#clock) - (this.#clock.now() - time));
  }
}

function finding(request: SlowRequest, more: number, text: string): Found {
  const { user, from, time, milliseconds } = request;
  return { user, from, time, text, weight: milliseconds + more };
}

function weightOf(status = 0): number {
  if (status === TIMED_OUT) {
    return WEIGHT.silent;
  }
  return isNoResponse(status) ? WEIGHT.noResponse : WEIGHT.otherError;
}

/** True if the event loop stood still for half of the request's time, or longer. */
function stoodStill({ end, milliseconds }: LoggedRequest, stalls: readonly Lasting[]): boolean {
  const start = end - milliseconds;
  let still = 0;
  for (const stall of stalls) {
    still += Math.max(0, Math.min(end, stall.end) - Math.max(start, stall.end - stall.milliseconds));
  }
  return still >= milliseconds / 2;
}
