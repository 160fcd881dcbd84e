// Puts the status page's files into dist/status/page: its code without the types, and the chart library beside it, so that
// nothing is fetched from the network. Part of `npm run build`; `npm run typecheck` checks the types.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

const ROOT = path.join(import.meta.dirname, "../..");
const SOURCE = path.join(import.meta.dirname, "page");
const TARGET = path.join(ROOT, "dist/status/page");
const UPLOT = path.join(ROOT, "node_modules/uplot");

const COPIED = {
  "uplot.js": path.join(UPLOT, "dist/uPlot.iife.min.js"),
  "uplot.css": path.join(UPLOT, "dist/uPlot.min.css"),
  "uplot-LICENSE.txt": path.join(UPLOT, "LICENSE"),
  "index.html": path.join(SOURCE, "index.html"),
  "page.css": path.join(SOURCE, "page.css"),
  "icon.svg": path.join(SOURCE, "icon.svg"),
};

rmSync(TARGET, { recursive: true, force: true });
mkdirSync(TARGET, { recursive: true });
for (const [name, file] of Object.entries(COPIED)) {
  copyFileSync(file, path.join(TARGET, name));
}
// The package is CommonJS; the page's code is not, whoever reads it.
writeFileSync(path.join(TARGET, "package.json"), '{ "type": "module" }\n');
for (const name of readdirSync(SOURCE).filter((file) => file.endsWith(".ts"))) {
  const { outputText } = ts.transpileModule(readFileSync(path.join(SOURCE, name), "utf8"), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 },
    fileName: name,
  });
  writeFileSync(path.join(TARGET, name.replace(/\.ts$/, ".js")), outputText);
}
