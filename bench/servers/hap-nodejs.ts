/** HAP-NodeJS's own transport. */

import { loadTransport } from "../harness/peers";
import type { BenchServer, ServerSettings } from "./contract";
import { startEventedServer } from "./evented-server";

export async function startServer(settings: ServerSettings): Promise<BenchServer> {
  const { EventedHTTPServer, HAPConnection, HAPEncryption } = loadTransport();
  HAPConnection.EVENT_COALESCING_DELAY = settings.coalescingDelay;
  return startEventedServer(new EventedHTTPServer(), HAPEncryption, settings);
}
