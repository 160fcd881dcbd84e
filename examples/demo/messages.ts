/** Reads the messages that a bridge sends: HTTP responses and HAP events, back to back. */

/** One whole message. */
export interface Message {
  kind: "response" | "event";
  status: number;
  body: Buffer;
}

/** What the next bytes are. */
type Part = "head" | "fixed body" | "chunk size" | "chunk" | "chunk end" | "trailer";

const CRLF = "\r\n";
const HEAD_END = "\r\n\r\n";
const EVENT_START = "EVENT/1.0 ";
const START_LINE = /^(HTTP\/1\.1|EVENT\/1\.0) (\d{3}) [^\r\n]*$/;

/** Cuts a stream into messages, strictly: whatever HAP does not allow throws. */
export class MessageReader {
  #part: Part = "head";
  /** Bytes that are not yet a whole line or head; never more than a head's worth. */
  #pending: Buffer = Buffer.alloc(0);
  #message: Message = { kind: "response", status: 0, body: Buffer.alloc(0) };
  #body: Buffer[] = [];
  /** Bytes that the body or the chunk still lacks. */
  #lacking = 0;

  /** Whether the last bytes belong to a message that is not whole yet. */
  get isUnderWay(): boolean {
    return this.#part !== "head" || this.#pending.length > 0;
  }

  /**
   * Takes the next bytes, as they were sent in one piece.
   *
   * @returns The messages that they complete.
   * @throws Error that says what the stream should have been.
   */
  push(piece: Buffer): Message[] {
    // An event is sent in one piece, so this is one wherever it stands.
    if (this.isUnderWay && piece.subarray(0, EVENT_START.length).toString("latin1") === EVENT_START) {
      throw new Error("an event stands inside another message");
    }
    this.#pending = this.#pending.length === 0 ? piece : Buffer.concat([this.#pending, piece]);
    const messages: Message[] = [];
    while (this.#advance(messages)) {
      // Until more bytes are needed.
    }
    return messages;
  }

  /** @returns false where it takes more bytes to go on. */
  #advance(messages: Message[]): boolean {
    switch (this.#part) {
      case "head":
        return this.#readHead();
      case "fixed body":
        return this.#readBytes() && this.#complete(messages);
      case "chunk size":
        return this.#readChunkSize();
      case "chunk":
        return this.#readBytes() && this.#goTo("chunk end");
      case "chunk end":
        return this.#readEmptyLine() && this.#goTo("chunk size");
      case "trailer":
        return this.#readEmptyLine() && this.#complete(messages);
    }
  }

  #readHead(): boolean {
    const head = this.#take(HEAD_END);
    if (head === undefined) {
      return false;
    }
    const [startLine = "", ...headerLines] = head.split(CRLF);
    const [, protocol, status] = START_LINE.exec(startLine) ?? [];
    if (protocol === undefined) {
      throw new Error(`a message starts with ${JSON.stringify(startLine.slice(0, 40))}`);
    }
    const headers = new Map(headerLines.map(parseHeader));
    this.#message = {
      kind: protocol === "HTTP/1.1" ? "response" : "event",
      status: Number(status),
      body: Buffer.alloc(0),
    };
    this.#body = [];
    if (headers.get("transfer-encoding") === "chunked") {
      return this.#goTo("chunk size");
    }
    this.#lacking = Number(headers.get("content-length") ?? 0);
    return this.#goTo("fixed body");
  }

  #readChunkSize(): boolean {
    const line = this.#take(CRLF);
    if (line === undefined) {
      return false;
    }
    if (!/^[0-9a-f]+$/i.test(line)) {
      throw new Error(`a chunk has the size ${JSON.stringify(line.slice(0, 40))}`);
    }
    this.#lacking = parseInt(line, 16);
    return this.#goTo(this.#lacking === 0 ? "trailer" : "chunk");
  }

  #readBytes(): boolean {
    const bytes = this.#pending.subarray(0, this.#lacking);
    this.#body.push(bytes);
    this.#pending = this.#pending.subarray(bytes.length);
    this.#lacking -= bytes.length;
    return this.#lacking === 0;
  }

  #readEmptyLine(): boolean {
    const line = this.#take(CRLF);
    if (line === undefined) {
      return false;
    }
    if (line !== "") {
      throw new Error(`where a chunk ends there is ${JSON.stringify(line.slice(0, 40))}`);
    }
    return true;
  }

  #complete(messages: Message[]): boolean {
    messages.push({ ...this.#message, body: Buffer.concat(this.#body) });
    return this.#goTo("head");
  }

  #goTo(part: Part): boolean {
    this.#part = part;
    return true;
  }

  /** @returns What stands before the end given, which is taken too; undefined where it is not there yet. */
  #take(end: string): string | undefined {
    const index = this.#pending.indexOf(end);
    if (index < 0) {
      return undefined;
    }
    const text = this.#pending.toString("latin1", 0, index);
    this.#pending = this.#pending.subarray(index + end.length);
    return text;
  }
}

function parseHeader(line: string): [name: string, value: string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
