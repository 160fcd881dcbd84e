/** Measures how fast an engine seals and opens here, for half a second, through the public codec. */

import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";

import { FrameOpener, FrameSealer, type EngineName } from "../../index";
import type { Speed } from "./report";

const SMALL_LENGTH = 150;
const LARGE_LENGTH = 65_536;

/** Messages sealed between two looks at the clock: enough of them that the clock's own time is lost in it. */
const SMALL_BATCH = 200;
const LARGE_BATCH = 4;

/** Milliseconds for each of the two lengths. */
const DURATION = 250;

/** Milliseconds for one message. */
interface Medians {
  readonly seal: number;
  readonly open: number;
}

export function measureSpeed(engine: EngineName): Speed {
  const small = measure(engine, SMALL_LENGTH, SMALL_BATCH);
  const large = measure(engine, LARGE_LENGTH, LARGE_BATCH);
  return {
    engine,
    sealSmall: small.seal * 1000,
    openSmall: small.open * 1000,
    sealLarge: LARGE_LENGTH / 1000 / large.seal,
    openLarge: LARGE_LENGTH / 1000 / large.open,
  };
}

function measure(engine: EngineName, length: number, batch: number): Medians {
  const key = randomBytes(32);
  const sealer = new FrameSealer(key, { engine });
  const opener = new FrameOpener(key, { engine });
  const message = randomBytes(length);
  const sealTimes: number[] = [];
  const openTimes: number[] = [];
  const deadline = performance.now() + DURATION;
  do {
    const frames: Buffer[] = [];
    const start = performance.now();
    for (let count = 0; count < batch; count += 1) {
      frames.push(sealer.seal(message));
    }
    const sealed = performance.now();
    for (const frame of frames) {
      opener.open(frame);
    }
    const opened = performance.now();
    sealTimes.push((sealed - start) / batch);
    openTimes.push((opened - sealed) / batch);
  } while (performance.now() < deadline);
  sealer.destroy();
  opener.destroy();
  return { seal: median(sealTimes), open: median(openTimes) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}
