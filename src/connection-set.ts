/** The open connections of a server, as its users see them: to be counted and walked through, not changed. */

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
