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

/** The state of a {@link HAPConnection}. It only goes up. */
export enum HAPConnectionState {
  /** Exists in HAP-NodeJS only: here a connection is set up at once. */
  CONNECTING = 0,
  FULLY_SET_UP = 1,
  /** Pair-verify has succeeded. */
  AUTHENTICATED = 2,
  /** The pairing was removed. The connection closes after the responses under way. */
  TO_BE_TEARED_DOWN = 3,
  /** The last bytes are on their way out. Nothing more is written. */
  CLOSING = 4,
  /** The socket has closed, or was destroyed. */
  CLOSED = 5,
}
