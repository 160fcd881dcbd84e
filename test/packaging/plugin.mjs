// The plugin's tarball: its files, and that a real Homebridge runs it. The tarball is installed as Homebridge installs
// plugins: without scripts, then `npm rebuild`, in a plugin folder.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { clearTimeout, setTimeout } from "node:timers";

import { run } from "./shell.mjs";

const ROOT = path.join(import.meta.dirname, "../..");
const PLUGIN = path.join(ROOT, "plugin");

/** The smallest Homebridge of those that are tested. */
const HOMEBRIDGE = "homebridge@1.11.4";

const AS_THEY_ARE = ["LICENSE", "README.md", "config.schema.json", "package.json"];

/** Milliseconds that Homebridge may take to publish its bridge. */
const PATIENCE = 120_000;

/** @returns {{ tarball: string, size: number, files: { path: string }[] }} */
export function packPlugin(folder) {
  const command = ["npm", "pack", "--json", "--pack-destination", folder, PLUGIN];
  // npm 12 gives an object by package name, those before it a list.
  const [packed] = Object.values(JSON.parse(run(command, { cwd: ROOT })));
  return { ...packed, tarball: path.join(folder, packed.filename) };
}

/** @returns {string[]} The faults of the plugin's tarball, a sentence each. */
export function pluginFaults({ files }) {
  const packed = new Set(files.map((file) => file.path));
  const expected = new Set([...AS_THEY_ARE, ...compiled("src", "dist"), ...pageFiles()]);
  const manifest = JSON.parse(readFileSync(path.join(PLUGIN, "package.json"), "utf8"));
  const hapwire = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8"));
  const faults = [
    ...[...expected].filter((file) => !packed.has(file)).map((file) => `${file} is not packed`),
    ...[...packed]
      .filter((file) => !expected.has(file))
      .map((file) => `${file} is packed, and nothing asks for it`),
  ];
  if (JSON.stringify(manifest.dependencies) !== JSON.stringify({ hapwire: hapwire.version })) {
    faults.push("the plugin must depend on this version of hapwire alone");
  }
  if (manifest.scripts !== undefined) faults.push("the plugin must have no scripts");
  if (manifest.version !== hapwire.version) faults.push("the plugin must have hapwire's version");
  return faults;
}

function compiled(from, to) {
  return readdirSync(path.join(PLUGIN, from))
    .flatMap((name) => (name === "ui" ? ["ui/answer.ts", "ui/server.ts"] : [name]))
    .map((name) => path.posix.join(to, name.replace(/\.ts$/, ".js")));
}

/** The page of hapwire, and what the dialog adds or replaces. */
function pageFiles() {
  const page = readdirSync(path.join(ROOT, "dist/status/page"));
  return [...page, "dialog.css", "notice.js"].map((name) => `dist/ui/public/${name}`);
}

/** @throws Error with Homebridge's log if hapwire does not carry its bridge on the prebuilt addon. */
export async function runUnderHomebridge(tarballs, work) {
  const homebridge = path.join(work, "homebridge");
  const plugins = path.join(work, "plugins");
  const storage = path.join(work, "storage");
  for (const folder of [homebridge, plugins, storage]) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "package.json"), '{ "private": true }');
  }
  run(["npm", "install", "--ignore-scripts", "--no-audit", HOMEBRIDGE], { cwd: homebridge });
  run(["npm", "install", "--ignore-scripts", "--no-audit", ...tarballs], { cwd: plugins });
  run(["npm", "rebuild"], { cwd: plugins });
  const installed = JSON.parse(run(["npm", "ls", "--json", "--depth=0"], { cwd: plugins })).dependencies;
  for (const name of ["hapwire", "homebridge-hapwire"]) {
    if (installed[name] === undefined) throw new Error(`${name} is not installed in ${plugins}`);
  }
  cpSync(
    path.join(ROOT, "test/homebridge/plugin"),
    path.join(plugins, "node_modules/homebridge-hapwire-lamps"),
    {
      recursive: true,
    },
  );
  writeFileSync(path.join(storage, "config.json"), JSON.stringify(CONFIG));
  return firstLine(path.join(homebridge, "node_modules/.bin/homebridge"), [
    ...[
      "--no-qrcode",
      "--no-timestamp",
      "--strict-plugin-resolution",
      "-P",
      path.join(plugins, "node_modules"),
    ],
    ...["-U", storage],
  ]);
}

const CONFIG = {
  bridge: { name: "Release", username: "0E:11:22:33:44:88", port: 0, pin: "031-45-154", bind: ["127.0.0.1"] },
  platforms: [{ platform: "Hapwire", name: "hapwire" }],
};

/** Runs Homebridge until it listens. @returns The line in which hapwire names the bridge that it carries. */
async function firstLine(program, args) {
  const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, NODE_OPTIONS: "" } });
  const deadline = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  const lines = [];
  try {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        if (/ is running on port \d+/.test(line)) child.kill("SIGKILL");
      });
    }
    await once(child, "close");
  } finally {
    clearTimeout(deadline);
  }
  const carried = lines.find((line) => /^\[hapwire\] carries Release .*: native engine /.test(line));
  if (carried === undefined) throw new Error(`hapwire does not carry the bridge:\n${lines.join("\n")}`);
  return carried;
}
