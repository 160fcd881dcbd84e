// The list of the files that ship. A tarball must have exactly these, and none may be stale. To ship another file, add it here
// and to "files" in package.json.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import path from "node:path";

import ts from "typescript";

import { prebuiltFile, TARGETS } from "../../prebuilds/targets.mjs";

const ROOT = path.join(import.meta.dirname, "../..");

/** Files that ship unchanged. */
const AS_THEY_ARE = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "binding.gyp",
  "native/binding/exports.map",
  "native/install.js",
  "package.json",
];

/** Folders of TypeScript, with the files that each source is compiled to. */
const COMPILED = [
  { from: "src", to: "dist", suffixes: [".js", ".d.ts"], leftOut: /^src\/status\/page\// },
  { from: "src/status/page", to: "dist/status/page", suffixes: [".js"] },
  {
    from: "bench",
    to: "dist-bench",
    suffixes: [".js"],
    // Useful only in a checkout.
    leftOut: /^bench\/(instructions\/|report\/(generate|main|markdown)\.ts$)/,
  },
];

/** The files of the status page beside its code: see src/status/build-page.mjs. */
const PAGE_FILES = [
  "index.html",
  "page.css",
  "icon.svg",
  "uplot.js",
  "uplot.css",
  "uplot-LICENSE.txt",
  "package.json",
];

const manifest = JSON.parse(read("package.json"));

function read(file) {
  return readFileSync(path.join(ROOT, file), "utf8");
}

/** @returns {string[]} The files below a folder whose name ends so, by their paths in the tree. */
function list(folder, suffix) {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((file) => path.posix.join(folder, file.split(path.sep).join("/")))
    .filter((file) => file.endsWith(suffix));
}

/** @returns {string[]} The files that the sources are compiled to. */
function compiledFiles() {
  return COMPILED.flatMap(({ from, to, suffixes, leftOut }) =>
    list(from, ".ts")
      .filter((file) => !file.endsWith(".d.ts") && leftOut?.test(file) !== true)
      .flatMap((file) =>
        suffixes.map((suffix) =>
          path.posix.join(to, path.posix.relative(from, file)).replace(/\.ts$/, suffix),
        ),
      ),
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

function expectedFiles() {
  return new Set([
    ...AS_THEY_ARE,
    ...namedFiles(),
    ...compiledFiles(),
    ...PAGE_FILES.map((file) => `dist/status/page/${file}`),
    ...addonFiles(),
    ...TARGETS.map(prebuiltFile),
    ...list("docs", "").filter((file) => /^docs\/[^/]+\.(md|svg)$/.test(file)),
  ]);
}

/** @param {Set<string>} packed */
function findDifferences(packed) {
  const expected = expectedFiles();
  return [
    ...[...expected].filter((file) => !packed.has(file)).map((file) => `${file} is not packed`),
    ...[...packed]
      .filter((file) => !expected.has(file))
      .map(
        (file) =>
          `${file} is packed, and nothing says that it should be: is it left over from an earlier build?`,
      ),
  ];
}

/** Sources that are in the tree, and that binding.gyp forgot. */
function findUnbuilt() {
  const named = new Set(addonFiles());
  return [...list("native/core", ".cc"), ...list("native/binding", ".cc")]
    .filter((file) => !named.has(file))
    .map((file) => `${file} is not among the sources of binding.gyp`);
}

/**
 * Packages that the packed code needs, and that package.json doesn't name.
 * @param {Set<string>} packed
 */
function findUndeclared(packed) {
  const declared = new Set([
    ...Object.keys(manifest.dependencies ?? {}),
    ...Object.keys(manifest.peerDependencies ?? {}),
    ...builtinModules,
    manifest.name,
  ]);
  return [...packed]
    .filter((file) => /^dist.*\.js$/.test(file) && existsSync(path.join(ROOT, file)))
    .flatMap((file) =>
      neededPackages(read(file))
        .filter((name) => !declared.has(name))
        .map((name) => `${file} needs ${name}, which package.json doesn't name`),
    );
}

/** @returns {string[]} The packages that a source requires or imports, as its scanner sees it: comments name others. */
function neededPackages(source) {
  return ts
    .preProcessFile(source, true, true)
    .importedFiles.map(({ fileName }) => fileName.replace(/^node:/, ""))
    .filter((name) => !/^[./#]/.test(name))
    .map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)[0]);
}

function findLockFaults() {
  const { packages } = JSON.parse(read("package-lock.json"));
  return Object.entries(packages).flatMap(([folder, { resolved, hasInstallScript }]) => [
    // The links to the packages of this repository have a path here.
    ...(/^\w+:/.test(resolved ?? "")
      ? [`package-lock.json has an address of ${folder}: npm install --omit-lockfile-registry-resolved`]
      : []),
    // npm warns whoever installs of each package with an install script.
    ...(hasInstallScript === true && folder !== "" ? [`${folder} has an install script`] : []),
  ]);
}

/**
 * @param {Iterable<string>} files The paths of the files in the tarball.
 * @returns {string[]} Its faults, a sentence each.
 */
export function contentFaults(files) {
  const packed = new Set(files);
  return [...findDifferences(packed), ...findUnbuilt(), ...findUndeclared(packed), ...findLockFaults()];
}
