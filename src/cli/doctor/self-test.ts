/** The self-test: every check on every engine that loads. */

import type { EngineName } from "../../index";
import { messageOf } from "./engines";
import { checkAgreement, checkRefusals, checkRoundTrip, checkVector } from "./frame-checks";
import { checkLoopbackSession } from "./loopback-check";
import type { Check } from "./report";

const CHECKS: readonly {
  readonly title: string;
  readonly run: (engine: EngineName) => void | Promise<void>;
}[] = [
  { title: "test vector of RFC 8439", run: checkVector },
  { title: "seal and open, cut anywhere", run: checkRoundTrip },
  { title: "damaged frames refused", run: checkRefusals },
  { title: "a session on loopback", run: checkLoopbackSession },
];

/** @param engines - Those that load. */
export async function runSelfTest(engines: readonly EngineName[]): Promise<Check[]> {
  const results: Check[] = [];
  for (const engine of engines) {
    for (const { title, run } of CHECKS) {
      results.push({ title, engine, error: await errorOf(() => run(engine)) });
    }
  }
  if (engines.length > 1) {
    results.push({ title: "both engines agree", engine: "both", error: await errorOf(checkAgreement) });
  }
  return results;
}

async function errorOf(run: () => void | Promise<void>): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
