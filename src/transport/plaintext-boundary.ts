/**
 * The last response of a connection that may go out in plaintext: the answer of pair-verify. The sender of a later request in
 * plaintext need not have the keys, so it must not be served. [PROTOCOL: the secured session]
 */

export interface RequestProgress {
  /** Requests whose first byte has arrived. */
  readonly started: number;
  /** Responses that have finished. */
  readonly finished: number;
  /** True if a handler has a response to finish. */
  readonly answering: boolean;
}

export class PlaintextBoundary {
  /** The number of the last response that may go out in plaintext. The first is 1. */
  #last = Infinity;

  /**
   * Draws the boundary, once: after the response under way, or else after the last response. Called when there are keys.
   *
   * @returns False if a request has arrived after the boundary: the connection must close.
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
