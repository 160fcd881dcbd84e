/** Who follows what Node's parser sees of a request. */

import type { IncomingMessage } from "node:http";

/** A request as the parser hands it out. */
export interface ParsedMessage extends IncomingMessage {
  /** Bytes of the body that the parser has handed out so far. */
  readonly bodySize: number;
}

export interface ParserObserver {
  /** The parser has handed out bytes of the body. @returns False if the message must not keep them. */
  handleBody(message: ParsedMessage): boolean;
  /** The parser has seen the end of the request. */
  handleComplete(message: ParsedMessage): void;
}
