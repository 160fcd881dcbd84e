/** hapwire on its native engine. */

import { EventedHTTPServer, HAPEncryption, type EngineName } from "hapwire";

import type { BenchServer, ServerSettings } from "./contract";
import { startEventedServer } from "./evented-server";

export async function startServer(settings: ServerSettings): Promise<BenchServer> {
  return startHapwire("native", settings);
}

export async function startHapwire(engine: EngineName, settings: ServerSettings): Promise<BenchServer> {
  const { coalescingDelay, maxQueuedEvents } = settings;
  const server = new EventedHTTPServer({ engine, coalescingDelay, maxQueuedEvents });
  return startEventedServer(server, HAPEncryption, settings);
}
