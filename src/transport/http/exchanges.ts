/** The requests of one connection, each with its response, from its first byte to the end of its response. */

import { ServerResponse, type IncomingMessage } from "node:http";

export interface ExchangesOwner {
  /** Bytes of a request are no longer held. */
  release(bytes: number): void;
  /** A response is about to be counted as finished. */
  beforeResponseEnds(): void;
  /** A response has finished, or was given up. */
  afterResponse(): void;
  /** A handler has destroyed a response. This many others go out before it. */
  endBefore(others: number): void;
}

/** A request and its response. */
interface Exchange {
  readonly list: Exchanges;
  /** Undefined until the request is handed to a handler. */
  response: ServerResponse | undefined;
  /** Bytes of the request that are held. */
  bytes: number;
}

let setExchange: (response: ExchangeResponse, exchange: Exchange) => void;

/** A response. It knows its exchange, which a handler can't reach. */
export class ExchangeResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  #exchange: Exchange | undefined;

  static {
    setExchange = (response, exchange) => {
      response.#exchange = exchange;
    };
  }

  /** Counts the response. Listeners would cost memory for each response, and a handler may remove them. */
  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (event === "finish" && this.#exchange !== undefined) {
      // Before Node's own listener, which lets the next pipelined response go out.
      this.#exchange.list.end(this.#exchange);
    }
    const isHeard = super.emit(event, ...values);
    if (event === "close" && this.#exchange !== undefined) {
      // After Node's own listener.
      this.#exchange.list.close(this.#exchange);
    }
    return isHeard;
  }
}

export class Exchanges {
  /** Requests handed to handlers. For reading only. */
  handed = 0;
  readonly #owner: ExchangesOwner;
  /** In the order of the requests. Only the last exchange may have no response. */
  readonly #list: Exchange[] = [];
  /** The request that began last, until its response has finished. */
  #latest: Exchange | undefined;

  constructor(owner: ExchangesOwner) {
    this.#owner = owner;
  }

  /** Responses that handlers have yet to finish. */
  get pending(): number {
    return this.awaitsHead ? this.#list.length - 1 : this.#list.length;
  }

  /** Bytes of all requests. */
  get bytes(): number {
    return this.#list.reduce((sum, exchange) => sum + exchange.bytes, 0);
  }

  get isEmpty(): boolean {
    return this.#list.length === 0;
  }

  /** The response that is next to go out. */
  get next(): ServerResponse | undefined {
    return this.#list[0]?.response;
  }

  /** The request that began last, if a handler has it and its response has not finished. */
  get latest(): IncomingMessage | undefined {
    return this.#latest?.response?.req;
  }

  /** True if the request that began last was not handed to a handler. */
  get awaitsHead(): boolean {
    return this.#latest !== undefined && this.#latest.response === undefined;
  }

  /** A request begins. */
  begin(): void {
    this.#latest = { list: this, response: undefined, bytes: 0 };
    this.#list.push(this.#latest);
  }

  /** Adds bytes to the request that began last. */
  add(bytes: number): void {
    if (this.#latest === undefined) {
      // Its response has finished: Node does not keep the rest.
      this.#owner.release(bytes);
    } else {
      this.#latest.bytes += bytes;
    }
  }

  /** Hands the request that began last to a handler, with its response. */
  hand(response: ExchangeResponse): void {
    if (this.#latest === undefined) {
      return;
    }
    this.handed += 1;
    this.#latest.response = response;
    setExchange(response, this.#latest);
  }

  /** Forgets the request that began last if no handler has it. */
  dropUnhanded(): void {
    if (this.#latest !== undefined && this.#latest.response === undefined) {
      this.#remove(this.#latest, this.#list.length - 1);
    }
  }

  /** Gives all exchanges up. Their responses' `close` comes later and changes nothing. */
  clear(): void {
    this.#list.length = 0;
    this.#latest = undefined;
  }

  /** The response of an exchange has closed, finished or not. */
  close(exchange: Exchange): void {
    const index = this.#list.indexOf(exchange);
    if (index > 0) {
      // Node 20 destroys the stream when the response's turn comes. Later versions let the next responses wait for ever.
      this.#owner.endBefore(index);
    } else {
      this.end(exchange);
      this.#owner.afterResponse();
    }
  }

  /** The response of an exchange has finished, or was given up. Does nothing the second time. */
  end(exchange: Exchange): void {
    const index = this.#list.indexOf(exchange);
    if (index !== -1) {
      this.#owner.beforeResponseEnds();
      this.#remove(exchange, index);
    }
  }

  #remove(exchange: Exchange, index: number): void {
    this.#list.splice(index, 1);
    this.#owner.release(exchange.bytes);
    if (this.#latest === exchange) {
      this.#latest = undefined;
    }
  }
}
