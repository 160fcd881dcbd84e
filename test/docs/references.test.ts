/** Everything that documents and sources refer to exists: links, headings, tests, options, error codes, metrics. */

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

import { EventedHTTPServer } from "hapwire";
import { collectMetrics } from "hapwire/metrics";
import { Registry } from "prom-client";

import { settingsFrom } from "#src/options";

import { ROOT } from "../support/child";
import { DOCUMENTS, read } from "../support/documents";

/** Folders whose comments may cite docs/protocol.md. */
const CITING = ["src", "native", "test", "bench", "plugin/src", "examples"];

/** Returns the headings of a document, without their marks. */
function headingsOf(document: string): string[] {
  const text = read(document).replace(/^```.*?^```$/gms, "");
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
}

/** Returns the fragment by which a link reaches a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, "")
    .replace(/\s/g, "-");
}

describe("README and docs", () => {
  it("have links that resolve, fragments too", () => {
    const broken = DOCUMENTS.flatMap((document) =>
      [...read(document).matchAll(/\]\((?!https?:)([^)\s]*)\)/g)]
        .map(([, link = ""]) => link)
        .filter((link) => !resolves(document, link))
        .map((link) => `${document}: ${link}`),
    );
    assert.deepEqual(broken, []);
  });

  it("are all reached from README or CONTRIBUTING", () => {
    const linked = new Set(["README.md", "CONTRIBUTING.md"]);
    for (const document of linked) {
      for (const [, link = ""] of read(document).matchAll(/\]\(([\w./-]+\.md)/g)) {
        linked.add(path.posix.join(path.posix.dirname(document), link));
      }
    }
    assert.deepEqual(
      DOCUMENTS.filter((document) => !linked.has(document)),
      [],
    );
  });
});

function resolves(document: string, link: string): boolean {
  const [file = "", fragment] = link.split("#");
  const target = file === "" ? document : path.posix.join(path.posix.dirname(document), file);
  if (!existsSync(path.join(ROOT, target))) return false;
  return fragment === undefined || headingsOf(target).some((heading) => anchorOf(heading) === fragment);
}

describe("docs/protocol.md", () => {
  it("has a heading for each citation in the sources", () => {
    const headings = new Set(headingsOf("docs/protocol.md").map((heading) => heading.toLowerCase()));
    const citations = CITING.flatMap((folder) =>
      readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
        .filter((file) => /\.(ts|mjs|cc|h)$/.test(file) && !/\b(dist|build|node_modules)\b/.test(file))
        .map((file) => path.posix.join(folder, file))
        // This file has the form of a citation, and none.
        .filter((file) => file !== "test/docs/references.test.ts")
        .flatMap((file) =>
          [...read(file).matchAll(/\[PROTOCOL: ([^\]]+)\]/g)].map(([, heading = ""]) => ({ file, heading })),
        ),
    );
    assert.ok(citations.length > 20);
    assert.deepEqual(
      citations.filter(({ heading }) => !headings.has(heading)),
      [],
    );
  });
});

describe("docs/limits.md", () => {
  it("names every option", () => {
    const names = Object.keys(settingsFrom({})).filter((name) => name !== "engine" && name !== "clock");
    assert.ok(names.length > 5);
    const text = read("docs/limits.md");
    for (const name of names) {
      assert.ok(new RegExp(`\\b${name}\\b`).test(text), `docs/limits.md does not name the option ${name}`);
    }
  });
});

describe("docs/metrics.md", () => {
  it("names every metric, and no other", async () => {
    const register = new Registry();
    const stop = collectMetrics(new EventedHTTPServer(), { register, prefix: "" });
    const metrics = await register.getMetricsAsJSON();
    stop();
    const rows = [...read("docs/metrics.md").matchAll(/^\| `(\w+)` +\| (counter|gauge|histogram) /gm)];
    assert.deepEqual(
      rows.map(([, name, type]) => `${name ?? ""} ${type ?? ""}`).sort(),
      metrics.map(({ name, type }) => `${name} ${String(type)}`).sort(),
    );
  });
});

describe("docs/errors.md", () => {
  it("has a heading for every code, and for nothing else", () => {
    const codes = [...read("src/errors.ts").matchAll(/"(ERR_HAPWIRE_\w+)"/g)].map(([, code = ""]) => code);
    const headings = [...read("docs/errors.md").matchAll(/^## (.+)$/gm)].map(([, heading = ""]) => heading);
    assert.deepEqual(headings.toSorted(), [...new Set(codes)].toSorted());
  });
});

describe("docs/faults.md and SECURITY.md", () => {
  it("name tests that exist", () => {
    for (const document of ["docs/faults.md", "SECURITY.md"]) {
      const text = read(document);
      const files = [...text.matchAll(/`((?:test|native)\/[\w./-]+\.(?:ts|cc))`/g)].map(
        ([, file]) => file ?? "",
      );
      assert.ok(files.length > 5);
      const sources = [...new Set(files)].map((file) => read(file)).join("\n");
      const titles = [...text.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => title.replace(/\s+/g, " "));
      for (const title of titles) {
        assert.ok(sources.includes(title), `${document} names a test that is not there: ${title}`);
      }
    }
  });
});
