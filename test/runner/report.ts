/** The reports of a test file's process to the runner: one line of JSON each. */

export type Report =
  | { readonly kind: "begin"; readonly name: string }
  | { readonly kind: "end"; readonly name: string; readonly result: Result; readonly error?: string }
  | { readonly kind: "note"; readonly text: string };

/** How a test ended. A suite counts as failed only if it fails by itself, as in a hook. */
export type Result = "passed" | "failed" | "skipped" | "suites";

/** The descriptor for it in that process; what tests print goes elsewhere. */
export const REPORT_DESCRIPTOR = 3;
