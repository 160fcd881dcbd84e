/** Cuts what an accessory sends into messages: HTTP responses and EVENT messages. Anything else is an error. */

/** One whole message. */
export interface Message {
  readonly kind: "response" | "event";
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Head and body as they came. */
  readonly bytes: Buffer;
}

type Head = Pick<Message, "kind" | "status" | "headers"> & { readonly length: number };

/** A body, and the offset of its end in the bytes that hold it. */
interface Body {
  readonly body: Buffer;
  readonly end: number;
}

const CRLF = "\r\n";
const HEAD_END = "\r\n\r\n";
const STARTS = ["HTTP/1.1 ", "EVENT/1.0 200 "] as const;
const START_LINE = /^(?:HTTP\/1\.1|EVENT\/1\.0) (\d{3}) .*$/;
const HEADER = /^([\w!#$%&'*+.^`|~-]+):[ \t]*(.*?)[ \t]*$/;
const FRAMING = ["content-length", "transfer-encoding"];
const NO_BYTES = Buffer.alloc(0);

export class MessageReader {
  /** The bytes of the message that is not whole: segments as they came, joined only when they are read. */
  #segments: Buffer[] = [];
  #length = 0;
  /** The number of bytes without which reading cannot go on. */
  #wanted = 1;
  /** The head of that message, once it is whole. */
  #head: Head | undefined;
  /** The methods of the requests that have no response yet: a response to HEAD has no body. */
  readonly #methods: string[] = [];

  /** Notes a request that is about to be sent. */
  expectAnswerTo(method: string): void {
    this.#methods.push(method);
  }

  /** The bytes of the message that is not whole. */
  get unfinished(): Buffer {
    return Buffer.concat(this.#segments);
  }

  /**
   * Takes the next bytes.
   *
   * @returns The messages that these bytes complete.
   * @throws Error if the bytes are not part of a response or an event.
   */
  push(segment: Buffer): Message[] {
    this.#segments.push(segment);
    this.#length += segment.length;
    const messages: Message[] = [];
    while (this.#length >= this.#wanted) {
      const message = this.#next();
      if (message !== undefined) {
        messages.push(message);
      }
    }
    return messages;
  }

  /** Goes on reading. Without a message, `#wanted` is more than there is. */
  #next(): Message | undefined {
    const bytes = this.#joined();
    this.#wanted = bytes.length + 1;
    this.#head ??= readHead(bytes);
    const body = this.#head && this.#readBody(bytes, this.#head);
    if (this.#head === undefined || body === undefined) {
      return undefined;
    }
    const { kind, status, headers } = this.#head;
    const rest = bytes.subarray(body.end);
    this.#segments = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    this.#wanted = 1;
    this.#head = undefined;
    if (kind === "response" && status >= 200) {
      this.#methods.shift();
    }
    return { kind, status, headers, body: body.body, bytes: bytes.subarray(0, body.end) };
  }

  #joined(): Buffer {
    const [first = NO_BYTES] = this.#segments;
    const joined = this.#segments.length === 1 ? first : Buffer.concat(this.#segments);
    this.#segments = [joined];
    return joined;
  }

  #readBody(bytes: Buffer, { kind, status, headers, length: start }: Head): Body | undefined {
    const isBodyless = status < 200 || status === 204 || status === 304 || this.#methods[0] === "HEAD";
    if (kind === "response" && isBodyless) {
      return { body: NO_BYTES, end: start };
    }
    checkFraming(kind, headers);
    if (headers.has("transfer-encoding")) {
      return this.#readChunks(bytes, start);
    }
    const end = start + Number(headers.get("content-length"));
    this.#wanted = end;
    return bytes.length < end ? undefined : { body: bytes.subarray(start, end), end };
  }

  #readChunks(bytes: Buffer, start: number): Body | undefined {
    const chunks: Buffer[] = [];
    for (let at = start; ;) {
      const lineEnd = bytes.indexOf(CRLF, at);
      if (lineEnd === -1) {
        return undefined;
      }
      const size = bytes.toString("latin1", at, lineEnd);
      check(/^[\da-f]{1,8}$/i.test(size), "a chunk has the size", size);
      const begin = lineEnd + CRLF.length;
      const end = begin + Number.parseInt(size, 16);
      const next = end + CRLF.length;
      if (bytes.length < next) {
        this.#wanted = next;
        return undefined;
      }
      const line = bytes.toString("latin1", end, next);
      check(line === CRLF, "a chunk does not end with a line end but with", line);
      if (end === begin) {
        return { body: Buffer.concat(chunks), end: next };
      }
      chunks.push(bytes.subarray(begin, end));
      at = next;
    }
  }
}

/** @returns The head that the bytes begin with, undefined if it is not whole. */
function readHead(bytes: Buffer): Head | undefined {
  const beginning = bytes.toString("latin1", 0, 14);
  check(
    STARTS.some((start) => start.startsWith(beginning) || beginning.startsWith(start)),
    "neither a response nor an event begins with",
    beginning,
  );
  const end = bytes.indexOf(HEAD_END);
  if (end === -1) {
    return undefined;
  }
  const [startLine = "", ...lines] = bytes.toString("latin1", 0, end).split(CRLF);
  const status = START_LINE.exec(startLine)?.[1];
  check(status !== undefined, "a message has the start line", startLine);
  const headers = readHeaders(lines);
  const kind = startLine.startsWith("EVENT") ? "event" : "response";
  return { kind, status: Number(status), headers, length: end + HEAD_END.length };
}

function readHeaders(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name = "", value = ""] = HEADER.exec(line) ?? [];
    check(name !== "", "a header is", line);
    const key = name.toLowerCase();
    check(!(FRAMING.includes(key) && headers.has(key)), "a message has two headers", key);
    headers.set(key, value);
  }
  return headers;
}

/** @throws Error if the end of the body is missing from the headers, or ambiguous. */
function checkFraming(kind: Message["kind"], headers: ReadonlyMap<string, string>): void {
  const [length, encoding] = FRAMING.map((name) => headers.get(name));
  check(length === undefined || /^\d{1,15}$/.test(length), "a message has the length", length);
  check(encoding === undefined || /^chunked$/i.test(encoding), "a message has the encoding", encoding);
  check(length === undefined || encoding === undefined, "a message has chunks and the length", length);
  const isFramed = length !== undefined || (encoding !== undefined && kind === "response");
  check(isFramed, `the ${kind} has neither a length nor chunks; its headers are`, [...headers.keys()]);
}

function check(holds: boolean, fault: string, found: unknown): asserts holds {
  if (!holds) {
    throw new Error(`${fault} ${JSON.stringify(found)}`);
  }
}
