/** The bridge that every contender's transport serves: requests, responses, and the keys of sessions. */

import type { IncomingMessage, ServerResponse } from "node:http";

import { characteristic } from "./changes";

/** Stands for pair-verify: the connection is encrypted after this request. */
export const VERIFY = "/pair-verify";
export const ACCESSORIES = "/accessories";
export const CHARACTERISTIC = "/characteristics?id=2.10";
/** Followed by the number of characteristics to subscribe to, as {@link characteristic} counts them. */
export const SUBSCRIBE = "/subscribe/";

export const VERIFIED = "verified";
export const SUBSCRIBED = "subscribed";
export const CHARACTERISTIC_JSON = JSON.stringify({ characteristics: [{ aid: 2, iid: 10, value: true }] });

/** The keys of all sessions. The traffic is public and stays on loopback. */
export const SESSION_KEYS = {
  accessoryToControllerKey: Buffer.alloc(32, "accessory to controller"),
  controllerToAccessoryKey: Buffer.alloc(32, "controller to accessory"),
};

const TYPES = ["25", "8", "13", "2F", "CE", "11", "35", "33", "0F", "10"];
const CHARACTERISTICS_PER_SERVICE = 8;
const SERVICES = 2;

/** The body of GET /accessories: about 3,000 bytes for each accessory. */
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

/** The part of a connection that {@link Home.answer} needs. */
export interface Subscriber {
  enableEventNotifications(aid: number, iid: number): void;
}

/** Answers requests as HAP-NodeJS's own handlers do: a head, then the whole body as a string. */
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
