// Checks the imports within src/ and within bench/: they make no circle, and they point the way that docs/architecture.md
// draws. Part of `npm run lint`. An import of types alone counts for circles, because files in a circle can only be
// understood together. It does not count for the arrows, because nothing is left of it when the code runs.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

const ROOT = path.join(import.meta.dirname, "../..");

/**
 * The houses, each with its rules. `mayImport`: for a folder, or a file, the only folders and files that it may import from.
 * `importedBy`: for a folder, the only folders and files that may import from it.
 * `mayCloseCircle`: the imports of types that may close a circle, as [importing file, imported file].
 */
const HOUSES = [
  {
    name: "src",
    mayImport: {
      "engine/": ["engine/", "check.ts", "errors.ts", "frame.ts"],
      "events/": ["events/", "engine/", "clock.ts", "errors.ts"],
      "transport/http/": ["transport/http/", "clock.ts", "errors.ts"],
      "transport/": [
        "transport/",
        "events/",
        "engine/",
        "clock.ts",
        "debug-output.ts",
        "encryption.ts",
        "errors.ts",
        "frame.ts",
        "options.ts",
        "stats.ts",
      ],
    },
    importedBy: {
      "cli/": ["cli/"],
      "homebridge/": ["cli/", "homebridge/"],
      "pairing/": ["homebridge/", "pairing/"],
      "status/": ["cli/", "homebridge/", "status/"],
    },
    mayCloseCircle: [],
  },
  { name: "examples", mayImport: {}, importedBy: {}, mayCloseCircle: [] },
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
    mayCloseCircle: [],
  },
];

/**
 * @typedef {{ file: string, ofTypes: boolean }} Import - The imported file, and whether the import takes types alone.
 */

/** @returns {Map<string, Import[]>} For each file of a house, by its path there, its imports. */
function readImports(house) {
  const files = readdirSync(path.join(ROOT, house), { recursive: true, encoding: "utf8" })
    .map((file) => file.split(path.sep).join("/"))
    .filter((file) => file.endsWith(".ts"));
  const known = new Set(files);
  const isOutside = (imported) => imported.startsWith("../") && !imported.endsWith(".ts");
  return new Map(
    files.map((file) => [
      file,
      importsOf(house, file).filter((imported) => known.has(imported.file) || isOutside(imported.file)),
    ]),
  );
}

/** @returns {Import[]} The imports of a file that name a path, each with every file that the path may mean. */
function importsOf(house, file) {
  const text = readFileSync(path.join(ROOT, house, file), "utf8");
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const typeStatements = tree.statements.filter(isOfTypes);
  return ts
    .preProcessFile(text, true, true) // sees require() and import() too
    .importedFiles.filter(({ fileName }) => fileName.startsWith("."))
    .flatMap(({ fileName, pos }) => {
      const ofTypes = typeStatements.some((statement) => statement.pos <= pos && pos < statement.end);
      const target = path.posix.join(path.posix.dirname(file), fileName);
      return [`${target}.ts`, `${target}/index.ts`, target].map((name) => ({ file: name, ofTypes }));
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

/** @returns {string[]} Each circle, and each exception that closes none, in words. */
function findCircles({ name, mayCloseCircle }, imports) {
  const isExcepted = (file, imported) =>
    mayCloseCircle.some(([from, to]) => from === file && to === imported);
  const next = (file) =>
    (imports.get(file) ?? [])
      .filter((imported) => !(imported.ofTypes && isExcepted(file, imported.file)))
      .map((imported) => imported.file);
  const circles = [];
  const finished = new Set();
  const visit = (file, way) => {
    const start = way.indexOf(file);
    if (start >= 0) {
      circles.push(`circle in ${name}/: ${[...way.slice(start), file].join(" → ")}`);
      return;
    }
    if (finished.has(file)) return;
    for (const imported of next(file)) visit(imported, [...way, file]);
    finished.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  const idle = mayCloseCircle
    .filter(([from, to]) => !isImportOfTypes(imports, from, to) || !leadsTo(imports, to, from))
    .map(
      ([from, to]) =>
        `no circle in ${name}/ is closed by ${from} → ${to}: take it off the list of exceptions`,
    );
  return [...circles, ...idle];
}

/** @returns {boolean} True if one file imports types alone of another. */
function isImportOfTypes(imports, from, to) {
  const found = (imports.get(from) ?? []).filter(({ file }) => file === to);
  return found.length > 0 && found.every(({ ofTypes }) => ofTypes);
}

/** @returns {boolean} True if imports lead from one file to another. */
function leadsTo(imports, from, to) {
  const reached = new Set([from]);
  for (const file of reached) {
    for (const imported of imports.get(file) ?? []) reached.add(imported.file);
  }
  return reached.has(to);
}

/** @returns {string[]} Each import of more than types that points the wrong way, in words. */
function findWrongArrows({ name, mayImport, importedBy }, imports) {
  const wrong = [];
  const ruleFor = (rules, file) => Object.entries(rules).find(([part]) => file.startsWith(part))?.[1];
  const isAllowed = (rule, file) => rule === undefined || rule.some((part) => file.startsWith(part));
  for (const [file, importedFiles] of imports) {
    const allowed = ruleFor(mayImport, file);
    for (const { file: imported } of importedFiles.filter(({ ofTypes }) => !ofTypes)) {
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
  return [...findCircles(house, imports), ...findWrongArrows(house, imports)];
});
for (const fault of faults) console.error(`imports: ${fault}`);
if (faults.length > 0) process.exit(1);
console.log(`imports: ${fileCount} files, no new circle, no arrow the wrong way`);
