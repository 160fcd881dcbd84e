/**
 * The strangers of a server: connections that the accessory has neither authenticated nor subscribed. Limits their number and
 * the bytes of their requests, by fair shares of each address, so that one host can't keep the others out.
 */

import { ConnectionError } from "../errors";
import type { Settings } from "../options";

/** A stranger's link. */
export interface Stranger {
  readonly remoteAddress: string;
  /** When bytes last came or went, in milliseconds of the clock. */
  readonly lastOperation: number;
  /** True if a handler has ever had a request of this connection. */
  readonly hasRequested: boolean;
  /** True if a handler has a whole request that it has not answered. */
  readonly awaitsHandler: boolean;
  /** Closes at once. */
  fail(reason: ConnectionError): void;
  /** Answers 503, then closes. */
  refuse(reason: ConnectionError): void;
}

type StrangerLimits = Pick<Settings, "maxStrangers" | "maxStrangerRequestBytes">;

/** The strangers of one remote address, each with the bytes of its requests. */
class Address {
  readonly bytesOf = new Map<Stranger, number>();
  bytes = 0;
}

/** Strangers that may wait for their 503 to go out. Others are closed at once. */
const MAX_REFUSED = 64;

export class Strangers {
  readonly #limits: StrangerLimits;
  readonly #addresses = new Map<string, Address>();
  /** Refused strangers that have not closed. They do not count. */
  readonly #refused = new Set<Stranger>();
  #count = 0;
  #bytes = 0;

  constructor(limits: StrangerLimits) {
    this.#limits = limits;
  }

  /** Adds a stranger. Above the limit, another stranger goes or this one is refused. */
  add(stranger: Stranger): void {
    let address = this.#addresses.get(stranger.remoteAddress);
    if (address === undefined) {
      address = new Address();
      this.#addresses.set(stranger.remoteAddress, address);
    }
    address.bytesOf.set(stranger, 0);
    this.#count += 1;
    if (this.#count > this.#limits.maxStrangers) {
      this.#makeRoomFor(stranger, address);
    }
  }

  /** Forgets a link that has closed or is a stranger no more. Ignores other links. */
  remove(stranger: Stranger): void {
    this.#refused.delete(stranger);
    const address = this.#addresses.get(stranger.remoteAddress);
    const bytes = address?.bytesOf.get(stranger);
    if (address === undefined || bytes === undefined) {
      return;
    }
    address.bytesOf.delete(stranger);
    address.bytes -= bytes;
    this.#bytes -= bytes;
    this.#count -= 1;
    if (address.bytesOf.size === 0) {
      this.#addresses.delete(stranger.remoteAddress);
    }
  }

  /**
   * Reserves memory for bytes of a stranger's request. Above the limit, the address that holds most loses strangers.
   *
   * @returns False if that is the stranger's own address. Its request must be refused.
   */
  reserve(stranger: Stranger, bytes: number): boolean {
    const address = this.#addresses.get(stranger.remoteAddress);
    const held = address?.bytesOf.get(stranger);
    if (address === undefined || held === undefined) {
      return true;
    }
    while (this.#bytes + bytes > this.#limits.maxStrangerRequestBytes) {
      const largest = maxBy(this.#addresses.values(), (other) => other.bytes);
      if (largest === undefined || largest.bytes <= address.bytes + bytes) {
        return false;
      }
      this.#evict(largestHolder(largest), "the requests of strangers hold too much memory");
    }
    address.bytesOf.set(stranger, held + bytes);
    address.bytes += bytes;
    this.#bytes += bytes;
    return true;
  }

  /** Gives back the place that {@link Strangers.reserve} took. */
  release(stranger: Stranger, bytes: number): void {
    const address = this.#addresses.get(stranger.remoteAddress);
    const held = address?.bytesOf.get(stranger);
    if (address !== undefined && held !== undefined) {
      address.bytesOf.set(stranger, held - bytes);
      address.bytes -= bytes;
      this.#bytes -= bytes;
    }
  }

  #makeRoomFor(newest: Stranger, own: Address): void {
    const { maxStrangers } = this.#limits;
    const reason = `there are more than ${String(maxStrangers)} strangers; the option maxStrangers raises the limit`;
    const largest = maxBy(this.#addresses.values(), ({ bytesOf }) => bytesOf.size)?.bytesOf.size ?? 0;
    const candidate = this.#mostExpendable(largest, newest);
    // Only a smaller address may take the place of a stranger that a handler serves.
    const isServed = candidate?.awaitsHandler === true && own.bytesOf.size === largest;
    if (candidate === undefined || isServed) {
      this.#refuse(newest, strangersError(reason));
    } else {
      this.#evict(candidate, reason);
    }
  }

  /**
   * Chooses a stranger of the addresses with this many: first one that never sent a whole request, then one that waits for no
   * handler. Among equals it chooses the longest silent. If every address has one stranger, chance decides: a host with many
   * addresses could keep all of its connections awake.
   */
  #mostExpendable(size: number, newest: Stranger): Stranger | undefined {
    const crowded = [...this.#addresses.values()].filter(({ bytesOf }) => bytesOf.size === size);
    const others = crowded.flatMap(({ bytesOf }) => [...bytesOf.keys()]).filter((other) => other !== newest);
    const equals = withLeastClaim(others);
    return size === 1
      ? equals[Math.floor(Math.random() * equals.length)]
      : maxBy(equals, ({ lastOperation }) => -lastOperation);
  }

  /** Answers 503. Removes the stranger first, so that it does not cost the next one its place. */
  #refuse(stranger: Stranger, reason: ConnectionError): void {
    this.remove(stranger);
    if (this.#refused.size < MAX_REFUSED) {
      this.#refused.add(stranger);
      stranger.refuse(reason);
    } else {
      stranger.fail(reason);
    }
  }

  #evict(stranger: Stranger, reason: string): void {
    this.remove(stranger);
    stranger.fail(strangersError(reason));
  }
}

/** The strangers with the least claim to their place. */
function withLeastClaim(strangers: readonly Stranger[]): Stranger[] {
  const claims = strangers.map(
    ({ hasRequested, awaitsHandler }) => Number(hasRequested) + 2 * Number(awaitsHandler),
  );
  const least = claims.reduce((a, b) => Math.min(a, b), Infinity);
  return strangers.filter((_, i) => claims[i] === least);
}

function largestHolder(address: Address): Stranger {
  return [...address.bytesOf].reduce((most, entry) => (entry[1] > most[1] ? entry : most))[0];
}

/** @returns The item with the largest figure, the first of equals. */
function maxBy<Item>(items: Iterable<Item>, figureOf: (item: Item) => number): Item | undefined {
  let max: Item | undefined;
  let figure = -Infinity;
  for (const item of items) {
    const own = figureOf(item);
    if (own > figure) {
      max = item;
      figure = own;
    }
  }
  return max;
}

function strangersError(message: string): ConnectionError {
  return new ConnectionError("ERR_HAPWIRE_STRANGERS", message);
}
