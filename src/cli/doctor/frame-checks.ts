/** The self-test of an engine's frames, through the public codec. A check throws an error if it fails. */

import { randomBytes } from "node:crypto";

import { FrameError, FrameOpener, FrameSealer, type EngineName, type ErrorCode } from "../../index";
import { VECTOR } from "./vector";

/** Lengths of messages around the edges of blocks (16, 64 bytes) and frames (1,024 bytes). */
const LENGTHS = [0, 1, 15, 16, 17, 63, 64, 65, 150, 1023, 1024, 1025, 2048, 2049, 70_000];

/** The lengths of segments: one byte, one frame less a byte, TCP on Ethernet, and the whole stream. */
const SEGMENT_LENGTHS = [1, 1041, 1448, Infinity];

/** Seals and opens a frame of the RFC. */
export function checkVector(engine: EngineName): void {
  const { key, counter, plaintext, frame } = VECTOR;
  expect(new FrameSealer(key, { engine, counter }).seal(plaintext).equals(frame), "it is sealed wrongly");
  expect(new FrameOpener(key, { engine, counter }).open(frame).equals(plaintext), "it is opened wrongly");
}

/** Sends messages of many lengths through one session, whose stream is cut in many ways. */
export function checkRoundTrip(engine: EngineName): void {
  const key = randomBytes(32);
  const messages = LENGTHS.map((length) => randomBytes(length));
  const sealer = new FrameSealer(key, { engine });
  const stream = Buffer.concat(messages.map((message) => sealer.seal(message)));
  for (const segmentLength of SEGMENT_LENGTHS) {
    const opener = new FrameOpener(key, { engine });
    const opened = cut(stream, segmentLength).map((segment) => opener.open(segment));
    const what = `cut every ${String(segmentLength)} bytes`;
    expect(Buffer.concat(opened).equals(Buffer.concat(messages)), `what comes out differs: ${what}`);
    expect(opener.pendingLength === 0, `something is left over: ${what}`);
  }
}

/** Checks that a frame that is damaged, replayed or too long is refused, and ends the session. */
export function checkRefusals(engine: EngineName): void {
  const key = randomBytes(32);
  const frame = new FrameSealer(key, { engine }).seal(randomBytes(150));
  const expectRefused = (what: string, code: ErrorCode, ...segments: readonly Buffer[]): void => {
    const opener = new FrameOpener(key, { engine });
    expect(refusalOf(opener, segments) === code, `${what} is not refused with ${code}`);
    expect(refusalOf(opener, [frame]) === "ERR_HAPWIRE_CODEC_CLOSED", `${what} does not end the session`);
  };
  for (const position of [2, 100, frame.length - 16, frame.length - 1]) {
    const what = `a frame with a flipped bit in byte ${String(position)}`;
    expectRefused(what, "ERR_HAPWIRE_FRAME_AUTHENTICATION", flipped(frame, position));
  }
  expectRefused("a replayed frame", "ERR_HAPWIRE_FRAME_AUTHENTICATION", frame, frame);
  expectRefused("a frame of 1,025 bytes", "ERR_HAPWIRE_FRAME_TOO_LONG", Buffer.of(0x01, 0x04));
}

/** Checks that both engines seal to the same bytes, and open the frames of the other. */
export function checkAgreement(): void {
  const key = randomBytes(32);
  const native = new FrameSealer(key, { engine: "native" });
  const portable = new FrameSealer(key, { engine: "portable" });
  const openers = [new FrameOpener(key, { engine: "native" }), new FrameOpener(key, { engine: "portable" })];
  for (const length of LENGTHS) {
    const message = randomBytes(length);
    const frames = native.seal(message);
    const what = `for a message of ${String(length)} bytes`;
    expect(portable.seal(message).equals(frames), `they seal differently ${what}`);
    for (const opener of openers) {
      expect(opener.open(frames).equals(message), `they open differently ${what}`);
    }
  }
}

function cut(stream: Buffer, segmentLength: number): Buffer[] {
  if (segmentLength >= stream.length) {
    return [stream];
  }
  const count = Math.ceil(stream.length / segmentLength);
  return Array.from({ length: count }, (_, index) =>
    stream.subarray(index * segmentLength, (index + 1) * segmentLength),
  );
}

function flipped(frame: Buffer, position: number): Buffer {
  const damaged = Buffer.from(frame);
  damaged.writeUInt8(damaged.readUInt8(position) ^ 1, position);
  return damaged;
}

/** Returns the code of the first error, or undefined if all segments are opened. */
function refusalOf(opener: FrameOpener, segments: readonly Buffer[]): ErrorCode | undefined {
  try {
    for (const segment of segments) {
      opener.open(segment);
    }
    return undefined;
  } catch (error) {
    if (error instanceof FrameError) {
      return error.code;
    }
    throw error;
  }
}

function expect(isTrue: boolean, otherwise: string): void {
  if (!isTrue) {
    throw new Error(otherwise);
  }
}
