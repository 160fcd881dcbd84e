/** The AEAD of single messages over the addon. */

import { TAG_LENGTH } from "../frame";
import type { MessageAead } from "./contract";

/** What the addon exports for it. See native/binding/message.h. */
export interface AddonMessages {
  sealMessage(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array, output: Buffer): boolean;
  openMessage(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    text: Uint8Array,
    tag: Uint8Array,
    output: Buffer,
  ): boolean;
}

export class NativeMessages implements MessageAead {
  readonly #addon: AddonMessages;

  constructor(addon: AddonMessages) {
    this.#addon = addon;
  }

  seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array): Buffer {
    const output = Buffer.allocUnsafe(text.length + TAG_LENGTH);
    if (!this.#addon.sealMessage(key, nonce, aad, text, output)) {
      throw new Error("OpenSSL cannot seal a message");
    }
    return output;
  }

  open(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    text: Uint8Array,
    tag: Uint8Array,
  ): Buffer | undefined {
    const output = Buffer.allocUnsafe(text.length);
    return this.#addon.openMessage(key, nonce, aad, text, tag, output) ? output : undefined;
  }
}
