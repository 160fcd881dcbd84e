/** Compares events and responses of the real bridge with the values of its lamps. */

import type { DeliveryCheck } from "./controller";
import { lampValue, type Id } from "./lamps";
import type { Message } from "./message-reader";

interface Entry extends Id {
  readonly value?: unknown;
}

/** Expects one event for each characteristic, with its value of a revision. Any order and any messages are right. */
export class LampCheck implements DeliveryCheck {
  /** The values that have not come yet, by `aid.iid`. */
  readonly #missing: Map<string, number>;

  /** @param ids - The ids of the first characteristics. */
  constructor(ids: readonly Id[], lamps: number, revision: number) {
    this.#missing = new Map(ids.map((id, index) => [keyOf(id), Number(lampValue(index, lamps, revision))]));
  }

  get isComplete(): boolean {
    return this.#missing.size === 0;
  }

  /** @throws Error if an event is lost, doubled or changed. */
  take(message: Message): void {
    const { characteristics } = JSON.parse(message.body.toString()) as { characteristics: Entry[] };
    for (const entry of characteristics) {
      const key = keyOf(entry);
      const expected = this.#missing.get(key);
      if (expected === undefined || Number(entry.value) !== expected) {
        throw new Error(
          `an event was lost, doubled or changed: expected ${key} = ${String(expected ?? "nothing")}, ` +
            `got ${String(entry.value)}`,
        );
      }
      this.#missing.delete(key);
    }
  }
}

/** @throws Error if the body of GET /accessories lacks one of the characteristics, or has another value for it. */
export function checkAccessories(body: Buffer, ids: readonly Id[], lamps: number): void {
  const { accessories } = JSON.parse(body.toString()) as {
    accessories: { aid: number; services: { characteristics: { iid: number; value?: unknown }[] }[] }[];
  };
  if (accessories.length !== lamps + 1) {
    throw new Error(`expected ${String(lamps)} lamps and the bridge, got ${String(accessories.length)}`);
  }
  const entries = accessories.flatMap(({ aid, services }) =>
    services.flatMap(({ characteristics }) => characteristics.map(({ iid, value }) => ({ aid, iid, value }))),
  );
  checkEntries(entries, ids, lamps);
}

/** @throws Error if the body of a read is not these characteristics, each with its first value. */
export function checkRead(body: Buffer, ids: readonly Id[], lamps: number): void {
  const { characteristics } = JSON.parse(body.toString()) as { characteristics: Entry[] };
  if (characteristics.length !== ids.length) {
    throw new Error(`expected ${String(ids.length)} characteristics, got ${String(characteristics.length)}`);
  }
  checkEntries(characteristics, ids, lamps);
}

function checkEntries(entries: readonly Entry[], ids: readonly Id[], lamps: number): void {
  const values = new Map(entries.map((entry) => [keyOf(entry), entry.value]));
  ids.forEach((id, index) => {
    const value = values.get(keyOf(id));
    const expected = Number(lampValue(index, lamps, 0));
    if (value === undefined || Number(value) !== expected) {
      throw new Error(`expected ${keyOf(id)} = ${String(expected)}, got ${String(value)}`);
    }
  });
}

function keyOf({ aid, iid }: Id): string {
  return `${String(aid)}.${String(iid)}`;
}
