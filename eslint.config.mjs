// The rules of `npm run lint` for JavaScript and TypeScript. If a function meets a limit on size, find its second subject
// instead of cutting it in the middle.
import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

/** Node's test runner: a call is registered, not awaited. */
const TEST_CALLS = [
  { from: "package", package: "node:test", name: ["test", "it", "describe", "suite", "before", "after"] },
  { from: "package", package: "node:test", name: ["beforeEach", "afterEach"] },
];

const NO_DEFAULT_EXPORT = {
  selector: "ExportDefaultDeclaration, ExportSpecifier[exported.name='default']",
  message: "Export by name: a name is the same everywhere and can be searched for.",
};

const IMPATIENT = {
  selector: "Property[key.name='timeout'] > Literal.value",
  message: "Scale it with patient() of test/support/patience: an emulated processor needs longer.",
};

/** Modules that `require` may load on first use, so that a process that begins to listen does not wait for them. */
const LOADED_LATE = ["^node:crypto$", "^debug$", "^\\./native$", "^\\./portable(/codec)?$"];

const BENCH_BY_PATH = {
  regex: "^(\\.\\./){2,}bench/",
  message: "Import #bench/…: tests run the compiled code in dist-bench, not a copy of their own.",
};

/** Programs, which print. */
const PROGRAMS = [
  "examples/**",
  "plugin/src/child.ts",
  "src/cli/**",
  "src/homebridge/register.ts",
  "bench/**",
  "test/browser/screenshot.ts",
  "test/homebridge/**",
  "test/preload/pair-verify.ts",
  "test/run.ts",
  "test/status/request-cost.ts",
  "test/seam/bridge-program.ts",
  "test/seam/versions.ts",
  "test/runner/fixtures/**",
  "test/process/scripts/**",
  "**/*.{js,cjs,mjs}",
];

/** Files whose readers want a default export. */
const DEFAULT_EXPORT_WANTED = ["eslint.config.mjs"];

export default defineConfig(
  globalIgnores([".cache/", "**/build/", "build-*/", "**/dist/", "dist-*/", "docs/api/"]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  {
    rules: {
      complexity: ["error", 12],
      curly: ["error", "multi-line"],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "max-depth": ["error", 3],
      "max-lines": ["error", { max: 450, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
      "no-console": "error",
      "no-restricted-syntax": ["error", NO_DEFAULT_EXPORT],
      "object-shorthand": "error",
      "prefer-template": "error",
    },
  },
  {
    files: ["**/*.{ts,mts}"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/consistent-type-exports": [
        "error",
        { fixMixedExportsWithInlineTypeSpecifier: true },
      ],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/explicit-function-return-type": [
        "error",
        { allowExpressions: true, allowTypedFunctionExpressions: true },
      ],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-require-imports": ["error", { allow: LOADED_LATE }],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    files: ["test/**/*.ts", "bench/**/*.ts"],
    rules: {
      "@typescript-eslint/no-floating-promises": ["error", { allowForKnownSafeCalls: TEST_CALLS }],
      // A describe() may be long.
      "max-lines": ["error", { max: 600, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": "off",
      "no-restricted-syntax": ["error", NO_DEFAULT_EXPORT, IMPATIENT],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: { "no-restricted-imports": ["error", { patterns: [BENCH_BY_PATH] }] },
  },
  {
    files: ["**/*.{js,cjs,mjs}"],
    languageOptions: {
      globals: {
        Buffer: "readonly",
        URLSearchParams: "readonly",
        clearInterval: "readonly",
        clearTimeout: "readonly",
        console: "readonly",
        process: "readonly",
        setInterval: "readonly",
        setTimeout: "readonly",
      },
    },
  },
  {
    files: ["**/*.{js,cjs}"],
    languageOptions: {
      sourceType: "commonjs",
      globals: { __dirname: "readonly", module: "writable", require: "readonly" },
    },
  },
  { files: PROGRAMS, rules: { "no-console": "off" } },
  { files: DEFAULT_EXPORT_WANTED, rules: { "no-restricted-syntax": "off" } },
);
