/** What the harness takes for a delivery: whole messages, every event, its value, their order. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { burstOf, singleChange, type Change } from "../../bench/harness/changes";
import { EventCheck } from "../../bench/harness/event-check";
import { accessoriesJson } from "../../bench/harness/home";
import { MessageReader, type Message } from "../../bench/harness/message-reader";
import { modelMessage } from "../support/model";

/** An EVENT message, given oldest first. */
function messageOf(changes: readonly Change[]): Message {
  const bytes = modelMessage(changes);
  return { kind: "event", bytes, body: bytes.subarray(bytes.indexOf("\r\n\r\n") + 4) };
}

describe("the changes that are broadcast", () => {
  it("are one for each characteristic, all others than those before", () => {
    const [first, second] = [burstOf(35, 10, 0).changes, burstOf(35, 10, 1).changes];
    assert.equal(new Set(first.map(({ aid, iid }) => `${String(aid)}.${String(iid)}`)).size, 35);
    first.forEach(({ aid, iid, value }, index) => {
      const next = second[index];
      assert.deepEqual([next?.aid, next?.iid], [aid, iid]);
      assert.notEqual(next?.value, value);
    });
  });

  it("go round one by one just so", () => {
    const oneByOne = Array.from({ length: 14 }, (_, index) => singleChange(index, 7, 7).changes).flat();
    assert.deepEqual(oneByOne, [...burstOf(7, 7, 0).changes, ...burstOf(7, 7, 1).changes]);
  });

  it("are expected as HAP has them, newest first", () => {
    const { changes, message } = burstOf(9, 3, 1);
    assert.deepEqual(message, modelMessage(changes));
  });

  it("belong to a bridge of 450 KB with 150 accessories", () => {
    const { length } = accessoriesJson(150);
    assert.ok(Math.abs(length - 450_000) < 5000, String(length));
  });
});

describe("the check of events", () => {
  const bursts = [burstOf(4, 2, 0), burstOf(4, 2, 1)];
  const all = bursts.flatMap(({ changes }) => changes);

  const takeAll = (...messages: Change[][]): EventCheck => {
    const check = new EventCheck(bursts);
    messages.forEach((changes) => {
      check.take(messageOf(changes));
    });
    return check;
  };

  it("takes them in whatever messages they come", () => {
    assert.ok(takeAll(all.slice(0, 4), all.slice(4)).isComplete);
    assert.ok(takeAll(all).isComplete);
    assert.ok(takeAll(...all.map((change) => [change])).isComplete);
    assert.ok(takeAll(all.slice(0, 3), all.slice(3)).isComplete);
    assert.ok(!takeAll(all.slice(0, 7)).isComplete);
  });

  const [a, b, c, d] = all as [Change, Change, Change, Change];
  for (const [fault, events] of [
    ["lost", [a, c, d]],
    ["doubled", [a, b, b, c, d]],
    ["out of order", [b, a, c, d]],
    ["of another value", [a, b, { ...c, value: -1 }, d]],
    ["too many", [...all, a]],
  ] as const) {
    it(`refuses one that is ${fault}`, () => {
      assert.throws(() => takeAll([...events], all.slice(4)), /an event was lost, doubled or changed/);
    });
  }
});

describe("the reader of messages", () => {
  const whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole";
  const chunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nin \r\na\r\ntwo chunks\r\n0\r\n\r\n";
  const event = "EVENT/1.0 200 OK\r\nContent-Type: application/hap+json\r\nContent-Length: 2\r\n\r\n{}";
  const stream = Buffer.from(whole + event + chunked + event);

  it("reads a stream that is cut anywhere", () => {
    for (let size = 1; size <= stream.length; size += 1) {
      const reader = new MessageReader();
      const messages: Message[] = [];
      for (let at = 0; at < stream.length; at += size) {
        messages.push(...reader.push(stream.subarray(at, at + size)));
      }
      assert.deepEqual(
        messages.map(({ kind, body }) => [kind, body.toString()]),
        [
          ["response", "whole"],
          ["event", "{}"],
          ["response", "in two chunks"],
          ["event", "{}"],
        ],
      );
    }
  });

  it("reads a response without content", () => {
    const [nothing, next] = new MessageReader().push(Buffer.from(`HTTP/1.1 204 No Content\r\n\r\n${whole}`));
    assert.deepEqual([nothing?.kind, nothing?.body.length, next?.body.toString()], ["response", 0, "whole"]);
  });

  it("refuses what is no success", () => {
    const reader = new MessageReader();
    assert.throws(
      () => reader.push(Buffer.from("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")),
      /unexpected message: HTTP\/1\.1 500/,
    );
  });
});
