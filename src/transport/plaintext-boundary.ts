/**
 * The last response of a connection that may go out in plaintext: the answer of pair-verify.
 * [PROTOCOL: the secured session]
 *
 * A request that came in plaintext behind pair-verify was sent by somebody who has no keys. It must not be served on a
 * connection that is authenticated by now.
 */

/** How far the requests of a connection have come. The first request is number 1. */
export interface RequestProgress {
  /** Requests whose first byte has arrived. */
  readonly started: number;
  /** Requests whose response is finished. */
  readonly finished: number;
  /** True if a handler has a response to finish. */
  readonly answering: boolean;
}

export class PlaintextBoundary {
  /** The number of the last response that may go out in plaintext. */
  #last = Infinity;

  /**
   * Draws the boundary when session keys are there: behind the response under way, or behind the last one if none is.
   * Draws it once.
   *
   * @returns False if a request has arrived in plaintext behind the boundary: the connection must close.
   */
  draw({ started, finished, answering }: RequestProgress): boolean {
    if (this.#last === Infinity) {
      this.#last = finished + (answering ? 1 : 0);
    }
    return started <= this.#last;
  }

  /** True if the response with this number may go out in plaintext. */
  allows(response: number): boolean {
    return response <= this.#last;
  }
}
