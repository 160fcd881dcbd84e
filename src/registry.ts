/** Which connections there are, and whose they are. */

/** What the registry asks of a connection. */
export interface Registered {
  readonly username?: string | undefined;
}

export class ConnectionRegistry<Connection extends Registered> implements Iterable<Connection> {
  readonly #connections = new Set<Connection>();
  /** A user may have several: an iPhone, a watch, a home hub. */
  readonly #byUsername = new Map<string, Set<Connection>>();

  get size(): number {
    return this.#connections.size;
  }

  /** How many have not authenticated. */
  get strangers(): number {
    let owned = 0;
    for (const connections of this.#byUsername.values()) {
      owned += connections.size;
    }
    return this.#connections.size - owned;
  }

  add(connection: Connection): void {
    this.#connections.add(connection);
  }

  /** Notes whose connection it is; one that authenticates anew under another name changes hands. */
  authenticate(connection: Connection, username: string): void {
    for (const [owner, connections] of this.#byUsername) {
      if (owner !== username && connections.delete(connection) && connections.size === 0) {
        this.#byUsername.delete(owner);
      }
    }
    const connections = this.#byUsername.get(username);
    if (connections === undefined) {
      this.#byUsername.set(username, new Set([connection]));
    } else {
      connections.add(connection);
    }
  }

  remove(connection: Connection): void {
    this.#connections.delete(connection);
    const { username } = connection;
    if (username === undefined) {
      return;
    }
    const connections = this.#byUsername.get(username);
    if (connections?.delete(connection) === true && connections.size === 0) {
      this.#byUsername.delete(username);
    }
  }

  /** The connections of a user, as they are now: closing some of them does not disturb the list. */
  ofUser(username: string): Connection[] {
    return [...(this.#byUsername.get(username) ?? [])];
  }

  [Symbol.iterator](): IterableIterator<Connection> {
    return this.#connections.values();
  }
}
