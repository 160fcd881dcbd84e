/** Which files of which HAP-NodeJS packages hapwire knows. */

import { readFileSync } from "node:fs";
import path from "node:path";

/** A copy of HAP-NodeJS on disk. */
export interface HapPackage {
  readonly name: string;
  readonly version: string;
  /** The folder of its package.json. */
  readonly root: string;
}

/** What of HAP-NodeJS is replaced: its transport, its `hapCrypto`, or the `tweetnacl` that a file of it requires. */
export type HapPart = "transport" | "crypto" | "signing";

/** The files that the parts are in, from the root of the package. */
const FILES: Readonly<Record<string, HapPart>> = {
  "dist/lib/util/eventedhttp.js": "transport",
  "dist/lib/util/hapCrypto.js": "crypto",
  "dist/lib/HAPServer.js": "signing",
  "dist/lib/model/AccessoryInfo.js": "signing",
};

/** The major version that is known of each package. */
const MAJORS: Readonly<Record<string, string>> = { "@homebridge/hap-nodejs": "2", "hap-nodejs": "1" };

/** What a file's path alone says, before anything is read. */
export interface Candidate {
  readonly part: HapPart;
  /** The folder where the package.json must be. */
  readonly root: string;
}

/** @returns undefined for a file that is certainly none of HAP-NodeJS's. */
export function candidateAt(file: string): Candidate | undefined {
  const slashed = file.replaceAll("\\", "/");
  for (const [end, part] of Object.entries(FILES)) {
    if (slashed.endsWith(`/${end}`)) {
      return { part, root: path.normalize(file.slice(0, -end.length - 1)) };
    }
  }
  return undefined;
}

/** @returns the package whose root this is, or in words why it is none that is known. */
export function knownPackageAt(root: string): HapPackage | string {
  const found = readPackage(root);
  if (found === undefined) {
    return `the package at ${root} has no name and version`;
  }
  const { name, version } = found;
  const major = Object.hasOwn(MAJORS, name) ? MAJORS[name] : undefined;
  if (major === undefined) {
    return `${name} ${version} is not known, only ${Object.keys(MAJORS).join(" and ")}`;
  }
  return version.startsWith(`${major}.`) ? found : `${name} ${version} is not known, only ${major}.x`;
}

function readPackage(root: string): HapPackage | undefined {
  let manifest: unknown;
  try {
    manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  } catch {
    return undefined;
  }
  const { name, version } = Object(manifest) as { name?: unknown; version?: unknown };
  return typeof name === "string" && typeof version === "string" ? { name, version, root } : undefined;
}
