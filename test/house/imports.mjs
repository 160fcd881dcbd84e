// Which file of src/ imports which, and which of bench/: no circle, and the arrows of docs/architecture.md point one way.
// Part of `npm run lint`. Imports of types alone do not count: nothing is left of them when the code runs.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

const ROOT = path.join(import.meta.dirname, "../..");

/**
 * The houses, each with its rules. `mayImport`: for a folder, or a file, the only folders and files that it may import from.
 * `importedBy`: for a folder, the only folders and files that may import from it.
 */
const HOUSES = [
  {
    name: "src",
    mayImport: {
      "engine/": ["engine/", "check.ts", "errors.ts", "frame.ts"],
      "transport/http/": ["transport/http/", "errors.ts"],
    },
    importedBy: {
      "cli/": ["cli/"],
      "demo/": ["demo/"],
      "homebridge/": ["cli/", "demo/", "homebridge/"],
      "status/": ["homebridge/", "status/"],
    },
  },
  {
    name: "bench",
    mayImport: {
      "codecs/": ["codecs/", "harness/", "contenders.ts"],
      "harness/": ["harness/", "contenders.ts", "statistics.ts"],
      "servers/": ["servers/", "harness/"],
    },
    importedBy: {
      "codecs/": ["codecs/"],
      "scenarios/": ["scenarios.ts"],
      "servers/": ["servers/"],
    },
  },
];

/** @returns {Map<string, string[]>} For each file of a house, by its path there, the files that it imports. */
function readImports(house) {
  const files = readdirSync(path.join(ROOT, house), { recursive: true, encoding: "utf8" })
    .map((file) => file.split(path.sep).join("/"))
    .filter((file) => file.endsWith(".ts"));
  const known = new Set(files);
  const isOutside = (imported) => imported.startsWith("../") && !imported.endsWith(".ts");
  const wanted = (imported) => known.has(imported) || isOutside(imported);
  return new Map(files.map((file) => [file, importsOf(house, file).filter(wanted)]));
}

/** @returns {string[]} What a file imports by a path, be it there or not. */
function importsOf(house, file) {
  const text = readFileSync(path.join(ROOT, house, file), "utf8");
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const ofTypes = tree.statements.filter(isOfTypes);
  return ts
    .preProcessFile(text, true, true) // sees require() and import() too
    .importedFiles.filter(
      ({ pos }) => !ofTypes.some((statement) => statement.pos <= pos && pos < statement.end),
    )
    .map(({ fileName }) => fileName)
    .filter((name) => name.startsWith("."))
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
    for (const imported of imports.get(file) ?? []) visit(imported, [...way, file]);
    finished.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return circles;
}

/** @returns {string[]} Each import that points the wrong way, in words. */
function findWrongArrows({ name, mayImport, importedBy }, imports) {
  const wrong = [];
  const ruleFor = (rules, file) => Object.entries(rules).find(([part]) => file.startsWith(part))?.[1];
  const isAllowed = (rule, file) => rule === undefined || rule.some((part) => file.startsWith(part));
  for (const [file, importedFiles] of imports) {
    const allowed = ruleFor(mayImport, file);
    for (const imported of importedFiles) {
      const importers = ruleFor(importedBy, imported);
      if (imported.startsWith("../")) {
        wrong.push(`${name}/${file} imports ${imported}, which is outside of ${name}/`);
      } else if (!isAllowed(importers, file)) {
        wrong.push(`${name}/${file} imports ${name}/${imported}; only ${importers.join(", ")} may`);
      } else if (!isAllowed(allowed, imported)) {
        wrong.push(`${name}/${file} imports ${name}/${imported}; it may import only ${allowed.join(", ")}`);
      }
    }
  }
  return wrong;
}

let fileCount = 0;
const faults = HOUSES.flatMap((house) => {
  const imports = readImports(house.name);
  fileCount += imports.size;
  return [
    ...findCircles(imports).map((circle) => `circle in ${house.name}/: ${circle.join(" → ")}`),
    ...findWrongArrows(house, imports),
  ];
});
for (const fault of faults) console.error(`imports: ${fault}`);
if (faults.length > 0) process.exit(1);
console.log(`imports: ${fileCount} files, no circle, no arrow the wrong way`);
