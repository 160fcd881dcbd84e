/**
 * Where requests begin and end in the plaintext that a controller sends.
 *
 * Node's parser tells when a request's head is complete, but not when its first byte arrived, nor whether bytes of a
 * further request follow; an event must wait for both. This scanner finds the boundaries and nothing else
 * ([RFC 9112 §6]): what the messages say, and whether they are valid, is for Node's parser, which ends the connection
 * where they are not.
 */

enum State {
  /** Between requests; CR and LF here belong to none. [RFC 9112 §2.2] */
  Between,
  /** In the request line or a header line. */
  Head,
  /** In a body or in the data of a chunk, with `#remaining` bytes to come. */
  Data,
  /** In the line that gives a chunk's size. */
  ChunkSize,
  /** In the line end after a chunk's data. */
  ChunkEnd,
  Trailers,
  /** Past what can be followed, or may be: {@link RequestScanner.fault} says why. */
  Lost,
}

const CR = 0x0d;
const LF = 0x0a;
/** The first bytes of the lines of a head that matter: Content-Length, Transfer-Encoding, and the end of the head. */
const MAY_MATTER: ReadonlySet<number> = new Set(Buffer.from("cCtT\r\n \t"));
/** The longest line between chunks, in bytes: a size with its extensions, or a trailer. */
const MAX_CHUNK_LINE_LENGTH = 16 * 1024;

/** Bounds on one request, in bytes. */
export interface RequestLimits {
  maxHeadSize: number;
  maxBodySize: number;
}

/** Why a request is to be refused: a limit that it exceeds, or a length that is none. */
export type RequestFault = keyof RequestLimits | "length";

export class RequestScanner {
  /** Read anew for each request: they widen when the controller authenticates. */
  limits: Readonly<RequestLimits>;
  #state = State.Between;
  /** Bytes of the head so far, its line ends included. */
  #headSize = 0;
  /** Bytes of the body that were announced so far. */
  #bodySize = 0;
  #fault: RequestFault | undefined;
  /** The line so far, where the end of a segment cut it; latin1, one character a byte. */
  #line = "";
  #remaining = 0;
  #chunked = false;
  #started = 0;
  #offset = 0;

  constructor(limits: Readonly<RequestLimits>) {
    this.limits = limits;
  }

  /**
   * Why the request that is arriving must be refused; nothing after it is looked at. Node's parser is not to be asked: it
   * takes lengths up to 2^64 and lines of any length.
   */
  get fault(): RequestFault | undefined {
    return this.#fault;
  }

  /** Whether a request has begun, and its head has not ended. */
  get inHead(): boolean {
    return this.#state === State.Head;
  }

  /** Where in the bytes that came last the request that is arriving begins; 0 where it had begun before them. */
  get offset(): number {
    return this.#offset;
  }

  /** How many requests have begun. */
  get started(): number {
    return this.#started;
  }

  /** Whether a request has begun and not ended. */
  get receiving(): boolean {
    return this.#state !== State.Between;
  }

  /** Takes the next bytes of the stream. */
  push(bytes: Buffer): void {
    let offset = 0;
    this.#offset = 0;
    while (offset < bytes.length) {
      offset = this.#step(bytes, offset);
    }
  }

  /** @returns the offset of the next byte to look at. */
  #step(bytes: Buffer, offset: number): number {
    switch (this.#state) {
      case State.Between:
        return this.#betweenRequests(bytes, offset);
      case State.Data:
        return this.#data(bytes, offset);
      case State.Lost:
        return bytes.length;
      default:
        return this.#lineEnd(bytes, offset);
    }
  }

  #betweenRequests(bytes: Buffer, offset: number): number {
    const byte = bytes[offset];
    if (byte === CR || byte === LF) {
      return offset + 1;
    }
    this.#started += 1;
    this.#offset = offset;
    this.#chunked = false;
    this.#remaining = 0;
    this.#headSize = 0;
    this.#bodySize = 0;
    this.#state = State.Head;
    return offset;
  }

  #data(bytes: Buffer, offset: number): number {
    const size = Math.min(this.#remaining, bytes.length - offset);
    this.#remaining -= size;
    if (this.#remaining === 0) {
      this.#state = this.#chunked ? State.ChunkEnd : State.Between;
    }
    return offset + size;
  }

  #lineEnd(bytes: Buffer, offset: number): number {
    const lineEnd = bytes.indexOf(LF, offset);
    const end = lineEnd === -1 ? bytes.length : lineEnd + 1;
    if (!this.#hasRoomFor(end - offset)) {
      this.#state = this.#lose(this.#state === State.Head ? "maxHeadSize" : "maxBodySize");
      return bytes.length;
    }
    if (this.#isOfNoInterest(bytes[offset], lineEnd)) {
      return end;
    }
    this.#line += bytes.toString("latin1", offset, end);
    if (lineEnd !== -1) {
      const line = this.#line.trimEnd();
      this.#line = "";
      this.#state = this.#after(line);
    }
    return end;
  }

  /** Whether a line that lies in one segment can be passed over: in a head, all but the last and two fields. */
  #isOfNoInterest(first: number | undefined, lineEnd: number): boolean {
    return (
      this.#state === State.Head &&
      this.#line === "" &&
      lineEnd !== -1 &&
      first !== undefined &&
      !MAY_MATTER.has(first)
    );
  }

  #hasRoomFor(size: number): boolean {
    if (this.#state !== State.Head) {
      return this.#line.length + size <= MAX_CHUNK_LINE_LENGTH;
    }
    this.#headSize += size;
    return this.#headSize <= this.limits.maxHeadSize;
  }

  #lose(fault: RequestFault): State {
    this.#fault = fault;
    return State.Lost;
  }

  /** The state after a whole line. */
  #after(line: string): State {
    switch (this.#state) {
      case State.Head:
        return line === "" ? this.#afterHead() : this.#header(line);
      case State.ChunkSize:
        return this.#chunk(line);
      case State.ChunkEnd:
        return State.ChunkSize;
      default:
        return line === "" ? State.Between : State.Trailers;
    }
  }

  #header(line: string): State {
    const name = line.slice(0, line.indexOf(":")).toLowerCase();
    if (name === "content-length") {
      this.#remaining = Number(line.slice(name.length + 1));
    } else if (name === "transfer-encoding") {
      this.#chunked = /\bchunked$/i.test(line);
    }
    return State.Head;
  }

  #afterHead(): State {
    if (this.#chunked) {
      return State.ChunkSize;
    }
    return this.#remaining === 0 ? State.Between : this.#enterData();
  }

  #chunk(line: string): State {
    this.#remaining = Number.parseInt(line, 16);
    return this.#remaining === 0 ? State.Trailers : this.#enterData();
  }

  /** Looks at the length of what comes: a body, or a chunk of one. */
  #enterData(): State {
    if (!Number.isInteger(this.#remaining) || this.#remaining < 0) {
      return this.#lose("length");
    }
    this.#bodySize += this.#remaining;
    // Past the safe integers no sum is exact.
    if (this.#bodySize > this.limits.maxBodySize || !Number.isSafeInteger(this.#bodySize)) {
      return this.#lose("maxBodySize");
    }
    return State.Data;
  }
}
