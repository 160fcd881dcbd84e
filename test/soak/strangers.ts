/** Connections that never authenticate: they send garbage, or nothing. The server closes them in time. */

import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import type { Random } from "../support/random";

const LONGEST_STAY = 10_000;
/** More than the server's limit of strangers. */
const CROWD = 90;

type Manner =
  "noise" | "silence" | "half a head" | "huge head" | "huge body" | "plaintext" | "frames" | "crowd";
const MANNERS: readonly [Manner, ...Manner[]] = [
  ...(["noise", "noise", "silence", "half a head", "huge head", "huge body", "plaintext", "frames"] as const),
  ...(["noise", "plaintext", "frames", "huge head", "crowd"] as const),
];

export class Strangers {
  readonly #port: number;
  readonly #random: Random;
  readonly #sockets = new Set<Socket>();
  #isOver = false;

  constructor(port: number, random: Random) {
    this.#port = port;
    this.#random = random;
  }

  async run(): Promise<void> {
    while (!this.#isOver) {
      await sleep(this.#random.between(50, 500));
      const manner = this.#random.pick(MANNERS);
      for (let count = manner === "crowd" && this.#random.chance(0.2) ? CROWD : 1; count > 0; count -= 1) {
        this.#connect(this.#bytesOf(manner));
      }
    }
  }

  stop(): void {
    this.#isOver = true;
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  #connect(bytes: Buffer): void {
    const socket = connect({ port: this.#port, host: "127.0.0.1" });
    this.#sockets.add(socket);
    const timer = setTimeout(() => socket.destroy(), this.#random.between(100, LONGEST_STAY));
    const goesAtOnce = this.#random.chance(0.2);
    socket.on("error", () => {
      // `close` follows.
    });
    socket.on("close", () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
    });
    socket.on("connect", () => {
      socket.write(bytes);
      if (goesAtOnce) {
        socket.resetAndDestroy();
      }
    });
    socket.resume();
  }

  #bytesOf(manner: Manner): Buffer {
    switch (manner) {
      case "noise":
        return this.#random.bytes(this.#random.between(1, 5000));
      case "half a head":
        return Buffer.from("GET /content/1 HTTP/1.1\r\nHost: acc");
      case "huge head":
        return Buffer.from(`GET / HTTP/1.1\r\nX: ${"x".repeat(40_000)}\r\n\r\n`);
      case "huge body":
        return Buffer.concat([
          Buffer.from("PUT /echo HTTP/1.1\r\nContent-Length: 200000\r\n\r\n"),
          Buffer.alloc(200_000, "x"),
        ]);
      case "plaintext":
        return Buffer.from("GET /content/2000 HTTP/1.1\r\n\r\nGET /nothing HTTP/1.1\r\n\r\n");
      case "frames":
        return Buffer.concat([Buffer.of(0, 4), this.#random.bytes(1040), Buffer.of(0xff, 0xff)]);
      case "silence":
      case "crowd":
        return Buffer.alloc(0);
    }
  }
}
