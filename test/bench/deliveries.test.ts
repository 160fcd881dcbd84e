/** The harness's conditions for a delivery: whole messages, every event, its value, their order. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { burstOf, singleChange, type Change } from "#bench/harness/changes";
import { EventCheck } from "#bench/harness/event-check";
import { accessoriesJson } from "#bench/harness/home";
import { MessageReader, type Message } from "#bench/harness/message-reader";
import { modelMessage } from "../support/model";

/** An EVENT message, given oldest first. */
function messageOf(changes: readonly Change[]): Pick<Message, "bytes" | "body"> {
  const bytes = modelMessage(changes);
  return { bytes, body: bytes.subarray(bytes.indexOf("\r\n\r\n") + 4) };
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
  const ok = "HTTP/1.1 200 OK\r\n";
  const chunks = "Transfer-Encoding: chunked\r\n\r\n3\r\nin \r\na\r\ntwo chunks\r\n0\r\n\r\n";
  const event = "EVENT/1.0 200 OK\r\nContent-Type: application/hap+json\r\nContent-Length: 2\r\n\r\n{}";
  const parts = [
    ["response", 200, "whole", `${ok}Content-Length: 5\r\n\r\nwhole`],
    ["event", 200, "{}", event],
    ["response", 200, "in two chunks", ok + chunks],
    ["event", 200, "{}", event],
    ["response", 204, "", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["response", 207, "", "HTTP/1.1 207 Multi-Status\r\nContent-Length:0\r\n\r\n"],
  ] as const;

  it("reads a stream that is cut anywhere", () => {
    const stream = Buffer.from(parts.map(([, , , bytes]) => bytes).join(""));
    for (let size = 1; size <= stream.length; size += 1) {
      const reader = new MessageReader();
      const messages: Message[] = [];
      for (let at = 0; at < stream.length; at += size) {
        messages.push(...reader.push(stream.subarray(at, at + size)));
      }
      assert.deepEqual(
        messages.map(({ kind, status, body, bytes }) => [kind, status, body.toString(), bytes.toString()]),
        parts,
      );
      assert.equal(reader.unfinished.length, 0);
    }
  });

  it("expects no body in the response to HEAD", () => {
    const reader = new MessageReader();
    reader.expectAnswerTo("HEAD");
    reader.expectAnswerTo("GET");
    const head = `${ok}Content-Length: 1\r\n\r\n`;
    const messages = reader.push(Buffer.from(`HTTP/1.1 100 Continue\r\n\r\n${head}${head}x`));
    assert.deepEqual(
      messages.map(({ status, body }) => [status, body.toString()]),
      [
        [100, ""],
        [200, ""],
        [200, "x"],
      ],
    );
  });

  for (const [fault, bytes, message] of [
    ["bytes that begin no message", "HTTP/1.0", /neither a response nor an event begins with/],
    ["a byte behind a body", `${ok}Content-Length: 0\r\n\r\n\n`, /neither a response nor an event/],
    ["an event of a failure", event.replace("200", "500"), /neither a response nor an event/],
    ["an event without a length", "EVENT/1.0 200 OK\r\n\r\n", /neither a length nor chunks/],
    ["an event in chunks", `EVENT/1.0 200 OK\r\n${chunks}`, /neither a length nor chunks/],
    ["an event inside a chunk", ok + chunks.replace("two", event), /does not end with a line end/],
    ["a start line without a status", "HTTP/1.1 OK\r\n\r\n", /a message has the start line/],
    ["a header without a colon", `${ok}Content-Length\r\n\r\n`, /a header is "Content-Length"/],
    ["two lengths", `${ok}Content-Length: 0\r\ncontent-length: 0\r\n\r\n`, /two headers/],
    ["a length and chunks", `${ok}Content-Length: 0\r\n${chunks}`, /chunks and the length "0"/],
    ["a length that is no number", `${ok}Content-Length: 1e3\r\n\r\n`, /a message has the length "1e3"/],
    ["another encoding", `${ok}Transfer-Encoding: gzip\r\n\r\n`, /a message has the encoding "gzip"/],
    ["a chunk without a size", ok + chunks.replace("\r\na\r\n", "\r\n\r\n"), /a chunk has the size ""/],
    ["a trailer", ok + chunks.replace("0\r\n", "0\r\nA: b\r\n"), /does not end with a line end/],
  ] as const) {
    it(`refuses ${fault}`, () => {
      assert.throws(() => new MessageReader().push(Buffer.from(bytes)), message);
    });
  }
});
