/** Which connections there are, and whose they are. */

/** What the registry asks of a connection. */
export interface Registered {
  readonly username?: string | undefined;
}

export class ConnectionRegistry<Connection extends Registered> implements Iterable<Connection> {
  readonly #connections = new Set<Connection>();

  get size(): number {
    return this.#connections.size;
  }

  add(connection: Connection): void {
    this.#connections.add(connection);
  }

  remove(connection: Connection): void {
    this.#connections.delete(connection);
  }

  /**
   * The connections of a user, as they are now: closing some of them does not disturb the list. A user may have several:
   * an iPhone, a watch, a home hub. All connections are looked at, since that is rare, and a list for each user would be
   * kept for as long as there is a connection.
   */
  ofUser(username: string): Connection[] {
    return [...this.#connections].filter((connection) => connection.username === username);
  }

  [Symbol.iterator](): IterableIterator<Connection> {
    return this.#connections.values();
  }
}
