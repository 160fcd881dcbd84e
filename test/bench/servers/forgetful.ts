/** A server that loses the third event of each burst. */

import { startServer as startPortable } from "#bench/servers/portable";
import type { BenchServer, ServerSettings } from "#bench/servers/contract";

export async function startServer(settings: ServerSettings): Promise<BenchServer> {
  const server = await startPortable(settings);
  return {
    port: server.port,
    connections: 0,
    broadcast({ changes, message }, immediate) {
      server.broadcast({ changes: changes.filter((_, index) => index !== 2), message }, immediate);
    },
  };
}
