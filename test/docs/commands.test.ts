/** The commands that the documents print: README's run here, and all others name scripts, files and options that exist. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";

import { ROOT, runNode } from "../support/child";
import { codeBlocks, DOCUMENTS, linesOf, read, startProgram } from "../support/documents";
import { patient } from "../support/patience";

interface Manifest {
  readonly bin: Record<string, string>;
  readonly scripts: Record<string, string>;
}

const { bin, scripts } = JSON.parse(read("package.json")) as Manifest;
const HAPWIRE = path.join(ROOT, bin["hapwire"] ?? "");

/** The commands of README that run here, each with its test. */
const RUN_HERE: Readonly<Record<string, (t: TestContext) => Promise<void>>> = {
  "npx hapwire doctor": async () => {
    const { code, stderr } = await runNode([HAPWIRE, "doctor"]);
    assert.equal(code, 0, stderr);
  },

  "node examples/lamp": async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), "hapwire-lamp-"));
    const silence = path.join(ROOT, "dist-test/test/support/silent-mdns.js");
    const args = ["--require", silence, path.join(ROOT, "examples/lamp")];
    const child = startProgram(t, args, folder, () => {
      rmSync(folder, { recursive: true });
    });
    for await (const line of linesOf(child)) {
      if (line.startsWith("listening on port ")) {
        child.kill("SIGINT");
        break;
      }
    }
    const [code] = (await once(child, "exit")) as [number | null];
    assert.equal(code, 0);
  },

  "npm start -- --help": async () => {
    const { code, stdout } = await runNode(["dist-examples/demo/main.js", "--help"]);
    assert.equal(code, 0);
    assert.match(stdout, /--serve/);
  },
};

/** The commands of README that do not run here. `inCI` is the text by which `.ci/run` runs the same. */
const SKIPPED: Readonly<Record<string, { readonly because: string; readonly inCI?: string }>> = {
  "npm ci": { because: "replaces node_modules, which this test uses", inCI: "npm ci" },
  "npm install hapwire": {
    because: "test/packaging/installs.mjs does it",
    inCI: "test/packaging/release.mjs",
  },
  "node examples/rig HOST:PORT CODE": {
    because: "test/examples/rig-and-metrics.test.ts runs it",
    inCI: "npm test",
  },
  "npm start": { because: "takes many seconds, and is a step of CI", inCI: "npm start" },
  "npm start -- --serve": { because: "announces a bridge on the network; `--help` is run instead" },
  "npm test": { because: "would run this test again", inCI: "npm test" },
  "npm run bench": { because: "takes minutes; CI makes a quick run", inCI: "npm run bench" },
};

/** Returns the commands that a document shows, in its blocks of `sh` and in its text. */
function commandsOf(document: string): string[] {
  const blocks = codeBlocks(document)
    .filter(({ language }) => language === "sh")
    .flatMap(({ code }) => code.trim().split(/ && |\n/));
  const text = read(document).replace(/^```.*?^```$/gms, "");
  const spans = [...text.matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span.replace(/\s+/g, " "));
  const isCommand = (span: string): boolean => /^(?:npm|npx|node|bash|bun|deno) [\w.-]/.test(span);
  return [...new Set([...blocks, ...spans.filter(isCommand)])];
}

describe("the commands of README", { timeout: patient(60_000) }, () => {
  const commands = commandsOf("README.md");

  for (const command of commands) {
    const { because } = SKIPPED[command] ?? {};
    it(`run: ${command}`, because === undefined ? {} : { skip: because }, async (t) => {
      const run = RUN_HERE[command] ?? assert.fail(`RUN_HERE and SKIPPED do not know ${command}`);
      await run(t);
    });
  }

  it("are run by .ci/run if a test skips them", () => {
    for (const [command, { inCI }] of Object.entries(SKIPPED)) {
      assert.ok(commands.includes(command), `README has no ${command}`);
      assert.ok(inCI === undefined || read(".ci/run").includes(inCI), `.ci/run has no ${inCI ?? ""}`);
    }
  });

  it("include help for the command that is skipped without a run", async (t) => {
    await RUN_HERE["npm start -- --help"]?.(t);
  });
});

/** For each program that a document may name: returns the fault of a command, or undefined. */
const FAULT_OF: Readonly<
  Record<string, (args: readonly string[]) => Promise<string | undefined> | string | undefined>
> = {
  npm: ([command = "", name = ""]) => {
    const script = command === "run" ? name : command;
    const isOwn = command === "run" || command === "test" || command === "start";
    return isOwn && !(script in scripts) ? `package.json has no script ${script}` : undefined;
  },
  npx: async ([program = "", command = "", ...options]) => {
    if (program !== "hapwire") {
      return existsSync(path.join(ROOT, "node_modules/.bin", program)) ? undefined : "unknown";
    }
    if (command.startsWith("-")) return undefined;
    const { code, stdout } = await runNode([HAPWIRE, command, "--help"]);
    if (code !== 0) return "no such command";
    const unknown = options.find((option) => option.startsWith("--") && !stdout.includes(`  ${option}`));
    return unknown === undefined ? undefined : `--help does not name ${unknown}`;
  },
  node: (args) => missingFile(args),
  bash: (args) => missingFile(args),
  bun: () => undefined,
  deno: (args) => {
    const [, tested = ""] = /^const deno = \[DENO, (.+)\];$/m.exec(read("test/runtimes/check.mjs")) ?? [];
    const shown = args.slice(0, -1).map((word) => `"${word}"`);
    return tested === shown.join(", ") ? undefined : `test/runtimes/check.mjs runs it with ${tested}`;
  },
};

/** Returns a fault if the file that a command runs, or its source, does not exist. */
function missingFile(args: readonly string[]): string | undefined {
  const file = args.find((arg) => !arg.startsWith("-")) ?? "";
  const source = file
    .replace(/^dist-test\//, "")
    .replace(/^dist-(?=bench\/|examples\/)/, "")
    .replace(/\.(m?)js$/, ".$1ts");
  const isThere = [file, source].some((name) => name !== "" && existsSync(path.join(ROOT, name)));
  return isThere ? undefined : `there is no ${file}`;
}

describe("the commands of all documents", { timeout: patient(60_000) }, () => {
  for (const document of DOCUMENTS) {
    it(`exist: ${document}`, async () => {
      for (const command of commandsOf(document)) {
        const [program = "", ...args] = command.replace(/^sudo -u \w+ /, "").split(" ");
        const fault = await FAULT_OF[program]?.(args);
        assert.equal(fault, undefined, `${document}: ${command}: ${fault ?? ""}`);
      }
    });
  }
});
