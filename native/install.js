"use strict";

// The install step. It is silent if an addon loads. If none does, it builds one. If that fails too, it prints one line, and
// hapwire runs on the portable engine. It never fails the installation.
//
// `npm_config_build_from_source=true npm rebuild hapwire` always builds. `--loglevel=verbose --foreground-scripts` shows how.

const { spawnSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const { createRequire } = require("node:module");
const path = require("node:path");

const ROOT = path.join(__dirname, "..");

/** The loader. A checkout of the repository has none before its first `npm run build:ts`. */
const LOADER = path.join(ROOT, "dist/engine/addon.js");

const isWindows = process.platform === "win32";
const isVerbose = ["verbose", "silly"].includes(process.env.npm_config_loglevel);
const isBuildWanted = process.env.npm_config_build_from_source === "true" || !existsSync(LOADER);

function runs(program, args, options = {}) {
  const { status } = spawnSync(program, args, {
    cwd: ROOT,
    stdio: isVerbose ? "inherit" : "ignore",
    windowsHide: true,
    ...options,
  });
  return status === 0;
}

/** Loads the addon in another process, which a broken addon may end. */
function loads() {
  const code = `require(${JSON.stringify(LOADER)}).loadAddon()`;
  // The variables name an addon of the running program, not of this package.
  const env = { ...process.env, HAPWIRE_PREBUILD: "", PREBUILDS_ONLY: "" };
  return runs(process.execPath, ["--eval", code], { env });
}

/** Runs the node-gyp that is installed beside hapwire, or that npm brings along, or that is on the PATH. */
function builds() {
  const script = findNodeGyp() ?? process.env.npm_config_node_gyp ?? "";
  return existsSync(script)
    ? runs(process.execPath, [script, "rebuild"])
    : runs(isWindows ? "node-gyp.cmd" : "node-gyp", ["rebuild"], { shell: isWindows });
}

function findNodeGyp() {
  try {
    return createRequire(path.join(ROOT, "package.json")).resolve("node-gyp/bin/node-gyp.js");
  } catch {
    return undefined;
  }
}

function install() {
  if (!isBuildWanted && loads()) return;
  const isBuilt = builds();
  if (existsSync(LOADER) ? !loads() : !isBuilt) {
    console.warn(
      `hapwire: no native engine for ${process.platform}-${process.arch}: no prebuilt addon loads, and none could be built. ` +
        "Everything works on the portable engine, but slower. npx hapwire doctor says why, and what to do. " +
        "To build the addon, install python3, make and a C++17 compiler (GCC 11, Clang 14 or newer), then run: npm rebuild hapwire",
    );
  } else if (!isBuilt) {
    console.warn(
      "hapwire: the addon could not be built here, and the addon that is already there is used. " +
        "To see why, run: npm_config_build_from_source=true npm rebuild hapwire --loglevel=verbose --foreground-scripts",
    );
  }
}

install();
