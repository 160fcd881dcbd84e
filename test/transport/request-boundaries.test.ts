/** RequestBoundaries by itself: it accepts and refuses the same bytes, however they are cut into segments. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { RequestBoundaries, type RequestFault } from "#src/transport/http/request-boundaries";
import { FAULTY_CHUNKS, FAULTY_HEADS, SOUND_REQUESTS } from "../support/http-samples";

const LIMITS = { maxHeadSize: 1024, maxBodySize: 1024 };
/** Node's parser refuses these, not RequestBoundaries. */
const NOT_ITS_OWN = new Set(["an unknown method"]);

interface Found {
  started: number;
  receiving: boolean;
  fault: RequestFault | undefined;
  /** Offsets at which a request ended. */
  ends: number[];
  bodySize: number;
}

function find(segments: readonly Buffer[], boundaries = new RequestBoundaries(LIMITS)): Found {
  const ends: number[] = [];
  let offset = 0;
  for (const segment of segments) {
    let rest = segment;
    while (rest.length > 0 && boundaries.fault === undefined) {
      const wasReceiving = boundaries.receiving;
      const { started } = boundaries;
      const taken = boundaries.advance(rest);
      offset += taken;
      rest = rest.subarray(taken);
      if (!boundaries.receiving && (wasReceiving || boundaries.started > started)) {
        ends.push(offset);
      }
    }
  }
  const { started, receiving, fault, bodySize } = boundaries;
  return { started, receiving, fault, ends, bodySize };
}

function bytewise(stream: Buffer): Buffer[] {
  return Array.from(stream, (byte) => Buffer.of(byte));
}

describe("RequestBoundaries", () => {
  it("ends a request of every real client at its last byte, however it is cut", () => {
    for (const [client, request] of Object.entries(SOUND_REQUESTS)) {
      const stream = Buffer.from(request + request, "latin1");
      const whole = find([stream]);
      const { ends, fault, receiving } = whole;
      assert.deepEqual(
        { ends, fault, receiving },
        { ends: [stream.length / 2, stream.length], fault: undefined, receiving: false },
        client,
      );
      assert.deepEqual(find(bytewise(stream)), whole, `${client}, byte by byte`);
      for (let at = 1; at < stream.length; at += 1) {
        assert.deepEqual(
          find([stream.subarray(0, at), stream.subarray(at)]),
          whole,
          `${client}, cut at ${String(at)}`,
        );
      }
    }
  });

  it("refuses what two parsers could read differently, however it is cut", () => {
    for (const [name, request] of Object.entries({ ...FAULTY_HEADS, ...FAULTY_CHUNKS })) {
      if (NOT_ITS_OWN.has(name)) {
        continue;
      }
      const sound = "GET / HTTP/1.1\r\n\r\n";
      const stream = Buffer.from(sound + request, "latin1");
      const expected = { fault: "syntax", ends: [sound.length], started: 2 };
      for (let at = 1; at < stream.length; at += 1) {
        const { fault, ends, started } = find([stream.subarray(0, at), stream.subarray(at)]);
        assert.deepEqual({ fault, ends, started }, expected, `${name}, cut at ${String(at)}`);
      }
      const { fault, ends, started } = find(bytewise(stream));
      assert.deepEqual({ fault, ends, started }, expected, `${name}, byte by byte`);
    }
  });

  it("keeps every limit to the byte, however the request is cut", () => {
    const head = (size: number): string => `GET / HTTP/1.1\r\nX: ${"x".repeat(size - 23)}\r\n\r\n`;
    const chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    const chunk = `200\r\n${"x".repeat(512)}\r\n`;
    for (const [within, beyond, fault] of [
      [head(1024), head(1025), "maxHeadSize"],
      [
        `POST / HTTP/1.1\r\nContent-Length: 1024\r\n\r\n`,
        `POST / HTTP/1.1\r\nContent-Length: 1025\r\n\r\n`,
        "maxBodySize",
      ],
      [`${chunked}${chunk}${chunk}`, `${chunked}${chunk}${chunk}1\r\n`, "maxBodySize"],
      [`${chunked}1;${"a".repeat(126)}\r\n`, `${chunked}1;${"a".repeat(127)}`, "maxBodySize"],
      [
        `${chunked}0\r\nX:${" ".repeat(16 * 1024 - 4)}\r\n`,
        `${chunked}0\r\nX:${" ".repeat(16 * 1024 - 1)}`,
        "maxBodySize",
      ],
    ] as const) {
      for (const cut of [(stream: Buffer) => [stream], bytewise]) {
        assert.equal(find(cut(Buffer.from(within))).fault, undefined, within.slice(0, 80));
        assert.equal(find(cut(Buffer.from(beyond))).fault, fault, beyond.slice(0, 80));
      }
    }
  });

  it("widens the limits of the request that is arriving", () => {
    const boundaries = new RequestBoundaries({ maxHeadSize: 20, maxBodySize: 0 });
    assert.equal(find([Buffer.from("PUT / HTTP/1.1\r\n")], boundaries).fault, undefined);
    boundaries.limits = LIMITS;
    const { fault, bodySize } = find([Buffer.from("Content-Length: 1000\r\n\r\n")], boundaries);
    assert.deepEqual({ fault, bodySize }, { fault: undefined, bodySize: 1000 });
  });

  it("tells line ends between requests from the first byte of one", () => {
    const boundaries = new RequestBoundaries(LIMITS);
    assert.equal(boundaries.advance(Buffer.from("\r\n\r\n\r")), 5);
    assert.deepEqual([boundaries.begin, boundaries.started, boundaries.receiving], [5, 0, false]);
    assert.equal(boundaries.advance(Buffer.from("\n\r\nGET / H")), 10);
    assert.deepEqual(
      [boundaries.begin, boundaries.started, boundaries.receiving, boundaries.inHead],
      [3, 1, true, true],
    );
  });
});
