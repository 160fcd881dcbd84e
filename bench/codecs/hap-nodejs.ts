/** HAP-NodeJS's own two functions, as its connections call them. */

import { loadHapCrypto, loadTransport } from "../harness/peers";
import { loopOver, type CodecLoop } from "./contract";

export function createLoop(key: Buffer, message: Buffer): CodecLoop {
  const hapCrypto = loadHapCrypto();
  const { HAPEncryption } = loadTransport();
  const unused = Buffer.alloc(0);
  return loopOver(() => {
    const encryption = new HAPEncryption(unused, unused, unused, unused, unused);
    encryption.accessoryToControllerKey = key;
    encryption.controllerToAccessoryKey = key;
    return {
      seal: (plaintext) => hapCrypto.layerEncrypt(plaintext, encryption),
      open: (frames) => hapCrypto.layerDecrypt(frames, encryption),
    };
  }, message);
}
