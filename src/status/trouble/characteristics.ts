/**
 * The bridge's software tells here about requests for characteristics: which one answered last, which never answered, and
 * their names. The HAP-NodeJS side publishes, and the logs of this folder listen. Costs the test of a boolean if none listens.
 */

import { channel } from "node:diagnostics_channel";

import type { HAPConnection } from "../../connection";

/** The class of servers, named by way of the connection. */
type EventedHTTPServer = HAPConnection["server"];

/** HAP's status of a characteristic that did not answer in time. */
export const TIMED_OUT = -70408;
/** Characteristics of one request that are named as silent. */
const MAX_SILENT = 5;

export interface CharacteristicId {
  readonly aid: number;
  readonly iid: number;
}

/** A characteristic's entry in an answer. */
export interface CharacteristicAnswer extends CharacteristicId {
  /** HAP's status. Missing or 0 without an error. */
  readonly status?: number | undefined;
}

/** A request for characteristics. Keeps no connection and no value alive. */
export class CharacteristicsRequest {
  /** The characteristic whose answer came last. */
  last: CharacteristicId | undefined;
  /** Characteristics that never answered: HAP-NodeJS puts them at the end of its answer. Five at most. */
  readonly silent: CharacteristicId[] = [];

  constructor(
    readonly access: "read" | "write",
    /** How many characteristics the request names. */
    readonly count: number,
  ) {}

  /**
   * Notes the answer. Looks at nothing but the statuses and the last entry: answers are long.
   *
   * @param answers - Entries in the order in which they came. Other software made them: entries of another shape are
   *   ignored.
   * @returns The entries with an error.
   */
  answered(answers: readonly unknown[]): CharacteristicAnswer[] {
    const errors: CharacteristicAnswer[] = [];
    for (const answer of answers as readonly (Partial<CharacteristicAnswer> | null | undefined)[]) {
      const status = answer?.status;
      if (status !== undefined && status !== 0 && isAnswer(answer)) {
        errors.push({ aid: answer.aid, iid: answer.iid, status });
      }
    }
    this.#noteSilent(answers);
    const last = answers.at(-1);
    if (isAnswer(last)) {
      this.last = { aid: last.aid, iid: last.iid };
    }
    return errors;
  }

  /** A plugin may report the same status by itself, and at once: other answers then come later. */
  #noteSilent(answers: readonly unknown[]): void {
    const others = answers.findLastIndex((answer) => !isTimeout(answer)) + 1;
    for (const { aid, iid } of answers.slice(others, others + MAX_SILENT).filter(isTimeout)) {
      this.silent.push({ aid, iid });
    }
  }
}

function isTimeout(answer: unknown): answer is CharacteristicAnswer {
  return isAnswer(answer) && answer.status === TIMED_OUT;
}

function isAnswer(answer: unknown): answer is CharacteristicAnswer {
  const { aid, iid, status = 0 } = (answer ?? {}) as Record<string, unknown>;
  return [aid, iid, status].every(Number.isSafeInteger);
}

/** Published when the whole request has arrived. */
export interface CharacteristicsAskedMessage {
  readonly connection: HAPConnection;
  readonly asked: CharacteristicsRequest;
}

/** Published when the bridge has its answer, before it is sent. */
export interface CharacteristicsAnsweredMessage {
  readonly connection: HAPConnection;
  readonly asked: CharacteristicsRequest;
  readonly errors: readonly CharacteristicAnswer[];
}

export const characteristicsAsked = channel("hapwire:characteristics:asked");
export const characteristicsAnswered = channel("hapwire:characteristics:answered");

/** The names of a bridge and its characteristics. */
export interface BridgeNames {
  readonly name: string;
  /** @returns The names of a characteristic. Must not throw. */
  find(id: CharacteristicId): { accessory?: string | undefined; characteristic?: string | undefined };
  /** True if the user may change pairings. Undefined if unknown. Must not throw. */
  isAdmin?(username: string): boolean | undefined;
}

const names = new WeakMap<EventedHTTPServer, BridgeNames>();

/** Sets the names of the bridge of a server and of its accessories. */
export function nameBridge(server: EventedHTTPServer, bridge: BridgeNames): void {
  names.set(server, bridge);
}

/** @returns Undefined if unknown. */
export function namesOf(server: EventedHTTPServer): BridgeNames | undefined {
  return names.get(server);
}
