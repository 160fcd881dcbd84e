/** A queue that collapses again and again, as that of a controller that has stalled, takes no more memory for it. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { NO_SLOT } from "#src/engine/contract";

import { enginesUnderTest } from "../support/engines";
import { patient } from "../support/patience";

const { gc } = globalThis;
const REASON = gc === undefined ? " (skipped: needs --expose-gc)" : "";

/** Many times the limit of the queue. */
const EVENTS = 200_000;
/** Bytes: less than a word for each event. */
const MOST = 1_000_000;

describe(
  `the memory of a queue that collapses${REASON}`,
  { skip: gc === undefined, timeout: patient(60_000) },
  () => {
    for (const { name, create } of enginesUnderTest()) {
      it(`does not grow with the events that it replaced (${name})`, () => {
        const hub = create().createEventHub({ maxEvents: 2, maxBytes: 1 << 20, maxSubscriptions: 1 });
        const slot = hub.add();
        hub.subscribe(slot, 1, 9);
        const send = (value: number): void => {
          hub.broadcast(1, 9, value, false, NO_SLOT);
        };
        for (let value = 0; value < 1000; value += 1) send(value);
        gc?.();
        const before = process.memoryUsage().heapUsed;
        for (let value = 0; value < EVENTS; value += 1) send(value);
        gc?.();
        const grown = process.memoryUsage().heapUsed - before;
        assert.ok(grown < MOST, `${String(grown)} bytes more`);
        assert.ok(hub.counts(slot).pendingEvents <= 2);
      });
    }
  },
);
