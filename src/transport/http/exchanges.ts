/** The requests of one connection that have begun, each with its response, until that has finished. */

import { ServerResponse, type IncomingMessage } from "node:http";

/** Who is told about responses. */
export interface ExchangesOwner {
  /** Bytes of a request are no longer held. */
  release(bytes: number): void;
  /** A response is about to be counted as finished. */
  beforeResponseEnds(): void;
  /** A response has finished, or was given up. */
  afterResponse(): void;
  /** A handler has destroyed a response whose turn has not come: so many others are to go out before it. */
  endBefore(others: number): void;
}

/** A request and its response. */
interface Exchange {
  readonly list: Exchanges;
  /** Undefined until the request is handed to a handler. */
  response: ServerResponse | undefined;
  /** Bytes of the request so far. */
  bytes: number;
}

let setExchange: (response: ExchangeResponse, exchange: Exchange) => void;
let finish: (exchange: Exchange) => void;
let close: (exchange: Exchange) => void;

/** The responses of a connection. Each knows its exchange, which a handler can't reach. */
export class ExchangeResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  #exchange: Exchange | undefined;

  static {
    setExchange = (response, exchange) => {
      response.#exchange = exchange;
    };
  }

  /** Counts the response. Not by listeners: a handler may remove them, and they cost memory for each response. */
  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (event === "finish" && this.#exchange !== undefined) {
      // Before Node's own listener, which lets the next pipelined response go out.
      finish(this.#exchange);
    }
    const isHeard = super.emit(event, ...values);
    if (event === "close" && this.#exchange !== undefined) {
      // After `finish` too, when Node's own listener has run.
      close(this.#exchange);
    }
    return isHeard;
  }
}

export class Exchanges {
  static {
    finish = (exchange) => {
      exchange.list.#end(exchange);
    };
    close = (exchange) => {
      exchange.list.#close(exchange);
    };
  }

  readonly #owner: ExchangesOwner;
  /** In the order of the requests. Only the last one may have no response. */
  readonly #list: Exchange[] = [];
  /** The request that began last, until its response has finished. */
  #latest: Exchange | undefined;
  #handed = 0;

  constructor(owner: ExchangesOwner) {
    this.#owner = owner;
  }

  /** How many requests were handed to handlers. */
  get handed(): number {
    return this.#handed;
  }

  /** How many responses handlers have yet to finish. */
  get pending(): number {
    return this.awaitsHead ? this.#list.length - 1 : this.#list.length;
  }

  /** Bytes of all requests so far. */
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

  /** Bytes that are held belong to the request that began last. */
  add(bytes: number): void {
    if (this.#latest === undefined) {
      // Its response has finished already: Node does not keep the rest.
      this.#owner.release(bytes);
    } else {
      this.#latest.bytes += bytes;
    }
  }

  /** The request that began last goes to a handler, with this response. */
  hand(response: ExchangeResponse): void {
    if (this.#latest === undefined) {
      return;
    }
    this.#handed += 1;
    this.#latest.response = response;
    setExchange(response, this.#latest);
  }

  /** Forgets the request that began last if no handler has it. */
  dropUnhanded(): void {
    if (this.#latest !== undefined && this.#latest.response === undefined) {
      this.#remove(this.#latest, this.#list.length - 1);
    }
  }

  /** Gives up all of them. Their responses' `close` comes later, and changes nothing. */
  clear(): void {
    this.#list.length = 0;
    this.#latest = undefined;
  }

  #close(exchange: Exchange): void {
    const index = this.#list.indexOf(exchange);
    if (index > 0) {
      // Node 20 destroys the stream when its turn comes. Later versions let the responses behind it wait for ever.
      this.#owner.endBefore(index);
    } else {
      this.#end(exchange);
      this.#owner.afterResponse();
    }
  }

  /** Ends an exchange once: when its response finishes, or when it is given up. */
  #end(exchange: Exchange): void {
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
