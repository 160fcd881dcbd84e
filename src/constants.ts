/** The names of events and states, as HAP-NodeJS has them. */

/** The events of an {@link EventedHTTPServer}. */
export enum EventedHTTPServerEvent {
  LISTENING = "listening",
  CONNECTION_OPENED = "connection-opened",
  REQUEST = "request",
  CONNECTION_CLOSED = "connection-closed",
}

/** The events of a {@link HAPConnection}. */
export enum HAPConnectionEvent {
  REQUEST = "request",
  AUTHENTICATED = "authenticated",
  CLOSED = "closed",
}

/** Where a {@link HAPConnection} is in its life; states only go up. */
export enum HAPConnectionState {
  /** As in HAP-NodeJS; a connection here is set up at once. */
  CONNECTING = 0,
  FULLY_SET_UP = 1,
  /** Pair-verify has succeeded. */
  AUTHENTICATED = 2,
  /** Its pairing was removed: closed once the responses under way are out. */
  TO_BE_TEARED_DOWN = 3,
  /** The last bytes are on their way out; nothing more is written. */
  CLOSING = 4,
  /** The socket is gone, or was given up. */
  CLOSED = 5,
}
