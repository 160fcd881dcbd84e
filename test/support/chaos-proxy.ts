/**
 * A TCP proxy with the faults of a network: it cuts streams anywhere, holds bytes back, merges, throttles, and ends
 * connections in the middle of a frame. It never loses, doubles or reorders bytes of a connection that lives.
 *
 * Cuts, waits and ends depend only on the seed, the number of the connection, the direction and the position in the stream.
 * They do not depend on time, nor on the segments that the kernel makes.
 */

import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

import { Random } from "./random";

const LOOPBACK = "127.0.0.1";

/** Whom bytes are on their way to. */
export type Direction = "toAccessory" | "toController";

/** The pause after a cut: none, a turn of the event loop, or a wait of so many milliseconds. */
export type Pause = "none" | "turn" | number;

/** The next stretch of a stream. */
export interface Cut {
  /** Bytes that go out in one piece, as far as they are there. */
  readonly length: number;
  /** Whether those that are there wait a moment for the rest, and so messages become one segment. */
  readonly merges: boolean;
  readonly pause: Pause;
}

/** How a connection ends before its time: at a position, with RST or with FIN to both sides. */
export interface Fate {
  readonly kind: "reset" | "fin";
  readonly direction: Direction;
  /** The last byte that is still passed on, counted from 1. */
  readonly at: number;
}

/** A way to cut, kept for a while. */
interface Weather {
  /** The most bytes before its end: few if there are many cuts. */
  readonly lasts: number;
  readonly min: number;
  readonly max: number;
  readonly merges: boolean;
  readonly pauses: readonly [Pause, ...Pause[]];
}

const WEATHERS: readonly [Weather, ...Weather[]] = [
  // Clear.
  { lasts: 64_000, min: 1, max: 64_000, merges: false, pauses: ["none", "turn"] },
  // Single bytes: each length field is cut somewhere.
  { lasts: 80, min: 1, max: 2, merges: false, pauses: ["turn"] },
  // Small pieces.
  { lasts: 2000, min: 1, max: 90, merges: false, pauses: ["none", "turn", "turn"] },
  // About a frame.
  { lasts: 20_000, min: 1000, max: 1060, merges: false, pauses: ["none", "turn"] },
  // Many messages in one segment.
  { lasts: 30_000, min: 2000, max: 20_000, merges: true, pauses: ["none", 1] },
  // Slow.
  { lasts: 16_000, min: 200, max: 2000, merges: false, pauses: [1, 2, "turn"] },
  // Now and then nothing, then all at once.
  { lasts: 64_000, min: 8000, max: 32_000, merges: false, pauses: [5, 15] },
];

/** Decides the cuts of one direction of one connection, in the order of the stream. */
export class CutPlan {
  readonly #random: Random;
  #weather: Weather = WEATHERS[0];
  #lasts = 0;

  constructor(seed: number, link: number, direction: Direction) {
    this.#random = new Random(seed, link * 4 + (direction === "toAccessory" ? 0 : 1));
  }

  next(): Cut {
    const random = this.#random;
    if (this.#lasts <= 0) {
      this.#weather = random.pick(WEATHERS);
      this.#lasts = random.between(1, this.#weather.lasts);
    }
    const { min, max, merges, pauses } = this.#weather;
    const length = random.between(min, max);
    this.#lasts -= length;
    return { length, merges, pause: random.pick(pauses) };
  }
}

/** @returns How a connection ends, undefined for most: they live. */
export function fateOf(seed: number, link: number): Fate | undefined {
  const random = new Random(seed, link * 4 + 2);
  if (!random.chance(0.3)) {
    return undefined;
  }
  const direction = random.pick(["toAccessory", "toController"]);
  const farthest = random.pick([500, 5000, 50_000]);
  return { kind: random.pick(["reset", "fin"]), direction, at: random.between(1, farthest) };
}

export class ChaosProxy {
  /** The connections so far, in the order in which they came. */
  readonly links: Link[] = [];
  readonly #seed: number;
  readonly #server: Server;

  private constructor(seed: number, target: number) {
    this.#seed = seed;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
    this.#server.on("connection", (controller) => {
      const accessory = connect({ port: target, host: LOOPBACK, allowHalfOpen: true, noDelay: true });
      this.links.push(new Link(this.#seed, this.links.length, controller, accessory));
    });
  }

  /** @param target - The port on loopback that connections are passed on to. */
  static async start(seed: number, target: number): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(seed, target);
    proxy.#server.listen(0, LOOPBACK);
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends all of it at once. */
  destroy(): void {
    this.#server.close();
    this.links.forEach((link) => {
      link.destroy();
    });
  }
}

/** One connection through the proxy. */
export class Link {
  /** How it ends, if its streams get so far. */
  readonly fate: Fate | undefined;
  readonly #controller: Socket;
  readonly #accessory: Socket;
  #hasMetFate = false;

  constructor(seed: number, index: number, controller: Socket, accessory: Socket) {
    this.fate = fateOf(seed, index);
    this.#controller = controller;
    this.#accessory = accessory;
    const lane = (from: Socket, to: Socket, direction: Direction): void => {
      const end = this.fate?.direction === direction ? this.fate.at : Infinity;
      const plan = new CutPlan(seed, index, direction);
      passFailureOn(from, to);
      new Lane(from, to, plan, end, () => {
        this.#meetFate();
      });
    };
    lane(controller, accessory, "toAccessory");
    lane(accessory, controller, "toController");
  }

  /** Whether the proxy has ended the connection. */
  get hasMetFate(): boolean {
    return this.#hasMetFate;
  }

  destroy(): void {
    this.#controller.destroy();
    this.#accessory.destroy();
  }

  #meetFate(): void {
    this.#hasMetFate = true;
    for (const socket of [this.#controller, this.#accessory]) {
      // Discards later data.
      socket.removeAllListeners("data").removeAllListeners("end");
      if (this.fate?.kind === "reset") {
        socket.resetAndDestroy();
      } else {
        socket.resume().end();
      }
    }
  }
}

/** Bytes that a lane holds before it reads no more: a slow receiver must be felt by the sender. */
const MAX_HELD = 64 * 1024;
/** Milliseconds that bytes wait for others to be merged with. */
const MERGE_WAIT = 3;

/** One direction of a connection. */
class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #plan: CutPlan;
  readonly #end: number;
  readonly #onEnd: () => void;
  #held = Buffer.alloc(0);
  #position = 0;
  #cut: Cut;
  /** Bytes of the cut to come. */
  #left: number;
  /** Whether it waits for a turn, a timer or the receiver. */
  #isWaiting = false;
  #hasWaitedToMerge = false;
  #hasEnded = false;

  constructor(from: Socket, to: Socket, plan: CutPlan, end: number, onEnd: () => void) {
    this.#from = from;
    this.#to = to;
    this.#plan = plan;
    this.#end = end;
    this.#onEnd = onEnd;
    this.#cut = plan.next();
    this.#left = this.#cut.length;
    from.on("data", (bytes: Buffer) => {
      this.#take(bytes);
    });
    from.on("end", () => {
      this.#hasEnded = true;
      this.#pump();
    });
    to.once("connect", () => from.resume());
    if (!to.connecting) {
      from.resume();
    }
  }

  #take(bytes: Buffer): void {
    this.#held = Buffer.concat([this.#held, bytes]);
    if (this.#held.length > MAX_HELD) {
      this.#from.pause();
    }
    this.#pump();
  }

  /** Passes on the bytes that may go now. */
  #pump(): void {
    while (!this.#isWaiting && this.#held.length > 0 && this.#to.writable) {
      if (this.#waitsToMerge()) {
        this.#wait(MERGE_WAIT);
        return;
      }
      this.#passOn();
      if (this.#position === this.#end) {
        this.#isWaiting = true;
        this.#onEnd();
        return;
      }
      this.#afterPiece();
    }
    if (this.#hasEnded && this.#held.length === 0) {
      this.#to.end();
    }
  }

  #waitsToMerge(): boolean {
    const waits =
      this.#cut.merges && this.#held.length < this.#left && !this.#hasWaitedToMerge && !this.#hasEnded;
    this.#hasWaitedToMerge = waits;
    return waits;
  }

  #passOn(): void {
    const length = Math.min(this.#left, this.#held.length, this.#end - this.#position);
    this.#to.write(this.#held.subarray(0, length));
    this.#held = this.#held.subarray(length);
    this.#position += length;
    this.#left -= length;
    if (this.#held.length <= MAX_HELD) {
      this.#from.resume();
    }
  }

  #afterPiece(): void {
    let pause: Pause = "none";
    if (this.#left === 0) {
      ({ pause } = this.#cut);
      this.#cut = this.#plan.next();
      this.#left = this.#cut.length;
    }
    if (this.#to.writableNeedDrain) {
      this.#isWaiting = true;
      this.#to.once("drain", this.#goOn.bind(this));
    } else if (pause !== "none") {
      this.#wait(pause);
    }
  }

  #wait(pause: "turn" | number): void {
    this.#isWaiting = true;
    if (pause === "turn") {
      setImmediate(this.#goOn.bind(this));
    } else {
      setTimeout(this.#goOn.bind(this), pause);
    }
  }

  #goOn(): void {
    // A connection at its end waits for good.
    this.#isWaiting = this.#position === this.#end;
    this.#pump();
  }
}

/** One side was reset, or is gone: so is the other. */
function passFailureOn(from: Socket, to: Socket): void {
  from.on("error", () => {
    // Seen in `close`.
  });
  from.on("close", (hasFailed) => {
    if (hasFailed) {
      to.resetAndDestroy();
    } else if (!from.readableEnded) {
      to.destroy();
    }
  });
}
