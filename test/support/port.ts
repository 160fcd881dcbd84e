/** The port of a server that listens. */

import assert from "node:assert/strict";

import type { EventedHTTPServer } from "hapwire";

export function portOf(server: EventedHTTPServer): number {
  const address = server.address();
  assert.ok(address !== null, "the server does not listen");
  return address.port;
}
