// The tarball on the Node under test: npm, on that Node, installs it without scripts in an empty folder. Then come
// `hapwire doctor` and sessions with the prebuilt addon, and sessions without. `node installed.mjs NODE TARBALL`, with
// npm's own file in npm_execpath.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { converse, createProject } from "../packaging/installs.mjs";
import { run } from "../packaging/shell.mjs";
import { expectNative, expectPortable } from "../packaging/table.mjs";

const [node, tarball] = process.argv.slice(2);
const npm = process.env["npm_execpath"];
if (tarball === undefined || npm === undefined) {
  console.error("Usage: npm exec -- node test/platforms/installed.mjs NODE TARBALL");
  process.exit(2);
}

const work = mkdtempSync(path.join(tmpdir(), "hapwire-installed-"));
try {
  const project = createProject(path.join(work, "user"));
  console.log(run([node, npm, "install", "--ignore-scripts", tarball], { cwd: project }));
  // The tarball itself is on trial, not the checkout's addon.
  const how = { node: [node], environment: { PREBUILDS_ONLY: "" } };
  const sessions = converse(project, how);
  console.log(sessions);
  expectNative("installed", sessions);
  const doctor = [node, "node_modules/hapwire/dist/cli/main.js", "doctor"];
  console.log(run(doctor, { cwd: project, env: { ...process.env, ...how.environment, HAPWIRE_ENGINE: "" } }));
  rmSync(path.join(project, "node_modules/hapwire/prebuilds"), { recursive: true });
  const without = converse(project, how);
  console.log(without);
  expectPortable("without the prebuilt addons", without);
} finally {
  rmSync(work, { recursive: true });
}
