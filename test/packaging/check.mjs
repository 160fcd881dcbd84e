// What `npm pack` would publish, held against the tree: nothing missing, nothing too much, nothing stale.
// Needs a built dist/. `node test/packaging/check.mjs`
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import path from "node:path";

const ROOT = path.join(import.meta.dirname, "../..");

/** Packed though no other file asks for them. */
const REQUIRED = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "binding.gyp",
  "native/install.js",
  "package.json",
  "prebuilds/README.md",
];

/** What no path of a packed file may match. */
const FORBIDDEN = [
  {
    pattern: /^(?!CHANGELOG|LICENSE|README|binding|package|native\/|dist\/|prebuilds\/)/,
    why: "is not on the list",
  },
  { pattern: /^native\/(?!install\.js$|(binding|core)\/[^/]+\.(cc|h)$)/, why: "is no source of the addon" },
  { pattern: /^dist\/demo\//, why: "belongs to the demo" },
  { pattern: /^dist\/(?!.*(\.js|\.d\.ts)$)/, why: "is neither JavaScript nor types" },
  { pattern: /^prebuilds\/(?!README\.md$|[^/]+\/[^/]+\.node$)/, why: "is no prebuilt addon" },
  { pattern: /(^|\/)\.|\.(log|tgz|map|pem|key)$|~$/, why: "is no file to publish" },
];

const manifest = JSON.parse(read("package.json"));
const packed = packedFiles();
const sources = list("src", ".ts").filter((file) => !file.startsWith("src/demo/"));

function read(file) {
  return readFileSync(path.join(ROOT, file), "utf8");
}

/** @returns {string[]} The files below a folder whose name ends so, by their paths in the tree. */
function list(folder, suffix) {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((file) => path.posix.join(folder, file.split(path.sep).join("/")))
    .filter((file) => file.endsWith(suffix));
}

/** @returns {Set<string>} */
function packedFiles() {
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const output = execFileSync(npm, ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const answer = JSON.parse(output);
  // npm 12 gives an object by package name, those before it a list.
  const [result] = Object.values(answer);
  return new Set(result.files.map((file) => file.path));
}

/** @returns {string[]} What compiling the sources gives. */
function compiledFiles() {
  return sources
    .filter((file) => !file.endsWith(".d.ts"))
    .flatMap((file) =>
      [".js", ".d.ts"].map((suffix) => file.replace(/^src/, "dist").replace(/\.ts$/, suffix)),
    );
}

/** @returns {string[]} The files that package.json names: main, types, exports, bin. */
function namedFiles() {
  const named = [];
  const visit = (value) => {
    if (typeof value === "string") named.push(path.posix.normalize(value));
    else if (value !== undefined && value !== null) Object.values(value).forEach(visit);
  };
  [manifest.main, manifest.types, manifest.exports, manifest.bin].forEach(visit);
  return named;
}

/** @returns {string[]} The sources that binding.gyp names, and the headers beside them. */
function addonFiles() {
  const named = [...read("binding.gyp").matchAll(/"(native\/[^"]+\.cc)"/g)].map((match) => match[1]);
  return [...named, ...list("native/core", ".h"), ...list("native/binding", ".h")];
}

function findMissing() {
  const wanted = new Set([...REQUIRED, ...namedFiles(), ...compiledFiles(), ...addonFiles()]);
  return [...wanted].filter((file) => !packed.has(file)).map((file) => `${file} is not packed`);
}

function findUnwanted() {
  const unwanted = [];
  for (const file of packed) {
    const rule = FORBIDDEN.find(({ pattern }) => pattern.test(file));
    if (rule !== undefined) unwanted.push(`${file} is packed, but ${rule.why}`);
  }
  return unwanted;
}

function findStale() {
  const compiled = new Set(compiledFiles());
  return [...packed]
    .filter((file) => file.startsWith("dist/") && !file.startsWith("dist/demo/") && !compiled.has(file))
    .map((file) => `${file} is packed, but no source gives it: remove dist/ and build again`);
}

/** Sources that are in the tree, and that binding.gyp forgot. */
function findUnbuilt() {
  const named = new Set(addonFiles());
  return [...list("native/core", ".cc"), ...list("native/binding", ".cc")]
    .filter((file) => !named.has(file))
    .map((file) => `${file} is not among the sources of binding.gyp`);
}

/** Packages that the packed code needs, and that package.json doesn't name. */
function findUndeclared() {
  const declared = new Set([
    ...Object.keys(manifest.dependencies ?? {}),
    ...Object.keys(manifest.peerDependencies ?? {}),
    ...builtinModules,
  ]);
  const undeclared = [];
  for (const file of packed) {
    if (!file.startsWith("dist/") || !existsSync(path.join(ROOT, file))) continue;
    for (const [, name] of read(file).matchAll(
      /(?:require|import|from) ?\(?"((?:@[^/"]+\/)?[^./"#:][^/":]*)[^":]*"\)?/g,
    )) {
      if (!declared.has(name)) undeclared.push(`${file} needs ${name}, which package.json doesn't name`);
    }
  }
  return undeclared;
}

function findRegistries() {
  return read("package-lock.json").includes('"resolved"')
    ? [
        "package-lock.json says where packages were downloaded from: npm install --omit-lockfile-registry-resolved",
      ]
    : [];
}

const faults = [
  ...findMissing(),
  ...findUnwanted(),
  ...findStale(),
  ...findUnbuilt(),
  ...findUndeclared(),
  ...findRegistries(),
];
for (const fault of faults) console.error(`package: ${fault}`);
if (faults.length > 0) process.exit(1);
console.log(`package: ${packed.size} files, as they should be`);
