"use strict";

// The install step: quiet and done where an addon loads; else it builds one; else it says in one line that the portable
// engine will do. It never fails the installation: hapwire runs without the addon, only slower.
//
// `npm_config_build_from_source=true npm rebuild hapwire` builds in any case, `--loglevel=verbose --foreground-scripts` shows how.

const { spawnSync } = require("node:child_process");
const path = require("node:path");

const ROOT = path.join(__dirname, "..");

/** In a process of its own: an addon that is broken enough takes its process down. */
function runs(script) {
  const verbose = ["verbose", "silly"].includes(process.env.npm_config_loglevel);
  const { status } = spawnSync(process.execPath, [require.resolve(script)], {
    cwd: ROOT,
    // node-gyp-build takes a variable of the package's name for a word to leave all as it is: HAPWIRE=off is another's.
    env: { ...process.env, HAPWIRE: undefined },
    stdio: verbose ? "inherit" : "ignore",
  });
  return status === 0;
}

const loads = () => runs("node-gyp-build/build-test.js");
const builds = () => runs("node-gyp-build/bin.js");

const fromSource = process.env.npm_config_build_from_source === "true";

if (fromSource || !loads()) {
  const built = builds();
  if (!loads()) {
    console.warn(
      `hapwire: no native engine for ${process.platform}-${process.arch}: no prebuilt addon loads, and none could be built. ` +
        "The portable engine does the same, slower. For the native one install python3, make and a C++17 compiler (GCC 11, Clang 14 or newer), " +
        "then run: npm rebuild hapwire",
    );
  } else if (!built) {
    console.warn(
      "hapwire: the addon could not be built here; the one that is there already runs. " +
        "Why, says: npm_config_build_from_source=true npm rebuild hapwire --loglevel=verbose --foreground-scripts",
    );
  }
}
