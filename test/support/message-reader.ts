/**
 * Reads what an accessory sends: HTTP responses and EVENT messages, one after the other. It takes nothing on trust: what
 * is not one of them, byte for byte where it may begin, is an error.
 */

import assert from "node:assert/strict";

/** One whole message. */
export interface Message {
  readonly kind: "response" | "event";
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

const HEAD_END = "\r\n\r\n";

interface Head {
  readonly kind: Message["kind"];
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly length: number;
}

export class MessageReader {
  /** Grows with a factor, so that a large message is not copied at each segment. Bodies stay where they are in it. */
  #memory = Buffer.alloc(0);
  /** The part of it with what has come of a message that is not whole. */
  #bytes = this.#memory;
  /** The head of that message, if it is whole. */
  #head: Head | undefined;
  /** The methods of the requests that have no answer yet: a response to HEAD has no body. */
  readonly #methods: string[] = [];

  expectAnswerTo(method: string): void {
    this.#methods.push(method);
  }

  /** What has come of a message that is not whole. */
  get unfinished(): Buffer {
    return this.#bytes;
  }

  /** @returns the messages that these bytes complete. */
  push(bytes: Buffer): Message[] {
    this.#append(bytes);
    const messages: Message[] = [];
    for (let message = this.#next(); message !== undefined; message = this.#next()) {
      messages.push(message);
    }
    return messages;
  }

  #append(bytes: Buffer): void {
    const length = this.#bytes.length + bytes.length;
    let start = this.#bytes.byteOffset - this.#memory.byteOffset;
    if (start + length > this.#memory.length) {
      this.#memory = Buffer.allocUnsafeSlow(2 * length);
      this.#bytes.copy(this.#memory);
      start = 0;
    }
    bytes.copy(this.#memory, start + this.#bytes.length);
    this.#bytes = this.#memory.subarray(start, start + length);
  }

  #next(): Message | undefined {
    this.#head ??= this.#readHead();
    const head = this.#head;
    if (head === undefined) {
      return undefined;
    }
    const body = this.#body(head);
    if (body === undefined) {
      return undefined;
    }
    this.#bytes = this.#bytes.subarray(head.length + body.consumed);
    this.#head = undefined;
    if (head.kind === "response" && head.status >= 200) {
      this.#methods.shift();
    }
    return { kind: head.kind, status: head.status, headers: head.headers, body: body.data };
  }

  #readHead(): Head | undefined {
    const start = this.#bytes.toString("latin1", 0, 9);
    assert.ok(
      "HTTP/1.1 ".startsWith(start) || "EVENT/1.0".startsWith(start),
      `neither a response nor an event begins with ${JSON.stringify(this.#bytes.toString("latin1", 0, 60))}`,
    );
    const end = this.#bytes.indexOf(HEAD_END);
    if (end === -1) {
      return undefined;
    }
    const [statusLine = "", ...lines] = this.#bytes.toString("latin1", 0, end).split("\r\n");
    const [protocol, status] = statusLine.split(" ");
    const headers = new Map(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const kind = protocol === "EVENT/1.0" ? "event" : "response";
    return { kind, status: Number(status), headers, length: end + HEAD_END.length };
  }

  #body({ kind, status, headers, length }: Head): { data: Buffer; consumed: number } | undefined {
    const isBodyless = status < 200 || status === 204 || status === 304 || this.#methods[0] === "HEAD";
    if (kind === "response" && isBodyless) {
      return { data: Buffer.alloc(0), consumed: 0 };
    }
    const rest = this.#bytes.subarray(length);
    if (headers.get("transfer-encoding") === "chunked") {
      return chunkedBody(rest);
    }
    const size = Number(headers.get("content-length"));
    assert.ok(Number.isSafeInteger(size), "a message has neither a length nor chunks");
    return rest.length < size ? undefined : { data: rest.subarray(0, size), consumed: size };
  }
}

function chunkedBody(bytes: Buffer): { data: Buffer; consumed: number } | undefined {
  const chunks: Buffer[] = [];
  for (let offset = 0; ;) {
    const lineEnd = bytes.indexOf("\r\n", offset);
    if (lineEnd === -1) {
      return undefined;
    }
    const size = Number.parseInt(bytes.toString("latin1", offset, lineEnd), 16);
    assert.ok(Number.isSafeInteger(size), "the size of a chunk is no number");
    const start = lineEnd + 2;
    if (bytes.length < start + size + 2) {
      return undefined;
    }
    assert.equal(bytes.toString("latin1", start + size, start + size + 2), "\r\n", "a chunk has no line end");
    if (size === 0) {
      return { data: Buffer.concat(chunks), consumed: start + 2 };
    }
    chunks.push(bytes.subarray(start, start + size));
    offset = start + size + 2;
  }
}
