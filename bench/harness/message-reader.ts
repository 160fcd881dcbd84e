/** Cuts what a server sends into messages: responses, whole or in chunks, and EVENT messages. */

export interface Message {
  readonly kind: "response" | "event";
  /** All of it as it came, head and body; of a response in chunks too. */
  readonly bytes: Buffer;
  readonly body: Buffer;
}

const HEAD_END = "\r\n\r\n";
const EVENT = "EVENT/1.0 200 ";
const RESPONSE = /^HTTP\/1\.1 20[04] /;
/** Has no body, and no header that says so. */
const NO_CONTENT = "HTTP/1.1 204 ";
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding: *chunked/i;

interface Body {
  readonly body: Buffer;
  /** Where the message ends. */
  readonly end: number;
}

export class MessageReader {
  /** What is not a whole message yet. */
  #pieces: Buffer[] = [];
  #length = 0;
  /** How many bytes it takes at least to go on. */
  #wanted = 1;

  /**
   * @returns The messages that these bytes complete.
   * @throws Error where they are no message, or one of a failure.
   */
  push(bytes: Buffer): Message[] {
    this.#pieces.push(bytes);
    this.#length += bytes.length;
    const messages: Message[] = [];
    while (this.#length >= this.#wanted) {
      const message = this.#next();
      if (message !== undefined) {
        messages.push(message);
      }
    }
    return messages;
  }

  #next(): Message | undefined {
    const bytes = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
    if (bytes === undefined) {
      return undefined;
    }
    this.#pieces = [bytes];
    this.#wanted = bytes.length + 1;
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd === -1) {
      return undefined;
    }
    const head = bytes.toString("latin1", 0, headEnd);
    const found = this.#bodyOf(bytes, head, headEnd + HEAD_END.length);
    if (found === undefined) {
      return undefined;
    }
    const rest = bytes.subarray(found.end);
    this.#pieces = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    this.#wanted = 1;
    return { kind: kindOf(head), bytes: bytes.subarray(0, found.end), body: found.body };
  }

  #bodyOf(bytes: Buffer, head: string, start: number): Body | undefined {
    if (head.startsWith(NO_CONTENT)) {
      return { body: Buffer.alloc(0), end: start };
    }
    if (CHUNKED.test(head)) {
      return chunkedBody(bytes, start);
    }
    const length = Number(LENGTH.exec(head)?.[1] ?? NaN);
    if (Number.isNaN(length)) {
      throw new Error(`a message has no length: ${head}`);
    }
    this.#wanted = start + length;
    const body = bytes.subarray(start, start + length);
    return body.length < length ? undefined : { body, end: start + length };
  }
}

/** @throws Error if the message is neither an event nor a response of success. */
function kindOf(head: string): Message["kind"] {
  if (head.startsWith(EVENT)) {
    return "event";
  }
  if (RESPONSE.test(head)) {
    return "response";
  }
  throw new Error(`unexpected message: ${head.slice(0, 80)}`);
}

function chunkedBody(bytes: Buffer, start: number): Body | undefined {
  const chunks: Buffer[] = [];
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) {
      return undefined;
    }
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (Number.isNaN(size)) {
      throw new Error("a chunk has no size");
    }
    if (bytes.length < end) {
      return undefined;
    }
    if (size === 0) {
      return { body: Buffer.concat(chunks), end };
    }
    chunks.push(bytes.subarray(lineEnd + 2, end - 2));
    at = end;
  }
}
