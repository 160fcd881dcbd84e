/** Random HTTP/1.1 streams: sound ones, and ones with all that parsers of HTTP are known to read differently. */

import type { Random } from "./random";

const METHODS = [
  "GET",
  "PUT",
  "POST",
  "HEAD",
  "DELETE",
  "OPTIONS",
  "PATCH",
  "CONNECT",
  "M-SEARCH",
  "get",
  "PRI",
  "G ET",
  "",
] as const;
const TARGETS = [
  "/",
  "/characteristics?id=1.9",
  "/accessories",
  "*",
  "//",
  "/a b",
  "http://host/a",
  "/\x80",
  "/\t",
  "",
  "/#",
] as const;
const VERSIONS = [
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.0",
  "HTTP/0.9",
  "HTTP/2.0",
  "HTTP/1.2",
  "HTTP/1.10",
  "http/1.1",
  "HTTP/1.1 ",
  "RTSP/1.0",
  "ICE/1.0",
  "HTTP/11",
  "",
] as const;
const LINE_ENDS = [
  "\r\n",
  "\n",
  "\r",
  "\r\r\n",
  "\n\r",
  "\r\n ",
  "\r\n\t",
  " \r\n",
  "\0\r\n",
  "\r\n\r\n",
  "",
] as const;
const SPACES = ["", " ", "  ", "\t", " \t ", "\x0b", "\x0c", "\xa0"] as const;
const LENGTHS = [
  "0",
  "5",
  "05",
  "+5",
  "-5",
  "5 ",
  "5,5",
  "5, 5",
  "5 5",
  "0x5",
  "5.0",
  "1e1",
  "",
  "4294967301",
  "18446744073709551615",
  "18446744073709551621",
  "00000000000000000005",
  "000000000000000000005",
  "five",
] as const;
const ENCODINGS = [
  "chunked",
  "Chunked",
  "CHUNKED",
  "chunked ",
  "\tchunked",
  "",
  " ",
  "identity",
  "gzip, chunked",
  "chunked, gzip",
  "chunked, chunked",
  "chunked,",
  ",chunked",
  "xchunked",
  "chunkedx",
  '"chunked"',
  "chunked;q=1",
  "chun ked",
  "\x0bchunked",
  "chunked\0",
] as const;
const FIELDS = [
  "Host: a",
  "Connection: keep-alive",
  "Connection: close",
  "Connection: Upgrade",
  "Upgrade: h2c",
  "Expect: 100-continue",
  "Expect: y",
  "X:",
  "X: \x80\xff",
  "X: a\tb",
  ": empty",
  "X Y: a",
  "X : a",
  "no colon",
  "\0: a",
  "X: \0",
  "X: \x7f",
  "Content-Type: application/hap+json",
  "Proxy-Connection: close",
  "Trailer: X",
  "Content-Lengt: 5",
  "Content-Length5: 5",
  "Transfer-Encodin: chunked",
  "Content_Length: 5",
  "Keep-Alive: timeout=1, max=1",
] as const;
const EXTENSIONS = [
  "",
  "",
  ";a",
  ";a=b",
  ";a=b;c",
  " ;a",
  "; a",
  ";a= b",
  ';a="b"',
  ';a="b\r\n"',
  ";",
  ";;",
  ";=b",
  ";a=",
  " ",
  "\t",
  ";a\nb",
  ";\0",
  ";a=b\r",
  ",a",
] as const;
const SIZES = [
  "0",
  "00",
  "5",
  "005",
  "0x5",
  "+5",
  "-5",
  "5h",
  "",
  " 5",
  "ffffffffffffffff",
  "10000000000000005",
  "00000000000000005",
  "5 ",
] as const;
/** The bytes that a mutation inserts. */
const SPLICES = [
  "\r",
  "\n",
  "\r\n",
  "\n\n",
  "\r\n\r\n",
  " ",
  "\t",
  "\0",
  ":",
  ";",
  ",",
  "0",
  "5",
  "Content-Length: 5\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding:\r\n",
  "0\r\n\r\n",
  "GET / HTTP/1.1\r\n\r\n",
  "x",
  "\xff",
  "\x7f",
] as const;
const CONTENTS = [
  "x\n\n",
  "GET /smuggled HTTP/1.1\r\n\r\n",
  "0\r\n\r\n",
  "abcde",
  "\r\n",
  "POST /smuggled HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
] as const;

/** How likely each part of a stream is odd. */
const ODD = [0, 0.01, 0.05] as const;

export class StreamGenerator {
  readonly #random: Random;
  #odd = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** @returns One to four requests one behind the other, often mutated. */
  next(): Buffer {
    this.#odd = this.#random.pick(ODD);
    let stream = "";
    for (let count = this.#random.between(1, 4); count > 0; count -= 1) {
      stream += this.#request();
      stream += this.#random.chance(0.05) ? this.#random.pick(["\r\n", "\r\n\r\n", "\n", "\r", " "]) : "";
    }
    const isMutated = this.#random.chance(0.4);
    for (let count = isMutated ? this.#random.between(1, 3) : 0; count > 0; count -= 1) {
      stream = this.#mutate(stream);
    }
    return Buffer.from(stream, "latin1");
  }

  /** @returns The positions at which a stream is cut into segments. */
  cuts(length: number): number[] {
    const { chance, between } = {
      chance: this.#random.chance.bind(this.#random),
      between: this.#random.between.bind(this.#random),
    };
    if (chance(0.1)) {
      return Array.from({ length }, (_, index) => index);
    }
    const count = chance(0.5) ? 0 : between(1, 6);
    return Array.from({ length: count }, () => between(0, length)).sort((a, b) => a - b);
  }

  /** @returns The plain value, or now and then any of them. */
  #mostly<const T>(plain: T, all: readonly [T, ...T[]]): T {
    return this.#random.chance(this.#odd) ? this.#random.pick(all) : plain;
  }

  #lineEnd(): string {
    return this.#mostly<string>("\r\n", LINE_ENDS);
  }

  #space(): string {
    return this.#mostly<string>(" ", SPACES);
  }

  #request(): string {
    const random = this.#random;
    const method = this.#mostly<string>(random.pick(["GET", "PUT", "POST"]), METHODS);
    const target = this.#mostly<string>("/characteristics", TARGETS);
    const version = this.#mostly<string>("HTTP/1.1", VERSIONS);
    let head = `${method}${this.#space()}${target}${this.#space()}${version}${this.#lineEnd()}`;
    const fields = Array.from({ length: random.between(0, 4) }, () =>
      this.#mostly<string>("Host: a", FIELDS),
    );
    if (random.chance(0.2)) {
      fields.push(random.pick(FIELDS));
    }
    const content = random.pick(CONTENTS).repeat(random.between(0, 2));
    let body = "";
    const framing = random.between(0, 2);
    if (framing === 1) {
      fields.push(
        `${this.#lengthName()}${this.#mostly("", SPACES)}:${this.#space()}${this.#mostly<string>(String(content.length), LENGTHS)}`,
      );
      body = content;
    } else if (framing === 2) {
      fields.push(
        `${this.#encodingName()}${this.#mostly("", SPACES)}:${this.#space()}${this.#mostly<string>("chunked", ENCODINGS)}`,
      );
      body = this.#chunks(content);
    }
    if (random.chance(this.#odd * 2)) {
      fields.push(
        random.chance(0.5)
          ? `${this.#lengthName()}: ${random.pick(LENGTHS)}`
          : `${this.#encodingName()}: ${random.pick(ENCODINGS)}`,
      );
    }
    for (const field of this.#shuffled(fields)) {
      head += `${field}${this.#lineEnd()}`;
    }
    return `${head}${this.#lineEnd()}${body}`;
  }

  #lengthName(): string {
    return this.#random.pick(["Content-Length", "content-length", "CONTENT-LENGTH"]);
  }

  #encodingName(): string {
    return this.#random.pick(["Transfer-Encoding", "transfer-encoding", "TRANSFER-ENCODING"]);
  }

  #chunks(content: string): string {
    let body = "";
    for (let rest = content; rest !== "";) {
      const size = this.#random.between(1, rest.length);
      const line = this.#mostly<string>(size.toString(16), SIZES) + this.#mostly<string>("", EXTENSIONS);
      body += `${line}${this.#lineEnd()}${rest.slice(0, size)}${this.#lineEnd()}`;
      rest = rest.slice(size);
    }
    body += `${this.#mostly<string>("0", SIZES)}${this.#mostly<string>("", EXTENSIONS)}${this.#lineEnd()}`;
    if (this.#random.chance(0.1)) {
      body += `${this.#random.pick([...FIELDS, "Content-Length: 5", "Transfer-Encoding: chunked"])}${this.#lineEnd()}`;
    }
    return `${body}${this.#lineEnd()}`;
  }

  #shuffled(fields: readonly string[]): string[] {
    return fields
      .map((field) => ({ field, order: this.#random.next() }))
      .sort((a, b) => a.order - b.order)
      .map(({ field }) => field);
  }

  #mutate(stream: string): string {
    const at = this.#random.between(0, stream.length);
    const end = Math.min(stream.length, at + this.#random.between(0, 3));
    switch (this.#random.between(0, 3)) {
      case 0:
        return stream.slice(0, at) + stream.slice(end);
      case 1:
        return stream.slice(0, at) + this.#random.pick(SPLICES) + stream.slice(at);
      case 2:
        return stream.slice(0, at) + this.#random.pick(SPLICES) + stream.slice(end);
      default:
        return stream.slice(0, at);
    }
  }
}
