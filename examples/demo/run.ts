/** The process that runs the demo's scenario: `node run.js <storage folder>`. Started by {@link superviseDemo}. */

import { Report, STEP_HEADING } from "./report";
import { runScenario } from "./scenario";
import { print } from "./terminal";

async function run(storage: string): Promise<void> {
  const report = new Report(print);
  report.print("hapwire demo: a HomeKit bridge on hapwire and its controllers, all on this machine\n");
  report.print(STEP_HEADING);
  try {
    await runScenario(report, storage);
  } catch (error) {
    report.failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  report.print("");
  for (const failure of report.failures) {
    report.print(`failed: ${failure}`);
  }
  report.print(report.failures.length === 0 ? "hapwire demo: ok" : "hapwire demo: FAILED");
  process.exitCode = report.failures.length === 0 ? 0 : 1;
}

const [storage] = process.argv.slice(2);
if (storage === undefined) {
  throw new Error("usage: node run.js <storage folder>");
}
void run(storage);
