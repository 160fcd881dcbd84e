/** hapwire's portable engine. */

import type { CodecLoop } from "./contract";
import { loopOverEngine } from "./hapwire";

export function createLoop(key: Buffer, message: Buffer): CodecLoop {
  return loopOverEngine("portable", key, message);
}
