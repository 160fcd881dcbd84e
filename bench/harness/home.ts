/** The bridge that every contender serves: its requests, its answers, the keys of its sessions. */

import type { IncomingMessage, ServerResponse } from "node:http";

import { characteristic } from "./changes";

/** The request after which a connection is encrypted, as after pair-verify. */
export const VERIFY = "/pair-verify";
export const ACCESSORIES = "/accessories";
export const CHARACTERISTIC = "/characteristics?id=2.10";
/** Followed by how many characteristics, as {@link characteristic} counts them. */
export const SUBSCRIBE = "/subscribe/";

export const VERIFIED = "verified";
export const SUBSCRIBED = "subscribed";
export const CHARACTERISTIC_JSON = JSON.stringify({ characteristics: [{ aid: 2, iid: 10, value: true }] });

/** Of all sessions: what is measured is public and stays on loopback. */
export const SESSION_KEYS = {
  accessoryToControllerKey: Buffer.alloc(32, "accessory to controller"),
  controllerToAccessoryKey: Buffer.alloc(32, "controller to accessory"),
};

const TYPES = ["25", "8", "13", "2F", "CE", "11", "35", "33", "0F", "10"];
const CHARACTERISTICS_PER_SERVICE = 8;
const SERVICES = 2;

/** The answer to GET /accessories; about 3,000 bytes for each accessory. */
export function accessoriesJson(accessories: number): string {
  const list = Array.from({ length: accessories }, (_, index) => ({
    aid: 2 + index,
    services: Array.from({ length: SERVICES }, (__, service) => serviceJson(service)),
  }));
  return JSON.stringify({ accessories: list });
}

function serviceJson(service: number): object {
  const first = 1 + service * (CHARACTERISTICS_PER_SERVICE + 1);
  const characteristics = Array.from({ length: CHARACTERISTICS_PER_SERVICE }, (_, index) => ({
    iid: first + 1 + index,
    type: TYPES[index % TYPES.length],
    perms: ["pr", "pw", "ev"],
    format: "float",
    value: 20.5 + index,
    description: "Temperature of a room",
    unit: "celsius",
    minValue: -270,
    maxValue: 100,
    minStep: 0.1,
  }));
  return { iid: first, type: TYPES[service], primary: service === 1, hidden: false, characteristics };
}

/** What a connection must be able to do for {@link Home.answer}. */
export interface Subscriber {
  enableEventNotifications(aid: number, iid: number): void;
}

/** Answers requests the way HAP-NodeJS's own handlers write theirs: a head, then all of the body as a string. */
export class Home {
  readonly accessories: number;
  readonly #json: string;

  constructor(accessories: number) {
    this.accessories = accessories;
    this.#json = accessoriesJson(accessories);
  }

  answer(request: IncomingMessage, response: ServerResponse, subscriber?: Subscriber): void {
    response.writeHead(200, { "Content-Type": "application/hap+json" });
    response.end(this.bodyFor(request.url ?? "", subscriber));
  }

  bodyFor(url: string, subscriber?: Subscriber): string {
    switch (url) {
      case CHARACTERISTIC:
        return CHARACTERISTIC_JSON;
      case ACCESSORIES:
        return this.#json;
      case VERIFY:
        return VERIFIED;
      default:
        this.#subscribe(subscriber, Number(url.slice(SUBSCRIBE.length)));
        return SUBSCRIBED;
    }
  }

  #subscribe(subscriber: Subscriber | undefined, count: number): void {
    for (let index = 0; index < count; index += 1) {
      const { aid, iid } = characteristic(index, this.accessories);
      subscriber?.enableEventNotifications(aid, iid);
    }
  }
}
