/** Asks for a report each second while the page is visible, and shows it. */

import type { StatusReport } from "../report.js";
import { Charts } from "./charts.js";
import { elementOf, setText } from "./element.js";
import { duration } from "./format.js";
import { askForReport } from "./source.js";
import { Tables } from "./tables.js";
import { Tiles } from "./tiles.js";
import { Why } from "./why.js";

const INTERVAL = 1000;

const tiles = new Tiles(elementOf("tiles"));
const charts = new Charts(elementOf("charts"));
const tables = new Tables();
const why = new Why();
let timer: number | undefined;

function show(report: StatusReport): void {
  const { hapwire, node, pid, uptime } = report;
  setText(
    elementOf("about"),
    `version ${hapwire} on Node ${node}, process ${String(pid)}, up ${duration(uptime)}`,
  );
  tiles.show(report);
  why.show(report);
  charts.show(report.history);
  tables.show(report);
}

function setState(state: "live" | "lost", text: string): void {
  const element = elementOf("state");
  element.dataset["state"] = state;
  setText(element, text);
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
