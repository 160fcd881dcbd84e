/** Finds and loads the packages that hapwire is compared with, in the working directory or beside hapwire. */

import type { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import type * as HapNodeJs from "@homebridge/hap-nodejs";

import type { SodiumNative } from "#src/engine/portable/aead";

/** An installed package. */
export interface Peer {
  readonly folder: string;
  readonly version: string;
}

/** hapwire's own folder. */
export const ROOT = path.dirname(require.resolve("hapwire/package.json"));

/** @returns Undefined if the package is not installed. */
export function findPeer(name: string): Peer | undefined {
  for (const from of [process.cwd(), ROOT]) {
    try {
      const manifest = createRequire(path.join(from, "any.js")).resolve(`${name}/package.json`);
      const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
      return { folder: path.dirname(manifest), version };
    } catch {
      // It may be in the other place.
    }
  }
  return undefined;
}

/** @throws Error if the package is not installed. */
function load(name: string, file: string): unknown {
  const peer = findPeer(name);
  if (peer === undefined) {
    throw new Error(`${name} is not installed`);
  }
  return createRequire(path.join(peer.folder, "any.js"))(path.join(peer.folder, file));
}

/** The part of HAP-NodeJS's advertisers that is used. */
export interface HapNodeJsAdvertising {
  readonly CiaoAdvertiser: { readonly protocolVersionService: string };
}

/** The part of HAP-NodeJS's transport that is used. */
export interface HapNodeJsTransport {
  readonly EventedHTTPServer: new () => EventEmitter;
  readonly HAPConnection: { EVENT_COALESCING_DELAY: number };
  readonly HAPEncryption: new (...handshake: [Buffer, Buffer, Buffer, Buffer, Buffer]) => HapNodeJsEncryption;
}

export interface HapNodeJsEncryption {
  accessoryToControllerKey: Buffer;
  controllerToAccessoryKey: Buffer;
}

/** The two functions of HAP-NodeJS's frame codec. */
export interface HapNodeJsCodec {
  layerEncrypt(message: Buffer, encryption: HapNodeJsEncryption): Buffer;
  layerDecrypt(frames: Buffer, encryption: HapNodeJsEncryption): Buffer;
}

export const HAP_NODEJS = "@homebridge/hap-nodejs";

/** @throws Error if HAP-NodeJS is not installed, or has another shape. */
export function loadTransport(): HapNodeJsTransport {
  return load(HAP_NODEJS, "dist/lib/util/eventedhttp.js") as HapNodeJsTransport;
}

/** HAP-NodeJS as a whole. @throws Error if it is not installed, or has another shape. */
export function loadHapNodeJs(): {
  hap: typeof HapNodeJs;
  advertising: HapNodeJsAdvertising;
  transport: HapNodeJsTransport;
} {
  return {
    hap: load(HAP_NODEJS, "dist/index.js") as typeof HapNodeJs,
    advertising: load(HAP_NODEJS, "dist/lib/Advertiser.js") as HapNodeJsAdvertising,
    transport: loadTransport(),
  };
}

/** @throws Error as {@link loadTransport}. */
export function loadHapCrypto(): HapNodeJsCodec {
  return load(HAP_NODEJS, "dist/lib/util/hapCrypto.js") as HapNodeJsCodec;
}

export const SODIUM_NATIVE = "sodium-native";

/** @throws Error if sodium-native is not installed, or does not load. */
export function loadSodium(): SodiumNative {
  return load(SODIUM_NATIVE, "index.js") as SodiumNative;
}
