/** hapwire on its portable engine. */

import type { BenchServer, ServerSettings } from "./contract";
import { startHapwire } from "./hapwire";

export async function startServer(settings: ServerSettings): Promise<BenchServer> {
  return startHapwire("portable", settings);
}
