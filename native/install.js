"use strict";

// The install step: use the prebuilt addon, else build one, else say in one line that the portable engine will do.
// A failed build never fails the installation: hapwire runs without the addon, only slower.

const { spawnSync } = require("node:child_process");

const build = spawnSync(process.execPath, [require.resolve("node-gyp-build/bin.js")], { stdio: "inherit" });

if (build.status !== 0) {
  console.warn(
    `hapwire: no native engine for ${process.platform}-${process.arch} (no prebuilt addon, and building one failed); ` +
      "the portable engine will be used. To have the native one, install python3, make and a C++17 compiler, " +
      "then run: npm rebuild hapwire",
  );
}
