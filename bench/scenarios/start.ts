/** How soon a process listens. */

import path from "node:path";

import { loadEngine } from "#src/engine/load";

import { HAPNODEJS, HAPWIRE, LIMIT, PORTABLE, serverModule } from "../contenders";
import type { CasePlan, Sample, Subject } from "../harness/case";
import { Child } from "../harness/child";
import type { StartCost, StartTask } from "../harness/start-process";
import { median } from "../statistics";
import type { Scenario } from "../scenario";

const PROGRAM = path.join(__dirname, "..", "harness", "start-process.js");
const PROCESSES = 3;
const QUICK_PROCESSES = 1;

const METRICS = [
  { name: "cpu", title: "CPU time", unit: "ms" },
  { name: "time", title: "time", unit: "ms" },
] as const;

export const start: Scenario = {
  name: "start",
  title: "Start",
  how:
    "A fresh process, from the first require until the server listens, without the start of Node itself: the median of " +
    `${String(PROCESSES)} processes. Of HAP-NodeJS only the transport is loaded. ` +
    "Limit: Node's http.",
  contenders: [HAPWIRE, PORTABLE, HAPNODEJS, LIMIT],
  cases({ quick }) {
    const processes = quick ? QUICK_PROCESSES : PROCESSES;
    return [listeningCase(processes), addonCase(processes)];
  },
};

function listeningCase(processes: number): CasePlan {
  return {
    name: "listening",
    title: "require to listening",
    metrics: METRICS,
    prepare: async ({ server = serverModule("http") }) => {
      const settings = { accessories: 1, coalescingDelay: 250, maxQueuedEvents: 4096 };
      return freshProcesses({ file: server, settings }, processes);
    },
  };
}

function addonCase(processes: number): CasePlan {
  return {
    name: "addon",
    title: "load of the addon",
    metrics: METRICS,
    contenders: [HAPWIRE],
    prepare: async () => freshProcesses({ file: loadEngine("native").addon?.file ?? "" }, processes),
  };
}

/** Starts one process that does not count, which brings files into the system's cache, then some for each sample. */
async function freshProcesses(task: StartTask, processes: number): Promise<Subject> {
  await measureFresh(task);
  return {
    sample: async (): Promise<Sample> => {
      const costs: StartCost[] = [];
      while (costs.length < processes) {
        costs.push(await measureFresh(task));
      }
      return { cpu: median(costs.map(({ cpu }) => cpu)), time: median(costs.map(({ time }) => time)) };
    },
    close: async () => Promise.resolve(),
  };
}

async function measureFresh(task: StartTask): Promise<StartCost> {
  const { child, ready } = await Child.start<Record<string, never>>(PROGRAM, task);
  await child.stop();
  return ready as StartCost;
}
