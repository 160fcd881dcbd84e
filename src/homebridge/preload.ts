/** What the preload does with the parts of HAP-NodeJS. Loads with the first of them: most processes have none. */

import { engineInfo } from "../index";
import { serveStatusFromEnvironment } from "../status/environment";
import { version } from "../version";
import type { HapPackage } from "./hap-package";
import { pairingHandlers, replaceTransport, transportExports } from "./substitute";

export const { crypto, signing } = pairingHandlers;

let isStatusServed = false;

/**
 * Replaces the transport; with the first one, the status page is served if the environment asks for it.
 *
 * @returns the line that says so.
 * @throws {@link SubstituteError}, or {@link EngineError} where no engine can run; the transport is as it was.
 */
export function transport(module: NodeJS.Module, of: HapPackage): string {
  const engine = engineInfo();
  replaceTransport(module, of, transportExports);
  if (!isStatusServed) {
    isStatusServed = true;
    serveStatusFromEnvironment();
  }
  return `hapwire ${version} is under ${of.name} ${of.version}: ${engine.name} engine (${engine.aead}), Node ${process.version}`;
}
