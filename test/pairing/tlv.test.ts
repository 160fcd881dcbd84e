/** TLV8: written items are read again, any bytes of a stranger are read or refused, and other readers agree. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { decodeBuffer } from "hap-controller/lib/model/tlv";

import { Type } from "#src/pairing/protocol";
import { byteOf, decodeTlv, encodeTlv } from "#src/pairing/tlv";

const TYPES = Object.values(Type).filter((type) => type !== Type.Separator);
const anyLength = fc.oneof(fc.nat(600), fc.constantFrom(0, 1, 254, 255, 256, 509, 510, 511, 765));
const anyValue = anyLength.chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
const anyItems = fc.uniqueArray(fc.tuple(fc.constantFrom(...TYPES), anyValue), {
  selector: ([type]) => type,
});

describe("TLV8", () => {
  it("reads written items, here and in hap-controller", () => {
    fc.assert(
      fc.property(anyItems, (items) => {
        const message = encodeTlv(items);
        const expected = new Map(items.map(([type, value]) => [type, Buffer.from(value)]));
        assert.deepEqual(decodeTlv(message), expected);
        assert.deepEqual(decodeBuffer(message), expected);
      }),
    );
  });

  it("cuts values into fragments of 255 bytes", () => {
    const message = encodeTlv([[Type.PublicKey, Buffer.alloc(256, 7)]]);
    assert.deepEqual(
      [message.length, ...message.subarray(0, 2), ...message.subarray(257)],
      [2 + 255 + 2 + 1, 3, 255, 3, 1, 7],
    );
    assert.deepEqual(encodeTlv([[Type.Separator, Buffer.alloc(0)]]), Buffer.from([0xff, 0]));
  });

  it("reads or refuses any bytes, and never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1000 }), (bytes) => {
        const items = decodeTlv(Buffer.from(bytes));
        const total = [...(items?.values() ?? [])].reduce((sum, value) => sum + value.length, 0);
        assert.ok(total <= bytes.length);
      }),
      { numRuns: 2000 },
    );
  });

  it("refuses a message that is cut anywhere inside an item", () => {
    fc.assert(
      fc.property(anyItems, fc.nat(), (items, at) => {
        const message = encodeTlv(items);
        const cut = message.subarray(0, at % (message.length + 1));
        const read = decodeTlv(cut);
        // The items at the beginning are written again as they stood there.
        assert.ok(read === undefined || encodeTlv([...read]).equals(cut));
      }),
    );
  });

  it("ignores unknown types and separators, even twice", () => {
    const unknown = [0x42, 1, 9, 0xff, 0, 0x42, 1, 8];
    assert.deepEqual(decodeTlv(Buffer.from([...unknown, 6, 1, 3, ...unknown])), new Map([[6, Buffer.of(3)]]));
  });

  it("refuses a known item that stands there twice, apart or together", () => {
    for (const message of [
      [6, 1, 1, 6, 1, 3],
      [6, 1, 1, 0, 1, 0, 6, 1, 3],
      [3, 255, ...Buffer.alloc(255), 6, 1, 1, 3, 1, 0],
    ]) {
      assert.equal(decodeTlv(Buffer.from(message)), undefined);
    }
  });

  it("reads a byte of a value of one byte alone", () => {
    const items = decodeTlv(Buffer.from([6, 1, 3, 0, 2, 1, 1, 1, 0]));
    assert.ok(items !== undefined);
    assert.deepEqual(
      [6, 0, 1, 2].map((type) => byteOf(items, type)),
      [3, undefined, undefined, undefined],
    );
  });
});
