/** The results of two parsers on a stream: Node's by itself, fed in one go, and hapwire's HTTP of a connection. */

import assert from "node:assert/strict";
import { IncomingMessage, Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";

import { HttpUnderTest, settled } from "./connection-http";

/** A request as a parser sees it. */
export interface SeenRequest {
  readonly line: string;
  body: string;
  isWhole: boolean;
  /** If requests behind it are not served, or lost: `Connection: close`, or an upgrade that nobody takes. */
  readonly isLast: boolean;
  /** If it was answered with 417. */
  isAnswered: boolean;
}

export interface Seen {
  readonly requests: SeenRequest[];
  /** Why the rest was not accepted. */
  error?: string | undefined;
  /** How many requests were answered by the parser's side, for an unknown expectation. */
  answered: number;
  /** If no further request is served. */
  isEnding: boolean;
}

const kSeen = Symbol("seen");

interface SeenSocket extends Socket {
  [kSeen]: Seen;
}

/** Notes the output of Node's parser, whether anybody reads it or not. */
class SeenMessage extends IncomingMessage {
  readonly #seen: Seen;
  #request: SeenRequest | undefined;

  constructor(socket: Socket) {
    super(socket);
    this.#seen = (socket as SeenSocket)[kSeen];
  }

  note(response: ServerResponse): SeenRequest {
    this.#request = seenRequest(this, response);
    this.#seen.requests.push(this.#request);
    this.resume();
    return this.#request;
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (this.#request !== undefined) {
      this.#request.body += chunk === null ? "" : chunk.toString("latin1");
      this.#request.isWhole ||= chunk === null;
    }
    super.push(chunk, encoding);
    return true;
  }
}

function note(request: IncomingMessage, response: ServerResponse): SeenRequest {
  assert.ok(request instanceof SeenMessage);
  return request.note(response);
}

function seenRequest(request: IncomingMessage, response: ServerResponse): SeenRequest {
  const isUpgrade =
    request.headers.upgrade !== undefined && /upgrade/i.test(request.headers.connection ?? "");
  const isLast = isUpgrade || !response.shouldKeepAlive;
  return {
    line: `${request.method ?? ""} ${request.url ?? ""}`,
    body: "",
    isWhole: false,
    isLast,
    isAnswered: false,
  };
}

/** Feeds Node's own server with a stream in one go. */
export async function parseWithNode(stream: Buffer): Promise<Seen> {
  const seen: Seen = { requests: [], answered: 0, isEnding: false };
  const server = new Server({
    keepAliveTimeout: 0,
    requestTimeout: 0,
    requireHostHeader: false,
    insecureHTTPParser: false,
    IncomingMessage: SeenMessage,
  });
  server.on("request", note).on("checkContinue", note);
  server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
    const noted = note(request, response);
    noted.isAnswered = true;
  });
  server.on(
    "clientError",
    (error: Error & { code?: string }) => (seen.error ??= error.code ?? error.message),
  );
  const socket = Object.assign(new Duplex({ read: () => undefined, write: () => undefined }), {
    [kSeen]: seen,
    setTimeout: () => undefined,
  });
  server.emit("connection", socket);
  await settled();
  socket.push(stream);
  await settled();
  seen.error ??= socket.destroyed ? "destroyed" : undefined;
  socket.destroy();
  return seen;
}

/** Feeds hapwire's HTTP of a connection with a stream in segments. Requests that it answers by itself are not among these. */
export async function parseWithHapwire(segments: readonly Buffer[]): Promise<Seen> {
  const seen: Seen = { requests: [], answered: 0, isEnding: false };
  const tested = new HttpUnderTest();
  tested.handler = (request, response) => {
    const noted = seenRequest(request, response);
    seen.requests.push(noted);
    request.on("data", (chunk: Buffer) => (noted.body += chunk.toString("latin1")));
    request.on("end", () => (noted.isWhole = true));
  };
  for (const segment of segments) {
    tested.http.receive(segment);
    await settled();
  }
  [seen.error] = tested.refusals;
  seen.answered = tested.http.requests - seen.requests.length;
  seen.isEnding = tested.http.ending;
  tested.http.destroy();
  return seen;
}
