/** A server that answers every request for a characteristic with another one. */

import { EventedHTTPServer, HAPEncryption } from "hapwire";

import { startEventedServer } from "#bench/servers/evented-server";
import type { BenchServer, ServerSettings } from "#bench/servers/contract";

export async function startServer(settings: ServerSettings): Promise<BenchServer> {
  const server = new EventedHTTPServer({ engine: "portable" });
  server.on("request", (_connection, request) => {
    request.url = request.url?.replace("/characteristics?id=2.10", "/accessories");
  });
  return startEventedServer(server, HAPEncryption, settings);
}
