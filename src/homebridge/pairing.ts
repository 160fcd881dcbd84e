/**
 * Makes HAP-NodeJS pair on the OpenSSL inside Node. It pairs with three modules, which are found from its own files, and
 * whose exports are changed in place, so that it does not matter who has loaded them before.
 */

import { createRequire } from "node:module";

import { DebugOutput } from "../debug-output";
import type { MessageAead } from "../engine/contract";
import { srpPowerOnOpenSsl, type BigInteger } from "../pairing/srp-power";
import { hapCryptoOnNode, tweetnaclOnNode } from "./pairing-crypto";
import type { Patches } from "./patches";

const debug = new DebugOutput("hapwire:homebridge");

/** On an object that hapwire has changed: this copy or another. Copies of HAP-NodeJS may share a module. */
const CHANGED = Symbol.for("hapwire.pairing");

/**
 * Changes what can be changed. Whatever can't be goes on as it was, with the same results.
 *
 * @param file - The path or URL of HAP-NodeJS's file that has its `util` folder beside it.
 */
export function speedUpPairing(file: string, aead: MessageAead | undefined, patches: Patches): void {
  const load = createRequire(file);
  const change = (object: object, name: string, members: () => object): void => {
    if (Object.hasOwn(object, CHANGED)) return;
    for (const [member, value] of Object.entries(members())) {
      patches.replace(object, member, value);
    }
    patches.replace(object, CHANGED, true);
    debug.write("%s is on OpenSSL", name);
  };
  const steps: Readonly<Record<string, (name: string) => void>> = {
    tweetnacl: (name) => {
      const exports = load(name) as object;
      change(exports, name, () => tweetnaclOnNode(exports));
    },
    "fast-srp-hap": (name) => {
      const { SRP } = load(name) as { SRP: { params: { hap: { N: BigInteger } } } };
      const { N } = SRP.params.hap;
      change(Object.getPrototypeOf(N) as object, name, () => ({ modPow: srpPowerOnOpenSsl(N) }));
    },
    "./util/hapCrypto": (name) => {
      // Not loaded here: if it is an ES module, its exports can't be changed.
      const exports = load.cache[load.resolve(name)]?.exports as object | undefined;
      if (exports !== undefined) change(exports, name, () => hapCryptoOnNode(exports, aead));
    },
  };
  for (const [name, step] of Object.entries(steps)) {
    try {
      step(name);
    } catch (error) {
      debug.write("%s stays as it is: %s", name, (error as Error).message);
    }
  }
}
