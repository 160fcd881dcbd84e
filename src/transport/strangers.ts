/**
 * The strangers of a server: connections that the accessory has neither authenticated nor subscribed. Decides which of
 * them has to go, and bounds what the requests of all of them hold. Each address gets a fair share, so that one host can't
 * keep the others out.
 */

import { ConnectionError } from "../errors";

/** A stranger's link, as this file sees it. */
export interface Stranger {
  readonly remoteAddress: string;
  /** When bytes last came or went, in milliseconds of the clock. */
  readonly lastOperation: number;
  /** True if a handler has ever had a request of it. */
  readonly hasRequested: boolean;
  /** True if a handler has a whole request that it has not answered. */
  readonly awaitsHandler: boolean;
  /** Closes at once. */
  fail(reason: ConnectionError): void;
  /** Answers 503, then closes. */
  refuse(reason: ConnectionError): void;
}

export interface StrangerLimits {
  /** Connections of all strangers. */
  readonly maxStrangers: number;
  /** Bytes of all strangers' requests that are not answered yet. */
  readonly maxStrangerRequestBytes: number;
}

/** The strangers of one remote address, each with the bytes that its requests hold. */
class Address {
  readonly bytesOf = new Map<Stranger, number>();
  bytes = 0;
}

export class Strangers {
  readonly #limits: StrangerLimits;
  readonly #addresses = new Map<string, Address>();
  #count = 0;
  #bytes = 0;

  constructor(limits: StrangerLimits) {
    this.#limits = limits;
  }

  /** Adds a stranger. If that makes one too many, another one goes, or this one is refused. */
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

  /** Forgets a link that has closed or is a stranger no more. Does nothing if it is not here. */
  remove(stranger: Stranger): void {
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
   * Reserves memory for bytes of a stranger's request. If memory runs short, the address that holds most gives way.
   *
   * @returns False if that is the stranger's own address: its request must be refused.
   */
  reserve(stranger: Stranger, bytes: number): boolean {
    const address = this.#addresses.get(stranger.remoteAddress);
    const held = address?.bytesOf.get(stranger);
    if (address === undefined || held === undefined) {
      return true;
    }
    while (this.#bytes + bytes > this.#limits.maxStrangerRequestBytes) {
      const largest = this.#largestHolding();
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

  /** Gives back what {@link Strangers.reserve} took. */
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
    const reason = `there are more than ${String(this.#limits.maxStrangers)} strangers`;
    const largest = Math.max(...Array.from(this.#addresses.values(), ({ bytesOf }) => bytesOf.size));
    const goes = this.#mostExpendable(largest, newest);
    // An address that is smaller than others takes the place of one of theirs, whatever that waits for.
    const isOwed = goes?.awaitsHandler === true && own.bytesOf.size === largest;
    if (goes === undefined || isOwed) {
      newest.refuse(strangersError(reason));
    } else {
      this.#evict(goes, reason);
    }
  }

  /**
   * The stranger that can be spared first, of the addresses with this many: one that never sent a whole request, then the
   * one silent for longest. Those that a handler owes an answer come last. To send a part of a request and no more is no
   * way to keep a place.
   */
  #mostExpendable(size: number, newest: Stranger): Stranger | undefined {
    let first: Stranger | undefined;
    const crowded = [...this.#addresses.values()].filter(({ bytesOf }) => bytesOf.size === size);
    for (const stranger of crowded.flatMap(({ bytesOf }) => [...bytesOf.keys()])) {
      if (stranger !== newest && (first === undefined || isMoreExpendable(stranger, first))) {
        first = stranger;
      }
    }
    return first;
  }

  #evict(stranger: Stranger, reason: string): void {
    this.remove(stranger);
    stranger.fail(strangersError(reason));
  }

  #largestHolding(): Address | undefined {
    let largest: Address | undefined;
    for (const address of this.#addresses.values()) {
      if (largest === undefined || address.bytes > largest.bytes) {
        largest = address;
      }
    }
    return largest;
  }
}

function isMoreExpendable(a: Stranger, b: Stranger): boolean {
  if (a.awaitsHandler !== b.awaitsHandler) {
    return b.awaitsHandler;
  }
  if (a.hasRequested !== b.hasRequested) {
    return b.hasRequested;
  }
  return a.lastOperation < b.lastOperation;
}

function largestHolder(address: Address): Stranger {
  return [...address.bytesOf].reduce((most, entry) => (entry[1] > most[1] ? entry : most))[0];
}

function strangersError(message: string): ConnectionError {
  return new ConnectionError("ERR_HAPWIRE_STRANGERS", message);
}
