/** Asks for a report every second while somebody looks, and shows it. */

import type { StatusReport } from "../report.js";
import { Charts } from "./charts.js";
import { elementOf } from "./element.js";
import { duration } from "./format.js";
import { History } from "./history.js";
import { askForReport } from "./source.js";
import { Tables } from "./tables.js";
import { Tiles } from "./tiles.js";
import { Why } from "./why.js";

const INTERVAL = 1000;

const history = new History();
const tiles = new Tiles(elementOf("tiles"));
const charts = new Charts(elementOf("charts"));
const tables = new Tables();
const why = new Why();
let timer: number | undefined;

function show(report: StatusReport): void {
  history.add(report);
  const { hapwire, node, pid, uptime } = report;
  elementOf("about").textContent =
    `${hapwire} on Node ${node}, process ${String(pid)}, up ${duration(uptime)}`;
  tiles.show(report, history.latest);
  why.show(report);
  charts.show(history);
  tables.show(report);
}

function setState(state: "live" | "lost", text: string): void {
  const element = elementOf("state");
  element.dataset["state"] = state;
  // Screen readers announce every write, even of the same text.
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

async function poll(): Promise<void> {
  try {
    show(await askForReport());
    setState("live", "live");
  } catch {
    setState("lost", "the bridge does not answer");
  }
  next();
}

/** A hidden page asks for nothing. */
function next(): void {
  clearTimeout(timer);
  if (!document.hidden) {
    timer = setTimeout(() => void poll(), INTERVAL);
  }
}

document.addEventListener("visibilitychange", next);
void poll();
