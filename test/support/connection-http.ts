/** The HTTP part of a connection without a socket: tests feed it, and read its signals and its output. */

import type { IncomingMessage, ServerResponse } from "node:http";

import type { ConnectionError } from "#src/errors";
import { ConnectionHttp } from "#src/transport/http/connection-http";
import type { Budget, ConnectionHttpLimits } from "#src/transport/http/contract";
import { ManualClock } from "./clock";

export const LIMITS: ConnectionHttpLimits = {
  maxHeadSize: 16 * 1024,
  maxBodySize: 1024 * 1024,
  maxPendingRequests: 100,
};

const WIRE = {
  addresses: { remoteAddress: "::1", remotePort: 1, remoteFamily: "IPv6", localAddress: "::1", localPort: 1 },
  seals: false,
  resume: () => undefined,
  setTimeout: () => undefined,
};

export class HttpUnderTest {
  /** Codes of the refusals so far. */
  readonly refusals: string[] = [];
  /** The bytes sent so far, as latin1. */
  sent = "";
  isEnded = false;
  readonly clock = new ManualClock();
  readonly http: ConnectionHttp;
  handler: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    response.end();

  constructor(limits: Partial<ConnectionHttpLimits> = {}, budget?: Budget) {
    const all = { ...LIMITS, ...limits };
    const settings = {
      clock: this.clock,
      headTimeout: 60_000,
      requestTimeout: 60_000,
      maxHeadSize: Math.max(all.maxHeadSize, LIMITS.maxHeadSize),
    };
    this.http = new ConnectionHttp(this, WIRE, settings, all, budget);
  }

  handleRequest(request: IncomingMessage, response: ServerResponse): void {
    // Of a connection that is given up.
    request.on("error", () => undefined);
    this.handler(request, response);
  }

  handleRefusal({ code }: ConnectionError): void {
    this.refusals.push(code);
  }

  transmit(chunks: readonly Uint8Array[], _length: number, callback: () => void): void {
    this.sent += Buffer.concat(chunks).toString("latin1");
    callback();
  }

  endGracefully(): void {
    this.isEnded = true;
  }

  handleDraining(): void {
    // Nothing is closed for being idle here.
  }

  beforeResponseEnds(): void {
    // There is no session.
  }

  afterResponse(): void {
    // There are no events.
  }

  abandon(): void {
    this.isEnded = true;
  }
}

/** Waits until streams have emitted their events. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
