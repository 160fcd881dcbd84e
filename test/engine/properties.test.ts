/** Random streams and random hub traffic: each engine against the model, and so all engines against each other. */

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { NO_SLOT, type Engine } from "#src/engine/contract";
import { FrameError } from "#src/errors";
import { enginesUnderTest } from "../support/engines";
import { HubsInStep, anyValue, hubCommands, queueLimits } from "../support/hub-commands";
import { modelFrame, modelFrames, modelMessage } from "../support/model";

const LIMITS = { maxEvents: 4096, maxBytes: 1 << 24 };

const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 });
const anyCounter = fc.oneof(
  fc.constantFrom(0n, 255n, 2n ** 32n - 2n, 2n ** 53n - 1n),
  // Low enough that no stream here uses it up.
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1000n }),
);
const anySize = fc.oneof(fc.nat(40), fc.constantFrom(1023, 1024, 1025, 2048), fc.nat(5000));
const anyMessage = fc.tuple(anySize, fc.nat(255)).map(([length, first]) => numbered(length, first));
const anyMessages = fc.array(anyMessage, { maxLength: 8 });
/** What a peer may put in one frame, nothing included. */
const anyFramed = fc
  .tuple(fc.oneof(fc.nat(40), fc.constantFrom(0, 1, 1023, 1024), fc.nat(1024)), fc.nat(255))
  .map(([length, first]) => numbered(length, first));
/** Where to cut, in thousandths of the whole, so that cuts do not depend on its length. */
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

  it("on what they give out of a stream with a byte changed, and on how they fail", () => {
    const damage = fc.tuple(fc.nat(999), fc.integer({ min: 1, max: 255 }));
    check(
      fc.property(anyKey, anyMessages, anyCuts, damage, (key, messages, cuts, [where, flip]) => {
        const stream = Buffer.concat(sealAll(key, messages));
        fc.pre(stream.length > 0);
        const at = Math.floor((stream.length * where) / 1000);
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
          assert.deepEqual(hub.take(slot, undefined)?.toString(), expected.toString());
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

interface Outcome {
  readonly opened: Buffer;
  readonly held: number;
  /** Of the error that ended it; undefined where it waits for more. */
  readonly code: string | undefined;
}

function openUntilFailure(engine: Engine, key: Uint8Array, segments: readonly Buffer[]): Outcome {
  const opener = engine.createOpener(key, 0n);
  const opened: Buffer[] = [];
  let code: string | undefined;
  try {
    for (const segment of segments) {
      opened.push(Buffer.from(opener.open(Buffer.from(segment))));
    }
  } catch (error) {
    assert.ok(error instanceof FrameError);
    code = error.code;
  }
  return { opened: Buffer.concat(opened), held: opener.pendingLength, code };
}
