/** Requests as real clients send them, and requests that two parsers could read differently. */

const characteristics = '{"characteristics":[{"aid":2,"iid":10,"value":true,"ev":true}]}';

function withBody(head: string, body: string): string {
  return `${head}Content-Length: ${String(body.length)}\r\n\r\n${body}`;
}

/** By client. */
export const SOUND_REQUESTS: Readonly<Record<string, string>> = {
  "iOS, a read":
    "GET /characteristics?id=1.10,2.10,3.10 HTTP/1.1\r\nHost: Bridge\\032A1B2._hap._tcp.local\r\n\r\n",
  "iOS, a write": withBody(
    "PUT /characteristics HTTP/1.1\r\nHost: Bridge\\032A1B2._hap._tcp.local\r\nContent-Type: application/hap+json\r\n",
    characteristics,
  ),
  "iOS, pair-verify": withBody(
    "POST /pair-setup HTTP/1.1\r\nHost: Bridge._hap._tcp.local\r\nContent-Type: application/pairing+tlv8\r\n",
    "\x06\x01\x01\x03\x20\0\r\n\r\n\x80\xff",
  ),
  "hap-controller": withBody(
    "POST /pair-setup HTTP/1.1\r\nHost: 192.168.1.2\r\nContent-Type: application/pairing+tlv8\r\nConnection: keep-alive\r\n",
    "\0\x01\0\x06\x01\x01",
  ),
  "hap-controller, secured":
    "GET /accessories HTTP/1.1\nHost: 192.168.1.2:51826\nConnection: keep-alive\n\n".replaceAll("\n", "\r\n"),
  "Python's http.client": withBody(
    "POST /pair-setup HTTP/1.1\r\nHost: 192.168.1.2:51826\r\nAccept-Encoding: identity\r\nContent-Type: application/pairing+tlv8\r\n",
    "\0\x01\0\x06\x01\x01",
  ),
  aiohomekit: withBody(
    "PUT /characteristics HTTP/1.1\r\nHost: 192.168.1.2\r\nContent-Type: application/hap+json\r\n",
    characteristics,
  ),
  curl: "GET /accessories HTTP/1.1\r\nHost: 127.0.0.1:51826\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\nauthorization: 031-45-154\r\n\r\n",
  "curl, a large write": withBody(
    "PUT /characteristics HTTP/1.1\r\nHost: 127.0.0.1:51826\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\nauthorization: 031-45-154\r\nExpect: 100-continue\r\n",
    characteristics,
  ),
  "curl, in chunks":
    "PUT /characteristics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
  "Node's http": withBody(
    "PUT /characteristics HTTP/1.1\r\nauthorization: 031-45-154\r\nContent-Type: Application/json\r\nconnection: keep-alive\r\nHost: 127.0.0.1:51826\r\n",
    characteristics,
  ),
  "Node's http, streaming":
    "PUT /characteristics HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
  "Homebridge's interface, with axios": withBody(
    "PUT /characteristics HTTP/1.1\r\nAccept: application/json, text/plain, */*\r\nContent-Type: application/json\r\nauthorization: 031-45-154\r\nUser-Agent: axios/1.7.2\r\nAccept-Encoding: gzip, compress, deflate, br\r\nHost: 127.0.0.1:51826\r\nConnection: keep-alive\r\n",
    characteristics,
  ),
  "HTTP/1.0 that stays": "GET /accessories HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
  "line ends before it": "\r\n\r\nGET / HTTP/1.1\r\n\r\n",
  "chunks with extensions and trailers":
    "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n001;a=b\r\nx\r\n0;c=d\r\nTrailer: yes\r\n\r\n",
  "values with all that is allowed": "GET /?!~ HTTP/1.1\r\nX: a\tb \x80\xff!~ \r\nEmpty:\r\n\r\n",
};

const CHUNKED = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n";

/** Each has a fault in its head. */
export const FAULTY_HEADS: Readonly<Record<string, string>> = {
  "a second, empty Transfer-Encoding": `${CHUNKED}Transfer-Encoding:\r\n\r\n`,
  "a second Transfer-Encoding": `${CHUNKED}Transfer-Encoding: chunked\r\n\r\n`,
  "a second Content-Length": "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
  "Content-Length behind Transfer-Encoding": `${CHUNKED}Content-Length: 1\r\n\r\nx`,
  "Transfer-Encoding behind Content-Length":
    "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
  "another Transfer-Encoding": "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
  "chunks in HTTP/1.0": "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "a folded line": "GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n",
  "a folded Transfer-Encoding": "POST / HTTP/1.1\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
  "a line that begins with a tab": "GET / HTTP/1.1\r\n\tX: a\r\n\r\n",
  "LF without CR": "GET / HTTP/1.1\nX: a\n\n",
  "LF without CR behind a field": "GET / HTTP/1.1\r\nX: a\nY: b\r\n\r\n",
  "LF without CR for the blank line": "GET / HTTP/1.1\r\nX: a\r\n\n",
  "CR without LF": "GET / HTTP/1.1\r\nX: a\rY: b\r\n\r\n",
  "CR without LF for the blank line": "GET / HTTP/1.1\r\nX: a\r\n\rx",
  "a space before the colon": "POST / HTTP/1.1\r\nContent-Length : 1\r\n\r\nx",
  "an empty name": "GET / HTTP/1.1\r\n: a\r\n\r\n",
  "a name that is no token": "GET / HTTP/1.1\r\nX(Y): a\r\n\r\n",
  "no colon": "GET / HTTP/1.1\r\nX\r\n\r\n",
  "a NUL in a value": "GET / HTTP/1.1\r\nX: a\0b\r\n\r\n",
  "a control character in a value": "GET / HTTP/1.1\r\nX: a\x0bb\r\n\r\n",
  "a DEL in a value": "GET / HTTP/1.1\r\nX: \x7f\r\n\r\n",
  "a NUL in the target": "GET /\0 HTTP/1.1\r\n\r\n",
  "a target that is not ASCII": "GET /\x80 HTTP/1.1\r\n\r\n",
  "no version": "GET /\r\n\r\n",
  "two spaces behind the method": "GET  / HTTP/1.1\r\n\r\n",
  "two spaces before the version": "GET /  HTTP/1.1\r\n\r\n",
  "a space behind the version": "GET / HTTP/1.1 \r\n\r\n",
  "no target": "GET  HTTP/1.1\r\n\r\n",
  "HTTP/0.9": "GET / HTTP/0.9\r\n\r\n",
  "HTTP/1.2": "GET / HTTP/1.2\r\n\r\n",
  "HTTP/2.0": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "the method of HTTP/2.0": "PRI / HTTP/1.1\r\n\r\n",
  CONNECT: "CONNECT a:1 HTTP/1.1\r\n\r\n",
  "an unknown method": "FETCH / HTTP/1.1\r\n\r\n",
  "a signed length": "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\nx",
  "a list of lengths": "POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\nx",
  "an empty length": "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
  "a length of too many digits": `POST / HTTP/1.1\r\nContent-Length: ${"0".repeat(20)}1\r\n\r\nx`,
  "a space before the method": " GET / HTTP/1.1\r\n\r\n",
  "LF before the method": "\nGET / HTTP/1.1\r\n\r\n",
  "CR before the method": "\rGET / HTTP/1.1\r\n\r\n",
  TLS: "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
};

/** Each has a fault in the chunks of its body. */
export const FAULTY_CHUNKS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    "no size": "\r\n",
    "a prefix": "0x1\r\nx\r\n0\r\n\r\n",
    "a sign": "+1\r\nx\r\n0\r\n\r\n",
    "a space before the size": " 1\r\nx\r\n0\r\n\r\n",
    "a space behind the size": "1 \r\nx\r\n0\r\n\r\n",
    "LF behind the size": "1\nx\r\n0\r\n\r\n",
    "CR behind the size": "1\rx\r\n0\r\n\r\n",
    "LF behind the data": "1\r\nx\n0\r\n\r\n",
    "CR behind the data": "1\r\nx\r0\r\n\r\n",
    "more data than the size": "1\r\nxy\r\n0\r\n\r\n",
    "a quoted extension": '1;a="b"\r\nx\r\n0\r\n\r\n',
    "LF in an extension": "1;a\nx\r\n0\r\n\r\n",
    "an empty extension": "1;\r\nx\r\n0\r\n\r\n",
    "too many digits": `${"0".repeat(16)}1\r\nx\r\n0\r\n\r\n`,
    "Content-Length in the trailers": "0\r\nContent-Length: 1\r\n\r\n",
    "Transfer-Encoding in the trailers": "0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "Connection in the trailers": "0\r\nConnection: close\r\n\r\n",
    "LF behind a trailer": "0\r\nX: a\n\r\n",
  }).map(([name, chunks]) => [name, `${CHUNKED}\r\n${chunks}`]),
);
