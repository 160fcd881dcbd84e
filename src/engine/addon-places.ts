/** The files in which the addon may be. */

import path from "node:path";

import { BUILD_IT, type AddonFault } from "./addon-error";

/** `prebuilt`: the addon came with the package. `built`: it was compiled on this machine. */
export type AddonOrigin = "prebuilt" | "built";

/** A file in which the addon may be. */
export interface AddonPlace {
  readonly file: string;
  readonly origin: AddonOrigin;
  /** The remedy if the file is damaged, cannot be read, or is another package's. */
  readonly renewal: string;
}

/** The files to try, in this order, and the fault if all of them are missing. */
export interface AddonSearch {
  readonly places: readonly AddonPlace[];
  readonly absence: AddonFault;
}

/** The path of node-gyp's addon, below the package's folder. */
const BUILT_FILES = ["build/Release/hapwire.node", "build/Debug/hapwire.node"];

/** The path of this file in the package. */
const OWN_PLACE = path.join("dist", "engine", "addon-places.js");

/** Lists the files below `HAPWIRE_PREBUILD`, or else the package's folder, or else the folder of the bundle. */
export function searchForAddon(): AddonSearch {
  const { platform, arch, config, env } = process;
  // Undefined unless Node was built for ARM.
  const { arm_version: armVersion = "" } = config.variables as { arm_version?: string | number };
  const prebuiltFile = prebuiltFileFor(platform, arch, String(armVersion));
  const { folder, ifAbsent, renewal } = rootFor(env["HAPWIRE_PREBUILD"] ?? "", prebuiltFile);
  const builtFiles = (env["PREBUILDS_ONLY"] ?? "") === "" ? BUILT_FILES : [];
  return {
    places: [
      ...builtFiles.map((file) => place(folder, file, "built", BUILD_IT)),
      place(folder, prebuiltFile, "prebuilt", renewal),
    ],
    absence: { reason: `there is no ${path.join(folder, prebuiltFile)}`, remedy: ifAbsent },
  };
}

function place(folder: string, file: string, origin: AddonOrigin, renewal: string): AddonPlace {
  return { file: path.join(folder, file), origin, renewal };
}

/**
 * The prebuilt addon of a platform, as prebuildify names it.
 *
 * @param armVersion - The ARM that Node was built for: a processor of ARMv6 cannot run an addon for ARMv7.
 */
export function prebuiltFileFor(platform: string, arch: string, armVersion: string): string {
  const tag = arch === "arm" ? `.armv${armVersion}` : "";
  return `prebuilds/${platform}-${arch}/hapwire${tag}.node`;
}

/** The folder that has `prebuilds/` or `build/`, with the remedies if the addon in it is absent or damaged. */
interface Root {
  readonly folder: string;
  readonly ifAbsent: string;
  readonly renewal: string;
}

function rootFor(named: string, prebuiltFile: string): Root {
  const renewal = "copy the folder prebuilds of the hapwire package again";
  if (named !== "") {
    const ifAbsent = `let HAPWIRE_PREBUILD name a folder that has ${prebuiltFile}`;
    return { folder: path.resolve(named), ifAbsent, renewal };
  }
  if (typeof __filename === "string" && path.isAbsolute(__filename) && __filename.endsWith(OWN_PLACE)) {
    const folder = path.dirname(path.dirname(path.dirname(__filename)));
    return {
      folder,
      ifAbsent: BUILD_IT,
      renewal: `reinstall hapwire: delete ${folder}, then run npm install`,
    };
  }
  // A bundler has taken the code away from the package. In an ECMAScript module there is no __dirname.
  const { argv, execPath } = process;
  const folder = typeof __dirname === "string" ? path.resolve(__dirname) : path.dirname(argv[1] ?? execPath);
  const ifAbsent =
    "copy the folder prebuilds of the hapwire package beside the bundle, or let HAPWIRE_PREBUILD name the folder that has it";
  return { folder, ifAbsent, renewal };
}
