/** The types of the package, as a program without the optional peers compiles them. */

import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";

import ts from "typescript";

import { ROOT } from "../support/child";
import { patient } from "../support/patience";

/** The packages that a program has beside hapwire: dependencies with types, and no peer. */
const DEPENDENCIES = ["fast-srp-hap", "@types/node", "undici-types"];

const PROGRAM = `
import { EventedHTTPServer } from "hapwire";
import { collectMetrics, type MetricsOptions } from "hapwire/metrics";
import { AccessoryPairing, MemoryStorage } from "hapwire/pairing";
import { install } from "hapwire/homebridge";
// @ts-expect-error no peer is installed
import type { Registry } from "prom-client";

const options: MetricsOptions = { name: "lamp" };
export const stop: () => void = collectMetrics(new EventedHTTPServer(), options);
export const pairing: Promise<AccessoryPairing> = AccessoryPairing.open({ storage: new MemoryStorage() });
export const { isActive } = install({});
// @ts-expect-error the types are not any
collectMetrics(5);
`;

/** @returns The folder of a program that has hapwire's declarations as the package has them. */
function createProgram(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "hapwire-types-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const modules = path.join(folder, "node_modules");
  for (const name of ["package.json", "dist"]) {
    // Only the files that a compiler reads.
    const filter = (source: string): boolean =>
      !/\.[a-z]+$/.test(path.basename(source)) || /\.d\.ts$|\.json$/.test(source);
    cpSync(path.join(ROOT, name), path.join(modules, "hapwire", name), { recursive: true, filter });
  }
  for (const name of DEPENDENCIES) {
    mkdirSync(path.dirname(path.join(modules, name)), { recursive: true });
    symlinkSync(path.join(ROOT, "node_modules", name), path.join(modules, name));
  }
  return folder;
}

/** @returns The compiler's errors. */
function compile(folder: string, program: string): string[] {
  const file = path.join(folder, "program.mts");
  writeFileSync(file, program);
  const options: ts.CompilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    types: ["node"],
    typeRoots: [path.join(folder, "node_modules/@types")],
    preserveSymlinks: true,
  };
  const errors = ts.getPreEmitDiagnostics(ts.createProgram([file], options));
  return errors.map(
    (error) => `${error.file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(error.messageText, " ")}`,
  );
}

describe("the types", { timeout: patient(120_000) }, () => {
  it("compile without the optional peers, with skipLibCheck off", (t) => {
    const folder = createProgram(t);
    assert.deepEqual(compile(folder, PROGRAM), []);
  });

  it("take a registry of prom-client", (t) => {
    const folder = createProgram(t);
    for (const name of ["prom-client", "@opentelemetry/api", "tdigest", "bintrees"]) {
      const target = path.join(folder, "node_modules", name);
      mkdirSync(path.dirname(target), { recursive: true });
      symlinkSync(path.join(ROOT, "node_modules", name), target);
    }
    const program = `
      import { EventedHTTPServer } from "hapwire";
      import { collectMetrics } from "hapwire/metrics";
      import { Registry, register } from "prom-client";
      collectMetrics(new EventedHTTPServer(), { register });
      collectMetrics(new EventedHTTPServer(), { register: new Registry() });`;
    assert.deepEqual(compile(folder, program), []);
  });
});
