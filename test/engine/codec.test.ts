/** The frame sealer and the frame opener of each engine: against the model, a recorded session, and tampering. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { Engine, FrameOpener } from "#src/engine/contract";
import type { ErrorCode } from "#src/errors";
import { FrameError } from "#src/errors";
import { enginesUnderTest } from "../support/engines";
import { modelFrame, modelFrames } from "../support/model";

interface RecordedSession {
  readonly keys: Record<Peer, string>;
  readonly messages: readonly {
    readonly from: Peer;
    readonly plaintext: string;
    readonly frames: readonly string[];
  }[];
}

type Peer = "controller" | "accessory";

const KEY = Buffer.from("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", "hex");
const LAST_COUNTER = 2n ** 64n - 1n;
const LONGEST_FRAME = 1042;

// The compiled tests lie in dist-test/test/engine/, the fixtures are not copied there.
const SESSION_FILE = join(__dirname, "../../../test/fixtures/session.json");
const session = JSON.parse(readFileSync(SESSION_FILE, "utf8")) as RecordedSession;

for (const { name, create } of enginesUnderTest()) {
  describe(`frame codec, ${name}`, () => {
    let engine: Engine;
    before(() => {
      engine = create();
    });

    /** An opener that has had no segment yet. Segments are copied: an opener may write to their memory. */
    function openerOf(key: Uint8Array = KEY, counter = 0n): (...segments: Uint8Array[]) => Buffer {
      const opener = engine.createOpener(key, counter);
      return (...segments) => openEach(opener, segments);
    }

    describe("sealing", () => {
      for (const size of [0, 1, 2, 1023, 1024, 1025, 2047, 2048, 2049, 10_000]) {
        it(`gives the model's frames for ${String(size)} bytes`, () => {
          const message = patterned(size);
          const sealer = engine.createSealer(KEY, 0n);
          const expected = modelFrames(KEY, 0n, message);
          assert.deepEqual(sealer.seal([message], size), Buffer.concat(expected));
          assert.equal(sealer.counter, BigInt(expected.length));
        });
      }

      it("gives the same frames wherever the chunks are cut", () => {
        const message = patterned(2500);
        const expected = Buffer.concat(modelFrames(KEY, 0n, message));
        for (const cut of [1, 2, 1000, 1023, 1024, 1025, 2047, 2048, 2049, 2499]) {
          const chunks = [message.subarray(0, cut), new Uint8Array(0), message.subarray(cut)];
          assert.deepEqual(
            engine.createSealer(KEY, 0n).seal(chunks, 2500),
            expected,
            `cut at ${String(cut)}`,
          );
        }
        const bytes = [...message].map((byte) => Uint8Array.of(byte));
        assert.deepEqual(engine.createSealer(KEY, 0n).seal(bytes, 2500), expected, "a chunk for each byte");
      });

      it("seals nothing into nothing", () => {
        const sealer = engine.createSealer(KEY, LAST_COUNTER);
        assert.equal(sealer.seal([], 0).length, 0);
        assert.equal(sealer.seal([new Uint8Array(0)], 0).length, 0);
        assert.equal(sealer.counter, LAST_COUNTER);
      });

      it("leaves the chunks and earlier frames as they were, and keeps its own copy of the key", () => {
        const key = Buffer.from(KEY);
        const sealer = engine.createSealer(key, 0n);
        key.fill(0);
        const message = patterned(100);
        const first = sealer.seal([message], 100);
        const second = sealer.seal([message], 100);
        assert.deepEqual(message, patterned(100));
        assert.deepEqual(first, modelFrame(KEY, 0n, message));
        assert.deepEqual(second, modelFrame(KEY, 1n, message));
      });
    });

    describe("a recorded session", () => {
      for (const peer of ["controller", "accessory"] as const) {
        const key = Buffer.from(session.keys[peer], "hex");
        const messages = session.messages.filter(({ from }) => from === peer);
        const stream = Buffer.from(messages.flatMap(({ frames }) => frames).join(""), "hex");
        const plaintext = Buffer.from(messages.map((message) => message.plaintext).join(""));

        it(`is sealed as the ${peer} sealed it`, () => {
          const sealer = engine.createSealer(key, 0n);
          for (const message of messages) {
            const bytes = Buffer.from(message.plaintext);
            assert.equal(sealer.seal([bytes], bytes.length).toString("hex"), message.frames.join(""));
          }
        });

        it(`of the ${peer} opens message by message`, () => {
          const open = openerOf(key);
          for (const message of messages) {
            assert.equal(open(Buffer.from(message.frames.join(""), "hex")).toString(), message.plaintext);
          }
        });

        it(`of the ${peer} opens all in one`, () => {
          assert.deepEqual(openerOf(key)(stream), plaintext);
        });

        it(`of the ${peer} opens byte by byte`, () => {
          const segments = [...stream].map((byte) => Uint8Array.of(byte));
          assert.deepEqual(openerOf(key)(...segments), plaintext);
        });

        it(`of the ${peer} opens cut in two, wherever`, () => {
          for (let cut = 1; cut < stream.length; cut += 1) {
            const opened = openerOf(key)(stream.subarray(0, cut), stream.subarray(cut));
            assert.deepEqual(opened, plaintext, `cut at ${String(cut)}`);
          }
        });

        it(`of the ${peer} opens in segments of every size`, () => {
          for (let size = 2; size <= LONGEST_FRAME + 1; size += 1) {
            assert.deepEqual(
              openerOf(key)(...slices(stream, size)),
              plaintext,
              `segments of ${String(size)}`,
            );
          }
        });
      }
    });

    describe("opening", () => {
      it("opens frames of every length", () => {
        for (let length = 0; length <= 1024; length += 1) {
          const message = patterned(length);
          assert.deepEqual(openerOf()(modelFrame(KEY, 0n, message)), message);
        }
      });

      it("takes frames that its own sealer would have cut otherwise", () => {
        const pieces = [patterned(3), patterned(0), patterned(1024), patterned(0), patterned(700)];
        const frames = pieces.map((piece, index) => modelFrame(KEY, BigInt(index), piece));
        assert.deepEqual(openerOf()(Buffer.concat(frames)), Buffer.concat(pieces));
      });

      it("returns the complete frames and counts the bytes that it holds", () => {
        const opener = engine.createOpener(KEY, 7n);
        const frames = [modelFrame(KEY, 7n, patterned(10)), modelFrame(KEY, 8n, patterned(1024))];
        const stream = Buffer.concat(frames);
        assert.deepEqual(opener.open(stream.subarray(0, 29)), patterned(10));
        assert.equal(opener.pendingLength, 1);
        assert.equal(opener.counter, 8n);
        assert.equal(opener.open(Buffer.from(stream.subarray(29, stream.length - 1))).length, 0);
        assert.equal(opener.pendingLength, LONGEST_FRAME - 1);
        assert.equal(opener.counter, 8n);
        assert.deepEqual(opener.open(Buffer.from(stream.subarray(stream.length - 1))), patterned(1024));
        assert.equal(opener.pendingLength, 0);
        assert.equal(opener.counter, 9n);
      });

      it("opens an empty segment to nothing, also within a frame", () => {
        const frame = modelFrame(KEY, 0n, patterned(5));
        const open = openerOf();
        assert.equal(open(Buffer.alloc(0)).length, 0);
        assert.equal(open(frame.subarray(0, 1)).length, 0);
        assert.equal(open(Buffer.alloc(0)).length, 0);
        assert.deepEqual(open(frame.subarray(1)), patterned(5));
      });

      it("authenticates a frame of no bytes and counts it", () => {
        const opener = engine.createOpener(KEY, 0n);
        assert.equal(opener.open(modelFrame(KEY, 0n, Buffer.alloc(0))).length, 0);
        assert.equal(opener.counter, 1n);
        expectClosing(opener, "ERR_HAPWIRE_FRAME_AUTHENTICATION", Buffer.alloc(18));
      });

      it("does not change plaintext that it gave out earlier", () => {
        const open = openerOf();
        const first = open(modelFrame(KEY, 0n, patterned(1024)));
        open(modelFrame(KEY, 1n, Buffer.alloc(1024)));
        assert.deepEqual(first, patterned(1024));
      });

      it("keeps its own copy of the key", () => {
        const key = Buffer.from(KEY);
        const opener = engine.createOpener(key, 0n);
        key.fill(0);
        assert.deepEqual(opener.open(modelFrame(KEY, 0n, patterned(3))), patterned(3));
      });
    });

    describe("what no controller sends", () => {
      it("a frame with any bit changed", () => {
        const frame = modelFrame(KEY, 0n, patterned(40));
        for (let bit = 0; bit < frame.length * 8; bit += 1) {
          const tampered = Buffer.from(frame);
          tampered.writeUInt8(tampered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
          const length = tampered.readUInt16LE();
          const code = length > 1024 ? "ERR_HAPWIRE_FRAME_TOO_LONG" : "ERR_HAPWIRE_FRAME_AUTHENTICATION";
          // A longer length makes it wait for more, so more is sent.
          const segment = Buffer.concat([tampered, Buffer.alloc(LONGEST_FRAME)]);
          expectClosing(engine.createOpener(KEY, 0n), code, segment);
        }
      });

      it("a frame of the longest length with any byte changed", () => {
        const frame = modelFrame(KEY, 0n, patterned(1024));
        for (let at = 2; at < frame.length; at += 1) {
          const tampered = Buffer.from(frame);
          tampered.writeUInt8(tampered.readUInt8(at) ^ 0xff, at);
          expectClosing(engine.createOpener(KEY, 0n), "ERR_HAPWIRE_FRAME_AUTHENTICATION", tampered);
        }
      });

      it("a tampered frame behind a good one: the good one is not given out either", () => {
        const frames = [modelFrame(KEY, 0n, patterned(9)), Buffer.alloc(20)];
        const opener = engine.createOpener(KEY, 0n);
        expectClosing(opener, "ERR_HAPWIRE_FRAME_AUTHENTICATION", Buffer.concat(frames));
      });

      it("a frame again", () => {
        const opener = engine.createOpener(KEY, 0n);
        const frame = modelFrame(KEY, 0n, patterned(9));
        opener.open(Buffer.from(frame));
        expectClosing(opener, "ERR_HAPWIRE_FRAME_AUTHENTICATION", frame);
      });

      it("two frames in the wrong order", () => {
        const frames = [modelFrame(KEY, 1n, patterned(9)), modelFrame(KEY, 0n, patterned(9))];
        const opener = engine.createOpener(KEY, 0n);
        expectClosing(opener, "ERR_HAPWIRE_FRAME_AUTHENTICATION", Buffer.concat(frames));
      });

      it("a stream with a frame left out", () => {
        const opener = engine.createOpener(KEY, 0n);
        opener.open(modelFrame(KEY, 0n, patterned(9)));
        expectClosing(opener, "ERR_HAPWIRE_FRAME_AUTHENTICATION", modelFrame(KEY, 2n, patterned(9)));
      });

      it("a frame under another key", () => {
        const opener = engine.createOpener(KEY, 0n);
        expectClosing(
          opener,
          "ERR_HAPWIRE_FRAME_AUTHENTICATION",
          modelFrame(Buffer.alloc(32), 0n, patterned(9)),
        );
      });

      for (const length of [1025, 1280, 32_768, 65_535]) {
        it(`a frame of ${String(length)} bytes, refused when its length is known`, () => {
          const field = Buffer.from([length & 0xff, length >> 8]);
          expectClosing(engine.createOpener(KEY, 0n), "ERR_HAPWIRE_FRAME_TOO_LONG", field);

          const opener = engine.createOpener(KEY, 0n);
          assert.equal(opener.open(Buffer.from(field.subarray(0, 1))).length, 0);
          expectClosing(opener, "ERR_HAPWIRE_FRAME_TOO_LONG", field.subarray(1));
        });
      }

      it("a length field too long behind a good frame: the good one is not given out either", () => {
        const opener = engine.createOpener(KEY, 0n);
        const segment = Buffer.concat([modelFrame(KEY, 0n, patterned(9)), Buffer.from([0x01, 0x04])]);
        expectClosing(opener, "ERR_HAPWIRE_FRAME_TOO_LONG", segment);
      });

      it("a frame of 1,025 bytes, though it is authentic", () => {
        expectClosing(
          engine.createOpener(KEY, 0n),
          "ERR_HAPWIRE_FRAME_TOO_LONG",
          modelFrame(KEY, 0n, patterned(1025)),
        );
      });
    });

    describe("a bound on the frames that a segment completes", () => {
      const MAX_FRAMES = 3;
      const stream = (count: number): Buffer =>
        Buffer.concat(modelFrames(KEY, 0n, patterned((count - 1) * 1024 + 5)));

      it("may be met exactly, by each segment anew, whoever began its first frame", () => {
        const opener = engine.createOpener(KEY, 0n, MAX_FRAMES);
        const frames = stream(2 * MAX_FRAMES);
        const cut = MAX_FRAMES * LONGEST_FRAME + 500;
        assert.equal(opener.open(Buffer.from(frames.subarray(0, cut))).length, MAX_FRAMES * 1024);
        assert.equal(opener.open(Buffer.from(frames.subarray(cut))).length, (MAX_FRAMES - 1) * 1024 + 5);
        assert.equal(opener.frames, 2 * MAX_FRAMES);
      });

      it("ends the session if it is exceeded, whether the last frame is authentic or not", () => {
        for (const last of [stream(MAX_FRAMES + 1).subarray(-23), Buffer.alloc(23)]) {
          const segment = Buffer.concat([stream(MAX_FRAMES + 1).subarray(0, -23), last]);
          const opener = engine.createOpener(KEY, 0n, MAX_FRAMES);
          expectClosing(opener, "ERR_HAPWIRE_FRAME_COUNT", segment);
          assert.equal(opener.counter, BigInt(MAX_FRAMES));
        }
      });

      it("may be none at all: then nothing is opened, and a frame may only begin", () => {
        const opener = engine.createOpener(KEY, 0n, 0);
        assert.equal(opener.open(Buffer.from(stream(1).subarray(0, -1))).length, 0);
        expectClosing(opener, "ERR_HAPWIRE_FRAME_COUNT", stream(1).subarray(-1));
      });
    });

    describe("the counter", () => {
      for (const edge of [2n ** 8n, 2n ** 16n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n]) {
        it(`carries at ${String(edge)}`, () => {
          const message = patterned(3 * 1024);
          const frames = Buffer.concat(modelFrames(KEY, edge - 1n, message));
          const sealer = engine.createSealer(KEY, edge - 1n);
          assert.deepEqual(sealer.seal([message], message.length), frames);
          assert.equal(sealer.counter, edge + 2n);

          const opener = engine.createOpener(KEY, edge - 1n);
          assert.deepEqual(opener.open(frames), message);
          assert.equal(opener.counter, edge + 2n);
        });
      }

      it("seals one frame at 2^64 - 1, and no other", () => {
        const sealer = engine.createSealer(KEY, LAST_COUNTER);
        const message = patterned(1024);
        assert.deepEqual(sealer.seal([message], 1024), modelFrame(KEY, LAST_COUNTER, message));
        assertThrowsCode(() => sealer.seal([patterned(1)], 1), "ERR_HAPWIRE_NONCE_EXHAUSTED");
        assertThrowsCode(() => sealer.seal([patterned(1)], 1), "ERR_HAPWIRE_CODEC_CLOSED");
      });

      it("refuses a message whole that needs one frame more than are left", () => {
        for (const left of [1n, 2n, 3n]) {
          const first = LAST_COUNTER - left + 1n;
          const sealer = engine.createSealer(KEY, first);
          const message = patterned(Number(left) * 1024 + 1);
          assertThrowsCode(() => sealer.seal([message], message.length), "ERR_HAPWIRE_NONCE_EXHAUSTED");
          assert.equal(sealer.counter, first);
          assertThrowsCode(() => sealer.seal([patterned(1)], 1), "ERR_HAPWIRE_CODEC_CLOSED");
        }
      });

      it("seals a message that needs exactly the frames that are left", () => {
        const first = LAST_COUNTER - 2n;
        const message = patterned(3 * 1024);
        const sealed = engine.createSealer(KEY, first).seal([message], message.length);
        assert.deepEqual(sealed, Buffer.concat(modelFrames(KEY, first, message)));
      });

      it("opens one frame at 2^64 - 1, and no other", () => {
        const opener = engine.createOpener(KEY, LAST_COUNTER);
        assert.deepEqual(opener.open(modelFrame(KEY, LAST_COUNTER, patterned(9))), patterned(9));
        expectClosing(opener, "ERR_HAPWIRE_NONCE_EXHAUSTED", modelFrame(KEY, 0n, patterned(9)));
      });

      it("has moved when a frame fails, and stays there", () => {
        const opener = engine.createOpener(KEY, 4n);
        assertThrowsCode(() => opener.open(Buffer.alloc(18)), "ERR_HAPWIRE_FRAME_AUTHENTICATION");
        assert.equal(opener.counter, 5n);
      });
    });

    describe("destroy", () => {
      it("may be called twice, and closes the sealer", () => {
        const sealer = engine.createSealer(KEY, 0n);
        sealer.destroy();
        sealer.destroy();
        assertThrowsCode(() => sealer.seal([patterned(1)], 1), "ERR_HAPWIRE_CODEC_CLOSED");
        assertThrowsCode(() => sealer.seal([], 0), "ERR_HAPWIRE_CODEC_CLOSED");
      });

      it("may be called twice, and closes the opener", () => {
        const opener = engine.createOpener(KEY, 0n);
        opener.open(Buffer.alloc(1));
        opener.destroy();
        opener.destroy();
        assert.equal(opener.pendingLength, 0);
        assertThrowsCode(() => opener.open(modelFrame(KEY, 0n, patterned(1))), "ERR_HAPWIRE_CODEC_CLOSED");
        assertThrowsCode(() => opener.open(Buffer.alloc(0)), "ERR_HAPWIRE_CODEC_CLOSED");
      });

      it("leaves other codecs of the same key alone", () => {
        const [one, other] = [engine.createSealer(KEY, 0n), engine.createSealer(KEY, 0n)];
        one.destroy();
        assert.deepEqual(other.seal([patterned(5)], 5), modelFrame(KEY, 0n, patterned(5)));
      });
    });
  });
}

/** Bytes in which a shift or a swap shows. */
function patterned(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) & 0xff));
}

function slices(stream: Buffer, size: number): Buffer[] {
  const count = Math.ceil(stream.length / size);
  return Array.from({ length: count }, (_, index) => stream.subarray(index * size, (index + 1) * size));
}

function openEach(opener: FrameOpener, segments: readonly Uint8Array[]): Buffer {
  return Buffer.concat(segments.map((segment) => Buffer.from(opener.open(Buffer.from(segment)))));
}

/** The segment fails the opener with this code, and closes it. */
function expectClosing(opener: FrameOpener, code: ErrorCode, segment: Uint8Array): void {
  assertThrowsCode(() => opener.open(Buffer.from(segment)), code);
  assert.equal(opener.pendingLength, 0);
  assertThrowsCode(() => opener.open(Buffer.alloc(0)), "ERR_HAPWIRE_CODEC_CLOSED");
}

function assertThrowsCode(call: () => unknown, code: ErrorCode): void {
  assert.throws(call, (error) => {
    assert.ok(error instanceof FrameError);
    assert.equal(error.code, code);
    return true;
  });
}
