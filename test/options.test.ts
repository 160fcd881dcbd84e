/** The defaults of a server's options, which docs/limits.md promises. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { systemClock } from "#src/clock";
import { settingsFrom } from "#src/options";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const KIB = 1024;
const MIB = 1024 * KIB;

describe("the options of a server", () => {
  it("have the defaults that are documented", () => {
    const settings = settingsFrom({});
    assert.deepEqual(settings, {
      engine: undefined,
      coalescingDelay: 250,
      maxQueuedEvents: 4096,
      maxQueuedEventBytes: MIB,
      stallTimeout: MINUTE,
      idleTimeout: 60 * MINUTE,
      idleSweepThreshold: 16,
      strangerIdleTimeout: 10 * MINUTE,
      maxStrangers: 512,
      maxStrangerBodySize: 1024 * KIB,
      maxStrangerRequestBytes: 8 * 1024 * KIB,
      maxSubscriptions: 65_536,
      maxStrangerPendingRequests: 8,
      maxBodySize: 16 * MIB,
      maxHeadSize: 64 * KIB,
      maxPendingRequests: 256,
      headTimeout: MINUTE,
      requestTimeout: 5 * MINUTE,
      maxUnsentBytes: 128 * KIB,
      maxFramesPerSegment: 4096,
      lingerTimeout: 2 * SECOND,
      clock: systemClock,
    });
  });
});
