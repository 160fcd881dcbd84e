/** Random streams and random hub traffic: each engine against the model, and so all engines against each other. */

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { ANY_NUMBER_OF_FRAMES, NO_SLOT, type Engine } from "#src/engine/contract";
import { FrameError } from "#src/errors";
import { enginesUnderTest } from "../support/engines";
import { HubsInStep, anyValue, hubCommands, queueLimits } from "../support/hub-commands";
import { modelFrame, modelFrames, modelMessage } from "../support/model";

const LIMITS = { maxEvents: 4096, maxBytes: 1 << 24, maxSubscriptions: 100 };

const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 });
const anyCounter = fc.oneof(
  fc.constantFrom(0n, 255n, 2n ** 32n - 2n, 2n ** 53n - 1n),
  // Low enough that no stream here uses it up.
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1000n }),
);
const anySize = fc.oneof(fc.nat(40), fc.constantFrom(1023, 1024, 1025, 2048), fc.nat(5000));
const anyMessage = fc.tuple(anySize, fc.nat(255)).map(([length, first]) => numbered(length, first));
const anyMessages = fc.array(anyMessage, { maxLength: 8 });
/** The plaintext of one frame. It may be empty. */
const anyFramed = fc
  .tuple(fc.oneof(fc.nat(40), fc.constantFrom(0, 1, 1023, 1024), fc.nat(1024)), fc.nat(255))
  .map(([length, first]) => numbered(length, first));
const anyFault = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Fault>("none") },
  { weight: 1, arbitrary: fc.constantFrom<Fault>("forged", "too long") },
);
/** The places of cuts, in thousandths of the whole, so that cuts do not depend on its length. */
const anyCuts = fc.array(fc.nat(1000), { maxLength: 20 });

describe("all engines agree", () => {
  let engines: readonly Engine[];
  before(() => {
    engines = enginesUnderTest().map(({ create }) => create());
  });

  it("on the frames of any messages in any chunks", () => {
    check(
      fc.property(
        anyKey,
        anyCounter,
        fc.array(fc.tuple(anyMessage, anyCuts), { maxLength: 6 }),
        (key, counter, list) => {
          for (const engine of engines) {
            const sealer = engine.createSealer(key, counter);
            for (const [message, cuts] of list) {
              const expected = modelFrames(key, sealer.counter, message);
              const next = sealer.counter + BigInt(expected.length);
              assert.deepEqual(sealer.seal(cut(message, cuts), message.length), Buffer.concat(expected));
              assert.equal(sealer.counter, next);
              assert.equal(sealer.frames, Number(next - counter));
            }
          }
        },
      ),
    );
  });

  it("on the plaintext of any stream in any segments, segment by segment", () => {
    check(
      fc.property(
        anyKey,
        anyCounter,
        fc.array(anyFramed, { maxLength: 12 }),
        anyCuts,
        (key, counter, pieces, cuts) => {
          const frames = pieces.map((piece, index) => modelFrame(key, counter + BigInt(index), piece));
          const segments = cut(Buffer.concat(frames), cuts);
          for (const engine of engines) {
            const opener = engine.createOpener(key, counter);
            let received = 0;
            let given = 0;
            for (const segment of segments) {
              received += segment.length;
              const complete = completeFrames(frames, received);
              const plaintext = Buffer.concat(pieces.slice(0, complete.length));
              assert.deepEqual(Buffer.from(opener.open(Buffer.from(segment))), plaintext.subarray(given));
              assert.equal(opener.counter, counter + BigInt(complete.length));
              assert.equal(opener.frames, complete.length);
              assert.equal(opener.pendingLength, received - Buffer.concat(complete).length);
              given = plaintext.length;
            }
          }
        },
      ),
    );
  });

  it("on the plaintext of a stream with a byte changed, and on the error", () => {
    const damage = fc.tuple(fc.nat(999), fc.integer({ min: 1, max: 255 }));
    check(
      fc.property(anyKey, anyMessages, anyCuts, damage, (key, messages, cuts, [thousandths, flip]) => {
        const stream = Buffer.concat(sealAll(key, messages));
        fc.pre(stream.length > 0);
        const at = Math.floor((stream.length * thousandths) / 1000);
        stream.writeUInt8(stream.readUInt8(at) ^ flip, at);
        const plaintext = Buffer.concat(messages);
        const outcomes = engines.map((engine) => openUntilFailure(engine, key, cut(stream, cuts)));
        for (const outcome of outcomes) {
          assert.ok(outcome.opened.length < plaintext.length);
          assert.deepEqual(outcome.opened, plaintext.subarray(0, outcome.opened.length));
          assert.deepEqual(outcome, outcomes[0]);
        }
      }),
    );
  });

  it("on which fault of a stream comes first", () => {
    const anyStream = fc.array(fc.tuple(anyFramed, anyFault), { maxLength: 8 });
    check(
      fc.property(
        anyKey,
        anyStream,
        anyCuts,
        fc.nat(4),
        fc.bigInt(1n, 8n),
        (key, list, cuts, most, nonces) => {
          const first = 2n ** 64n - nonces;
          const frames = list.map(([piece, fault], index) =>
            faultyFrame(key, first + BigInt(index), piece, fault),
          );
          const segments = cut(Buffer.concat(frames.map(({ bytes }) => bytes)), cuts);
          const expected = firstFault(frames, segments, most, Number(nonces));
          const outcomes = engines.map((engine) => openUntilFailure(engine, key, segments, first, most));
          for (const outcome of outcomes) {
            assert.equal(outcome.code, expected);
            assert.deepEqual(outcome, outcomes[0]);
          }
        },
      ),
      1000,
    );
  });

  it("on each other's frames", () => {
    check(
      fc.property(anyKey, anyMessages, (key, messages) => {
        for (const sealing of engines) {
          for (const opening of engines) {
            const sealer = sealing.createSealer(key, 0n);
            const opener = opening.createOpener(key, 0n);
            for (const message of messages) {
              assert.deepEqual(Buffer.from(opener.open(sealer.seal([message], message.length))), message);
            }
          }
        }
      }),
    );
  });

  it("with JSON.stringify on any value", () => {
    check(
      fc.property(anyValue, fc.boolean(), (value, immediate) => {
        const expected = modelMessage([JSON.parse(JSON.stringify({ aid: 1, iid: 9, value }))]);
        for (const engine of engines) {
          const hub = engine.createEventHub(LIMITS);
          const slot = hub.add();
          hub.subscribe(slot, 1, 9);
          hub.broadcast(1, 9, value, immediate, NO_SLOT);
          assert.deepEqual(hub.take(slot)?.toString(), expected.toString());
        }
      }),
      2000,
    );
  });

  it("on any course of subscriptions, events and flushes", () => {
    check(
      fc.property(queueLimits, hubCommands, (limits, commands) => {
        const hubs = new HubsInStep(engines, limits);
        commands.forEach((command) => {
          hubs.run(command);
        });
      }),
      500,
    );
  });
});

/** Set FAST_CHECK_SEED to run a failure again, FAST_CHECK_FACTOR to run longer. */
function check<T>(property: fc.IProperty<T>, numRuns = 100): void {
  const { FAST_CHECK_SEED: seed, FAST_CHECK_FACTOR: factor = "1" } = process.env;
  fc.assert(property, {
    numRuns: numRuns * Number(factor),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
  });
}

function numbered(length: number, first: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (first + index * 3 + (index >> 8)) & 0xff));
}

/** Cuts in as many pieces as there are cuts, and one; some may be empty. */
function cut(bytes: Buffer, thousandths: readonly number[]): Buffer[] {
  const inner = thousandths.map((part) => Math.round((bytes.length * part) / 1000)).sort((a, b) => a - b);
  return [...inner, bytes.length].map((end, index) => bytes.subarray(inner[index - 1] ?? 0, end));
}

function sealAll(key: Uint8Array, messages: readonly Buffer[]): Buffer[] {
  const frames: Buffer[] = [];
  for (const message of messages) {
    frames.push(...modelFrames(key, BigInt(frames.length), message));
  }
  return frames;
}

/** Those of the frames that the first `received` bytes of the stream hold in full. */
function completeFrames(frames: readonly Buffer[], received: number): Buffer[] {
  return frames.filter((_, index) => Buffer.concat(frames.slice(0, index + 1)).length <= received);
}

type Fault = "none" | "forged" | "too long";

interface FaultyFrame {
  readonly bytes: Buffer;
  readonly fault: Fault;
  /** How many bytes of it must be there for it to be judged. */
  readonly judgedAt: number;
}

function faultyFrame(key: Uint8Array, counter: bigint, piece: Buffer, fault: Fault): FaultyFrame {
  if (fault === "too long") {
    return { bytes: Buffer.concat([Buffer.of(1, 4), piece]), fault, judgedAt: 2 };
  }
  const bytes = modelFrame(key, BigInt.asUintN(64, counter), piece);
  if (fault === "forged") {
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  }
  return { bytes, fault, judgedAt: bytes.length };
}

/** @returns The code that the stream must end with, if any: frame by frame, each in the segment in which it is judged. */
function firstFault(
  frames: readonly FaultyFrame[],
  segments: readonly Buffer[],
  maxFrames: number,
  nonces: number,
): string | undefined {
  const completed = segments.map(() => 0);
  let start = 0;
  for (const [index, { bytes, fault, judgedAt }] of frames.entries()) {
    const segment = segmentOf(segments, start + judgedAt);
    const before = completed[segment] ?? 0;
    if (fault === "too long") return "ERR_HAPWIRE_FRAME_TOO_LONG";
    if (before === maxFrames) return "ERR_HAPWIRE_FRAME_COUNT";
    if (index === nonces) return "ERR_HAPWIRE_NONCE_EXHAUSTED";
    if (fault === "forged") return "ERR_HAPWIRE_FRAME_AUTHENTICATION";
    completed[segment] = before + 1;
    start += bytes.length;
  }
  return undefined;
}

/** @returns The index of the segment that brings the stream to this length. */
function segmentOf(segments: readonly Buffer[], length: number): number {
  return segments.findIndex((_, index) => Buffer.concat(segments.slice(0, index + 1)).length >= length);
}

interface Outcome {
  readonly opened: Buffer;
  readonly held: number;
  readonly frames: number;
  /** Of the error that ended it. Undefined if it waits for more. */
  readonly code: string | undefined;
  readonly message: string | undefined;
}

function openUntilFailure(
  engine: Engine,
  key: Uint8Array,
  segments: readonly Buffer[],
  counter = 0n,
  maxFrames = ANY_NUMBER_OF_FRAMES,
): Outcome {
  const opener = engine.createOpener(key, counter, maxFrames);
  const opened: Buffer[] = [];
  let failure: FrameError | undefined;
  try {
    for (const segment of segments) {
      opened.push(Buffer.from(opener.open(Buffer.from(segment))));
    }
  } catch (error) {
    assert.ok(error instanceof FrameError);
    failure = error;
  }
  return {
    opened: Buffer.concat(opened),
    held: opener.pendingLength,
    frames: opener.frames,
    code: failure?.code,
    message: failure?.message,
  };
}
