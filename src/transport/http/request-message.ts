/** The request as Node's parser hands it out, which tells how much of it the parser has seen. */

import { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/** Who follows what Node's parser sees. */
export interface ParserObserver {
  /** The parser has handed out bytes of the body. @returns false if the message must not keep them. */
  handleBody(message: RequestMessage): boolean;
  /** The parser has seen the end of the request. */
  handleComplete(message: RequestMessage): void;
}

/** The stream of a connection, which Node takes for a socket. */
interface ObservedSocket extends Socket {
  readonly feeder: ParserObserver;
}

export class RequestMessage extends IncomingMessage {
  /** Bytes of the body that the parser has handed out so far. */
  bodySize = 0;
  readonly #observer: ParserObserver;
  #isWhole = false;

  constructor(socket: Socket) {
    super(socket);
    this.#observer = (socket as ObservedSocket).feeder;
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
