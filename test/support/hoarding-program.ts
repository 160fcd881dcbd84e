/**
 * A program: a server whose handlers keep the bodies of requests and never answer, for tests of the memory that strangers can
 * take. Started with an IPC channel: sends its port, then for each message `{ memory, bytesIn }` in bytes.
 */

import { EventedHTTPServer, type EngineName } from "hapwire";

export interface Hoard {
  /** The heap, and the memory of Buffers. */
  readonly memory: number;
  readonly bytesIn: number;
}

const server = new EventedHTTPServer({ engine: process.argv[2] as EngineName });
server.on("request", (_connection, request) => {
  const body: Buffer[] = [];
  request.on("data", (chunk: Buffer) => body.push(chunk));
  request.on("error", () => (body.length = 0));
});
server.on("listening", (port) => process.send?.(port));
process.on("message", () => {
  gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const hoard: Hoard = { memory: heapUsed + external, bytesIn: server.stats().total.bytesIn };
  process.send?.(hoard);
});
server.listen(0, "127.0.0.1");
