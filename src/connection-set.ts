/** The open connections of a server. Users count and walk through them, but can't change them. */

export class ConnectionSet<Connection> implements Iterable<Connection> {
  readonly #links: ReadonlySet<{ readonly owner: Connection }>;

  constructor(links: ReadonlySet<{ readonly owner: Connection }>) {
    this.#links = links;
  }

  get size(): number {
    return this.#links.size;
  }

  *[Symbol.iterator](): IterableIterator<Connection> {
    for (const { owner } of this.#links) {
      yield owner;
    }
  }
}
