/**
 * Preloaded into a process (`--require`): the portable engine seals and opens without encryption, so that everything works
 * and all of it is readable on the network.
 */

import crypto from "node:crypto";
import Module from "node:module";

/** Node's loader; the portable engine does without a package that it does not resolve. */
const loader = Module as unknown as { _resolveFilename: (request: string, ...more: unknown[]) => string };
const resolve = loader._resolveFilename;
loader._resolveFilename = (request, ...more) => {
  if (request === "sodium-native") throw new Error("hidden");
  return resolve(request, ...more);
};

const nullCipher = {
  setAAD: () => undefined,
  setAuthTag: () => undefined,
  getAuthTag: () => Buffer.alloc(16),
  update: (text: Buffer) => Buffer.from(text),
  final: () => Buffer.alloc(0),
};
Object.assign(crypto, { createCipheriv: () => nullCipher, createDecipheriv: () => nullCipher });
