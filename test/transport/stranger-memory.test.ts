/** All strangers together hold a bounded memory, however many there are and whatever they send. */

import assert from "node:assert/strict";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import path from "node:path";
import { describe, it } from "node:test";

import { transportEngines } from "../support/harness";
import type { Hoard } from "../support/hoarding-program";

const KIB = 1024;
const MIB = 1024 * KIB;
const PROGRAM = path.join(__dirname, "..", "support", "hoarding-program.js");

/** More than `maxStrangers`, from eight addresses. */
const SOCKETS = 600;
const ADDRESSES = 8;
/** Sent by each stranger of a body of 1 MiB: all together several times `maxStrangerRequestBytes`. */
const SENT = 64 * KIB;
/** 8 MiB of requests, and 512 connections of at most 32 KiB each. */
const BOUND = 8 * MIB + 512 * 32 * KIB;

describe("the memory of all strangers together", () => {
  for (const engine of transportEngines()) {
    it(`has a bound that no number of requests exceeds (${engine})`, async (t) => {
      const child = fork(PROGRAM, [engine], { execArgv: ["--expose-gc"] });
      t.after(() => child.kill("SIGKILL"));
      const [port] = (await once(child, "message")) as [number];
      const before = await hoardOf(child);
      const sockets = Array.from({ length: SOCKETS }, (_, i) =>
        attack(port, `127.0.0.${String(2 + (i % ADDRESSES))}`),
      );
      t.after(() => {
        sockets.forEach((socket) => socket.destroy());
      });
      let after = await hoardOf(child);
      for (let last = -1; after.bytesIn <= 8 * MIB || after.bytesIn !== last; after = await hoardOf(child)) {
        last = after.bytesIn;
      }
      const grown = after.memory - before.memory;
      assert.ok(grown < BOUND, `${String(grown)} bytes more`);
    });
  }
});

function attack(port: number, localAddress: string): Socket {
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  socket.on("error", () => undefined);
  socket.write(`POST /pair-setup HTTP/1.1\r\nContent-Length: ${String(MIB)}\r\n\r\n`);
  socket.write(Buffer.alloc(SENT));
  return socket;
}

async function hoardOf(child: ChildProcess): Promise<Hoard> {
  child.send("look");
  const [hoard] = (await once(child, "message")) as [Hoard];
  return hoard;
}
