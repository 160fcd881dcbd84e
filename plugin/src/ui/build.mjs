// Makes the page of the settings dialog in dist/ui/public: hapwire's status page with another source of its reports, so that
// both show the same. Part of `npm run build`, after the status page.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import ts from "typescript";

const SOURCE = path.join(import.meta.dirname, "public");
const TARGET = path.join(import.meta.dirname, "../../dist/ui/public");
const STATUS_PAGE = path.join(import.meta.dirname, "../../../dist/status/page");

rmSync(TARGET, { recursive: true, force: true });
mkdirSync(path.dirname(TARGET), { recursive: true });
cpSync(STATUS_PAGE, TARGET, { recursive: true });
for (const name of readdirSync(SOURCE)) {
  const text = readFileSync(path.join(SOURCE, name), "utf8");
  if (name.endsWith(".css")) {
    writeFileSync(path.join(TARGET, name), `${palette(path.join(STATUS_PAGE, "page.css"))}\n${text}`);
  } else if (name.endsWith(".ts") && !name.endsWith(".d.ts")) {
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 },
      fileName: name,
    });
    writeFileSync(path.join(TARGET, name.replace(/\.ts$/, ".js")), outputText);
  }
}
writeFileSync(path.join(TARGET, "index.html"), fragment(path.join(STATUS_PAGE, "index.html")));

/** The colours of the status page: the UI says if they are light or dark, not the browser. */
function palette(file) {
  const [light, dark] = [...readFileSync(file, "utf8").matchAll(/:root \{([^}]*)\}/g)].map(
    ([, rules]) => rules,
  );
  return `:root:has(body:not(.dark-mode)) {${light.replace("light dark", "light")}}
:root:has(body.dark-mode) {
    color-scheme: dark;${dark}}
`;
}

/** The content of the body: the UI makes the head itself. */
function fragment(file) {
  const html = readFileSync(file, "utf8");
  const [, body] = /<body>(.*)<\/body>/s.exec(html);
  const loaded = html.match(/^ *<(link rel="stylesheet"|script ).*$/gm);
  const dialog = '    <link rel="stylesheet" href="dialog.css" />';
  return `${[...loaded, dialog].join("\n")}\n    <p id="notice" role="status"></p>${body}`;
}
