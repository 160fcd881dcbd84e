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

/** The loader. A checkout of the repository has none before its first `npm run build`. */
const LOADER = path.join(ROOT, "dist/engine/addon.js");

const isWindows = process.platform === "win32";
const isVerbose = ["verbose", "silly"].includes(process.env.npm_config_loglevel);
const isBuildWanted = process.env.npm_config_build_from_source === "true" || !existsSync(LOADER);

/** The exit code of the process that has printed why the addon does not load. */
const FAULT_PRINTED = 3;

function runs(program, args, options = {}) {
  const { status } = spawnSync(program, args, {
    cwd: ROOT,
    stdio: isVerbose ? "inherit" : "ignore",
    windowsHide: true,
    ...options,
  });
  return status === 0;
}

/**
 * Loads the addon in another process, which a broken addon may end.
 *
 * @returns The cause and the remedy if it does not load; undefined if it does.
 */
function findFault() {
  const code = `
    try {
      require(${JSON.stringify(LOADER)}).loadAddon();
    } catch (error) {
      if (error.remedy === undefined) throw error;
      console.log(error.message + "\\n" + error.remedy);
      process.exitCode = ${FAULT_PRINTED};
    }`;
  const { status, signal, stdout } = spawnSync(process.execPath, ["--eval", code], {
    cwd: ROOT,
    // The variables name an addon of the running program, not of this package.
    env: { ...process.env, HAPWIRE_PREBUILD: "", PREBUILDS_ONLY: "" },
    encoding: "utf8",
    stdio: ["ignore", "pipe", isVerbose ? "inherit" : "ignore"],
    windowsHide: true,
  });
  if (status === 0) return undefined;
  if (status !== FAULT_PRINTED) {
    const message = `the addon ended its process with ${status ?? signal}`;
    return { message, remedy: "run npx hapwire doctor, and report what it prints" };
  }
  // The last two lines: a module that NODE_OPTIONS preloads may print others.
  const [message, remedy] = stdout.trimEnd().split("\n").slice(-2);
  return { message, remedy };
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
  if (!isBuildWanted && findFault() === undefined) return;
  const isBuilt = builds();
  const fault = existsSync(LOADER) ? findFault() : undefined;
  if (fault !== undefined) {
    console.warn(
      `hapwire: no native engine for ${process.platform}-${process.arch}: ${fault.message}` +
        `${isBuilt ? "" : ", and the addon could not be built here"}. ` +
        `Everything works on the portable engine, but slower. For the native engine, ${fault.remedy}.`,
    );
  } else if (!isBuilt) {
    console.warn(
      `hapwire: the addon could not be built here${existsSync(LOADER) ? ", and the addon that is already there is used" : ""}. ` +
        "To see why, run: npm_config_build_from_source=true npm rebuild hapwire --loglevel=verbose --foreground-scripts",
    );
  }
}

install();
