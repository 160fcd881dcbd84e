/** The answer for a request handler that threw or rejected. */

import type { ServerResponse } from "node:http";
import { inspect } from "node:util";

import { HapwireError } from "../../errors";

interface HandlerLink {
  readonly name: string;
  /** Closes at once. */
  fail(reason: HapwireError): void;
}

/** Answers 500, or closes the connection if half a response has gone out. Warns the application. */
export function answerForHandler(link: HandlerLink, error: unknown, response: ServerResponse): void {
  const message = `a request handler threw on ${link.name}`;
  const reason = new HapwireError("ERR_HAPWIRE_HANDLER", message, { cause: error });
  try {
    if (!response.headersSent) {
      // The handler may have left a phrase that cannot be sent, and chunked encoding.
      response.removeHeader("Transfer-Encoding");
      response.writeHead(500, "Internal Server Error", { "Content-Length": 0 }).end();
    } else if (!response.writableEnded) {
      link.fail(reason);
    }
  } catch {
    // The handler may have left headers that cannot be sent, or replaced methods of the response.
    link.fail(reason);
  }
  process.emitWarning(`${message}: ${shown(error)}`, { code: reason.code });
}

/** The error may have a getter that throws. */
function shown(error: unknown): string {
  try {
    return inspect(error);
  } catch {
    return "an error that throws when it is shown";
  }
}
