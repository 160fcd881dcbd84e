"use strict";

// Run on the Node under test: the engine must be native, from the file and on the processor that are expected.
// `node addon.cjs FILE ARCH`

const [file, arch] = process.argv.slice(2);
const info = require("../../dist").engineInfo();
console.log(process.version, process.arch, info);
if (info.name !== "native" || info.file !== file || process.arch !== arch) {
  console.error(`expected the native engine from ${file} on ${arch}`);
  process.exitCode = 1;
}
