// Which file of src/ imports which: no circle, and the arrows of docs/architecture.md point one way.
// Part of `npm run lint`. Imports of types alone do not count: nothing is left of them when the code runs.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

const SOURCE = path.join(import.meta.dirname, "../../src");

/** For a folder of src/, or a file: the only folders and files of src/ that it may import from. */
const MAY_IMPORT = {
  "engine/": ["engine/", "check.ts", "errors.ts", "frame.ts"],
  "http/": ["http/", "errors.ts"],
};

/** For a folder of src/: the only folders that may import from it. */
const IMPORTED_BY = {
  "cli/": ["cli/"],
  "demo/": ["demo/"],
  "homebridge/": ["cli/", "demo/", "homebridge/"],
};

/** @returns {Map<string, string[]>} For each file of src/, by its path there, the files that it imports. */
function readImports() {
  const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .map((file) => file.split(path.sep).join("/"))
    .filter((file) => file.endsWith(".ts"));
  const known = new Set(files);
  return new Map(files.map((file) => [file, importsOf(file).filter((imported) => known.has(imported))]));
}

/** @returns {string[]} What a file imports from within src/, be it there or not. */
function importsOf(file) {
  const text = readFileSync(path.join(SOURCE, file), "utf8");
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const types = new Set(tree.statements.filter(isOfTypes).map(({ moduleSpecifier }) => moduleSpecifier.text));
  const values = tree.statements.filter((statement) => !isOfTypes(statement));
  const needed = new Set(values.map(({ moduleSpecifier }) => moduleSpecifier?.text));
  return ts
    .preProcessFile(text, true, true) // sees require() and import() too
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith(".") && (needed.has(name) || !types.has(name)))
    .flatMap((name) => {
      const target = path.posix.join(path.posix.dirname(file), name);
      return [`${target}.ts`, `${target}/index.ts`, target];
    });
}

/** @returns {boolean} True for an import or a re-export of nothing but types. */
function isOfTypes(statement) {
  const clause = ts.isImportDeclaration(statement) ? statement.importClause : statement;
  if (clause === undefined || statement.moduleSpecifier === undefined) return false;
  if (clause.isTypeOnly) return true;
  const named = ts.isImportDeclaration(statement) ? clause.namedBindings : clause.exportClause;
  return clause.name === undefined && named?.elements?.every((element) => element.isTypeOnly) === true;
}

/** @returns {string[][]} One circle for each file that closes one. */
function findCircles(imports) {
  const circles = [];
  const finished = new Set();
  const visit = (file, way) => {
    const start = way.indexOf(file);
    if (start >= 0) {
      circles.push([...way.slice(start), file]);
      return;
    }
    if (finished.has(file)) return;
    for (const imported of imports.get(file)) visit(imported, [...way, file]);
    finished.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return circles;
}

/** @returns {string[]} Each import that points the wrong way, in words. */
function findWrongArrows(imports) {
  const wrong = [];
  for (const [file, importedFiles] of imports) {
    const allowed = Object.entries(MAY_IMPORT).find(([part]) => file.startsWith(part))?.[1];
    for (const imported of importedFiles) {
      const importers = Object.entries(IMPORTED_BY).find(([part]) => imported.startsWith(part))?.[1];
      if (importers !== undefined && !importers.some((part) => file.startsWith(part))) {
        wrong.push(`src/${file} imports src/${imported}; only ${importers.join(", ")} may`);
      }
      if (allowed !== undefined && !allowed.some((part) => imported.startsWith(part))) {
        wrong.push(`src/${file} imports src/${imported}; it may import only ${allowed.join(", ")}`);
      }
    }
  }
  return wrong;
}

const imports = readImports();
const faults = [
  ...findCircles(imports).map((circle) => `circle: ${circle.map((file) => `src/${file}`).join(" → ")}`),
  ...findWrongArrows(imports),
];
for (const fault of faults) console.error(`imports: ${fault}`);
if (faults.length > 0) process.exit(1);
console.log(`imports: ${imports.size} files, no circle, no arrow the wrong way`);
