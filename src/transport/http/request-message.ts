/** The request as Node's parser hands it out, which tells how much of it the parser has seen. */

import { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

import { feederOf, type HttpStream } from "./http-stream";
import type { ParserObserver } from "./parser-observer";

export class RequestMessage extends IncomingMessage {
  /** Bytes of the body that the parser has handed out so far. */
  bodySize = 0;
  readonly #observer: ParserObserver;
  #isWhole = false;

  constructor(socket: Socket) {
    super(socket);
    // Node takes the stream for a socket.
    this.#observer = feederOf(socket as unknown as HttpStream);
  }

  /** Called by Node's parser with bytes of the body, and with null at the end of the request. */
  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (!this.#isWhole) {
      if (chunk === null) {
        this.#isWhole = true;
        this.#observer.handleComplete(this);
      } else {
        this.bodySize += chunk.length;
        if (!this.#observer.handleBody(this)) {
          return true;
        }
      }
    }
    return super.push(chunk, encoding);
  }
}
