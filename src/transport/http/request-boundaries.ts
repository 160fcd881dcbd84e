/**
 * Finds the requests in the plaintext that a controller sends. Node's parser does not tell when a request's first byte
 * arrived, nor whether bytes of another request follow. An event must wait for both.
 *
 * Accepts a strict subset of HTTP/1.1 [RFC 9112]: input that two parsers could read differently is a fault. Keeps no line,
 * so that a head that trickles in costs no memory.
 */

import type { Settings } from "../../options";
import * as grammar from "./grammar";
import { skip, TARGET, TEXT, TOKEN } from "./grammar";

enum State {
  /** Between requests: skips line ends. [RFC 9112 §2.2] */
  Between,
  /** After the CR of such a line end. */
  BetweenLf,
  Method,
  /** At the first byte of the target: there must be one. */
  TargetFirst,
  Target,
  /** In `HTTP/1.1` or `HTTP/1.0` and its line end; `#matched` bytes have come. */
  Version,
  /** At the first byte of a header line, or of the blank line. */
  Line,
  Name,
  Value,
  ValueLf,
  BlankLf,
  /** In a body or in the data of a chunk, with `#remaining` bytes to come. */
  Data,
  /** In the line that gives the size of a chunk. */
  ChunkLine,
  ChunkLineLf,
  /** In the line end after the data of a chunk. */
  DataCr,
  DataLf,
  /** After a fault. Reads no more. */
  Lost,
}

const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const COLON = 0x3a;
const ZERO = 0x30;
const UPPERCASE_T = 0x54;

const VERSION = Buffer.from("HTTP/1.1\r\n");
const VERSION_DIGIT = 7;
/** The longest text that is read as a whole, in bytes: a method, the value of a framing field, a chunk line. */
const MAX_TEXT_LENGTH = 128;
/** Bytes of the trailers of a request. */
const MAX_TRAILERS_SIZE = 16 * 1024;

/** Limits of one request, in bytes. */
export type RequestLimits = Pick<Settings, "maxHeadSize" | "maxBodySize">;

/** The limit that a request exceeds, or its syntax. */
export type RequestFault = keyof RequestLimits | "syntax";

export class RequestBoundaries {
  /** Read at each check: the limits widen when the controller authenticates. */
  limits: RequestLimits;
  // For reading only. Fields in place of getters: V8 interprets this code while requests are rare, and each call costs.
  /** Why the request that is arriving must be refused. */
  fault: RequestFault | undefined;
  /** Requests that have begun. */
  started = 0;
  /** Requests that have arrived whole. */
  arrived = 0;
  /** True if a request has begun and has not ended. */
  receiving = false;
  /** The offset of a request's first byte in the latest bytes. Line ends stand before it. */
  begin = 0;
  /** Bytes of the latest request's body, as far as they were announced. */
  bodySize = 0;
  #state = State.Between;
  /** Bytes of the head or of the trailers, with their line ends. */
  #headSize = 0;
  /** Bytes of the body or of the chunk that are to come. */
  #remaining = 0;
  #chunked = false;
  /** True if the head has a field that says how long the body is. */
  #framed = false;
  #inTrailers = false;
  #matched = 0;
  /** True if the version is HTTP/1.0, which has no chunks. */
  #isOld = false;
  /** The framing field whose value comes next. */
  #field: string | undefined;
  /** The beginning of a text that a segment cut. Latin-1, at most {@link MAX_TEXT_LENGTH} + 1. */
  #carried = "";

  constructor(limits: RequestLimits) {
    this.limits = limits;
  }

  /** True if a request has begun and its head has not ended. */
  get inHead(): boolean {
    return this.receiving && this.#state <= State.BlankLf && !this.#inTrailers;
  }

  /** Reads bytes of the stream up to the end of one request, or up to a fault. @returns The number of bytes read. */
  advance(bytes: Buffer): number {
    let offset = 0;
    while (offset < bytes.length && this.#state <= State.BetweenLf) {
      offset = this.#between(bytes, offset);
    }
    this.begin = offset;
    while (offset < bytes.length && this.#state > State.BetweenLf && this.#state !== State.Lost) {
      offset = this.#step(bytes, offset);
    }
    this.receiving = this.#state > State.BetweenLf;
    this.arrived = this.receiving ? this.started - 1 : this.started;
    return offset;
  }

  #between(bytes: Buffer, offset: number): number {
    const byte = bytes[offset];
    if (this.#state === State.BetweenLf && byte === LF) {
      this.#state = State.Between;
      return offset + 1;
    }
    if (this.#state === State.Between && byte === CR) {
      this.#state = State.BetweenLf;
      return offset + 1;
    }
    const isLost = this.#state === State.BetweenLf;
    this.#beginRequest();
    return isLost ? this.#lose("syntax", offset) : offset;
  }

  #beginRequest(): void {
    this.#state = State.Method;
    this.started += 1;
    this.bodySize = 0;
    this.#headSize = 0;
    this.#remaining = 0;
    this.#matched = 0;
    this.#isOld = false;
    this.#chunked = false;
    this.#framed = false;
    this.#inTrailers = false;
    this.#carried = "";
  }

  /** @returns The offset of the next byte. */
  #step(bytes: Buffer, offset: number): number {
    switch (this.#state) {
      case State.Data:
        return this.#data(bytes, offset);
      case State.ChunkLine:
        return this.#chunkLine(bytes, offset);
      case State.ChunkLineLf:
        return this.#chunkLineLf(bytes, offset);
      case State.DataCr:
        return this.#expect(bytes, offset, CR, State.DataLf);
      case State.DataLf:
        return this.#expect(bytes, offset, LF, State.ChunkLine);
      default:
        return this.#lines(bytes, offset);
    }
  }

  /** Follows a head or trailers, up to their limit. */
  #lines(bytes: Buffer, offset: number): number {
    const limit = this.#inTrailers ? MAX_TRAILERS_SIZE : this.limits.maxHeadSize;
    const end = Math.min(bytes.length, offset + limit - this.#headSize);
    let next = offset;
    while (next < end && this.#state >= State.Method && this.#state <= State.BlankLf) {
      next = this.#part(bytes, next, end);
    }
    this.#headSize += next - offset;
    if (next >= end && end < bytes.length && this.#state >= State.Method && this.#state <= State.BlankLf) {
      this.#lose(this.#inTrailers ? "maxBodySize" : "maxHeadSize", next);
    }
    return next;
  }

  #part(bytes: Buffer, offset: number, end: number): number {
    switch (this.#state) {
      case State.Method:
        return this.#method(bytes, offset, end);
      case State.TargetFirst:
        return this.#targetFirst(bytes, offset, end);
      case State.Target:
        return this.#target(bytes, offset, end);
      case State.Version:
        return this.#version(bytes, offset, end);
      case State.Line:
        return this.#line(bytes, offset, end);
      case State.Name:
        return this.#name(bytes, offset, end);
      case State.Value:
        return this.#value(bytes, offset, end);
      case State.ValueLf:
        return this.#expect(bytes, offset, LF, State.Line);
      default:
        return this.#blankLf(bytes, offset);
    }
  }

  #method(bytes: Buffer, offset: number, end: number): number {
    const next = skip(bytes, offset, end, TOKEN);
    if (next === end) {
      return this.#carry(bytes, offset, end);
    }
    // GET and PUT, nearly all that controllers send, are not compared.
    const isUsual = this.#carried.length + next - offset === 3 && bytes[next - 1] === UPPERCASE_T;
    const method = isUsual ? "GET" : this.#text(bytes, offset, next);
    this.#carried = "";
    const isRefused = method === "" || method.length > MAX_TEXT_LENGTH || grammar.OTHER_PROTOCOLS.has(method);
    return isRefused ? this.#lose("syntax", next) : this.#expect(bytes, next, SP, State.TargetFirst);
  }

  #targetFirst(bytes: Buffer, offset: number, end: number): number {
    this.#state = State.Target;
    return bytes[offset] === SP ? this.#lose("syntax", offset) : this.#target(bytes, offset, end);
  }

  #target(bytes: Buffer, offset: number, end: number): number {
    const next = skip(bytes, offset, end, TARGET);
    return next === end ? next : this.#expect(bytes, next, SP, State.Version);
  }

  #version(bytes: Buffer, offset: number, end: number): number {
    let matched = this.#matched;
    let next = offset;
    for (; next < end && matched < VERSION.length; next += 1) {
      if (matched === VERSION_DIGIT && bytes[next] === ZERO) {
        this.#isOld = true;
      } else if (bytes[next] !== VERSION[matched]) {
        return this.#lose("syntax", next);
      }
      matched += 1;
    }
    this.#matched = matched;
    if (matched === VERSION.length) {
      this.#state = State.Line;
    }
    return next;
  }

  #line(bytes: Buffer, offset: number, end: number): number {
    if (bytes[offset] === CR) {
      this.#state = State.BlankLf;
      return offset + 1;
    }
    this.#state = State.Name;
    return this.#name(bytes, offset, end);
  }

  #name(bytes: Buffer, offset: number, end: number): number {
    const next = skip(bytes, offset, end, TOKEN);
    if (next === end) {
      return this.#carry(bytes, offset, end);
    }
    const length = this.#carried.length + next - offset;
    const mayFrame = length === grammar.CONTENT_LENGTH.length || length === grammar.TRANSFER_ENCODING.length;
    const name = mayFrame || this.#inTrailers ? this.#text(bytes, offset, next).toLowerCase() : "";
    this.#carried = "";
    this.#field = name === grammar.CONTENT_LENGTH || name === grammar.TRANSFER_ENCODING ? name : undefined;
    const isRefused = this.#inTrailers
      ? grammar.NO_TRAILERS.has(name)
      : this.#framed && this.#field !== undefined;
    if (length === 0 || isRefused) {
      return this.#lose("syntax", next);
    }
    this.#framed ||= this.#field !== undefined;
    return this.#expect(bytes, next, COLON, State.Value);
  }

  #value(bytes: Buffer, offset: number, end: number): number {
    const next = skip(bytes, offset, end, TEXT);
    if (this.#field === undefined) {
      return next === end ? next : this.#expect(bytes, next, CR, State.ValueLf);
    }
    if (next === end) {
      return this.#carry(bytes, offset, end);
    }
    const isValid = this.#frame(this.#field, this.#text(bytes, offset, next));
    return isValid ? this.#expect(bytes, next, CR, State.ValueLf) : this.#lose("syntax", next);
  }

  /** @returns False if two parsers could read the value of a framing field differently. */
  #frame(field: string, value: string): boolean {
    if (field === grammar.TRANSFER_ENCODING) {
      this.#chunked = !this.#isOld && grammar.ENCODING_VALUE.test(value);
      return this.#chunked;
    }
    const digits = grammar.LENGTH_VALUE.exec(value)?.[1];
    this.#remaining = Number(digits);
    return digits !== undefined;
  }

  #blankLf(bytes: Buffer, offset: number): number {
    const next = this.#expect(bytes, offset, LF, this.#chunked ? State.ChunkLine : State.Data);
    if (this.#inTrailers && this.#state !== State.Lost) {
      this.#state = State.Between;
    } else if (this.#state === State.Data) {
      this.#enterData(State.Between);
    }
    return next;
  }

  #chunkLine(bytes: Buffer, offset: number): number {
    const next = this.#carry(bytes, offset, skip(bytes, offset, bytes.length, TEXT));
    if (this.#carried.length > MAX_TEXT_LENGTH) {
      return this.#lose("maxBodySize", next);
    }
    return next === bytes.length ? next : this.#expect(bytes, next, CR, State.ChunkLineLf);
  }

  #chunkLineLf(bytes: Buffer, offset: number): number {
    const size = grammar.CHUNK_LINE.exec(this.#carried)?.[1];
    this.#carried = "";
    if (size === undefined) {
      return this.#lose("syntax", offset);
    }
    this.#remaining = Number.parseInt(size, 16);
    this.#inTrailers = this.#remaining === 0;
    this.#headSize = 0;
    const next = this.#expect(bytes, offset, LF, State.Data);
    if (this.#state === State.Data) {
      this.#enterData(State.Line);
    }
    return next;
  }

  /** Begins a body or the data of a chunk, or goes on with `ifEmpty`. */
  #enterData(ifEmpty: State): void {
    this.bodySize += this.#remaining;
    // Above the safe integers a sum is not exact.
    if (this.bodySize > this.limits.maxBodySize || !Number.isSafeInteger(this.bodySize)) {
      this.#lose("maxBodySize", 0);
    } else {
      this.#state = this.#remaining === 0 ? ifEmpty : State.Data;
    }
  }

  #data(bytes: Buffer, offset: number): number {
    const size = Math.min(this.#remaining, bytes.length - offset);
    this.#remaining -= size;
    if (this.#remaining === 0) {
      this.#state = this.#chunked ? State.DataCr : State.Between;
    }
    return offset + size;
  }

  #expect(bytes: Buffer, offset: number, byte: number, next: State): number {
    if (bytes[offset] !== byte) {
      return this.#lose("syntax", offset);
    }
    this.#state = next;
    return offset + 1;
  }

  /** Keeps the beginning of a text. @returns `end`. */
  #carry(bytes: Buffer, offset: number, end: number): number {
    const room = MAX_TEXT_LENGTH + 1 - this.#carried.length;
    this.#carried += bytes.toString("latin1", offset, Math.min(end, offset + room));
    return end;
  }

  /** @returns A text that ends here, with its beginning. */
  #text(bytes: Buffer, offset: number, end: number): string {
    const text = this.#carried + bytes.toString("latin1", offset, end);
    this.#carried = "";
    return text;
  }

  /** @returns `offset`. */
  #lose(fault: RequestFault, offset: number): number {
    this.#state = State.Lost;
    this.fault = fault;
    return offset;
  }
}
