/** Shows why HomeKit may show "No Response". Names are other people's text: they go into text nodes only. */

import type { EndedConnections, Finding, NamedCharacteristic, SlowRequest, StatusReport } from "../report.js";
import { elementOf, setText } from "./element.js";
import { clockTime, count, counted, milliseconds, NOTHING } from "./format.js";
import { Table, type Layout } from "./table.js";
import { userText, userTip } from "./user.js";

/** Findings that are shown at once. The others are folded away. */
const SHOWN = 6;

const ANSWERS: Readonly<Record<SlowRequest["answer"], string>> = {
  sent: "answered",
  waiting: "waits",
  none: "no answer",
};

/** A row with the name of its bridge. */
type Slow = SlowRequest & { readonly bridge: string | null };
type Ended = EndedConnections & { readonly bridge: string | null };

const SLOW: Layout<Slow> = {
  columns: [
    { title: "Time", text: ({ time }) => clockTime(time) },
    { title: "Took", text: (row) => milliseconds(row.milliseconds), isNumber: true },
    { title: "Answer", text: ({ answer }) => ANSWERS[answer] },
    { title: "Request", text: ({ what }) => what },
    { title: "Characteristics", text: (row) => countOr(row.characteristics), isNumber: true },
    { title: "Waited for", text: waitedFor },
    { title: "User", text: ({ user }) => userText(user) },
    { title: "Address", text: ({ from }) => from },
    { title: "Bridge", text: ({ bridge }) => bridge ?? NOTHING },
  ],
  card: (row) => [
    [milliseconds(row.milliseconds), requestText(row), row.answer === "sent" ? "" : ANSWERS[row.answer]],
    [
      clockTime(row.time),
      `${userText(row.user)} at ${row.from}`,
      isBlamed(row) ? `waited for ${waitedFor(row)}` : "",
    ],
  ],
  tip: ({ user }) => userTip(user),
  nothing: "No request took longer than 200 ms.",
};

const ENDED: Layout<Ended> = {
  columns: [
    { title: "Last", text: ({ time }) => clockTime(time) },
    { title: "Reason", text: ({ reason }) => reason },
    { title: "Connections", text: (row) => count(row.count), isNumber: true },
    { title: "Bridge", text: ({ bridge }) => bridge ?? NOTHING },
  ],
  card: ({ time, reason, count: many, bridge }) => [
    [reason],
    [counted(many, "connection"), `last at ${clockTime(time)}`, bridge ?? ""],
  ],
  nothing: "No connection ended.",
};

export class Why {
  readonly #worst = new Findings(elementOf("why"));
  readonly #others = new Findings(elementOf("why-more"));
  readonly #nothing = elementOf("why-nothing");
  readonly #fold = elementOf("why-fold");
  readonly #summary = elementOf("why-summary");
  readonly #slow = new Table("slow", SLOW);
  readonly #ended = new Table("ended", ENDED);

  show({ why, servers }: StatusReport): void {
    this.#worst.show(why.slice(0, SHOWN));
    this.#others.show(why.slice(SHOWN));
    this.#nothing.hidden = why.length > 0;
    this.#fold.hidden = why.length <= SHOWN;
    setText(this.#summary, `${count(Math.max(0, why.length - SHOWN))} more`);
    const slow = servers.flatMap(({ name, slow: rows }) => rows.map((row) => ({ ...row, bridge: name })));
    this.#slow.show(slow.sort((a, b) => b.milliseconds - a.milliseconds));
    this.#ended.show(servers.flatMap(({ name, ended }) => ended.map((row) => ({ ...row, bridge: name }))));
  }
}

/** A list of findings. */
class Findings {
  readonly #list: HTMLElement;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  /** Changes only the text that has changed, so that a selection stays. */
  show(findings: readonly Finding[]): void {
    while (this.#list.children.length > findings.length) {
      this.#list.lastElementChild?.remove();
    }
    findings.forEach((finding, index) => {
      const item = this.#list.children[index] ?? this.#add();
      const [time, text, about] = item.children;
      setText(time, clockTime(finding.time));
      setText(text, finding.text);
      setText(about, aboutText(finding));
      if (about instanceof HTMLElement) {
        about.title = finding.user === null ? "" : userTip(finding.user);
      }
    });
  }

  #add(): Element {
    const item = document.createElement("li");
    item.append(...["time", "span", "small"].map((name) => document.createElement(name)));
    this.#list.append(item);
    return item;
  }
}

/** E.g. `Homebridge · user 1 (admin) at 192.168.1.20`. */
function aboutText({ bridge, user, from }: Finding): string {
  const who = from === null ? null : `${userText(user)} at ${from}`;
  return [bridge, who].filter((part) => part !== null).join(" · ");
}

function requestText({ what, characteristics }: SlowRequest): string {
  return characteristics === null ? what : `${what} of ${counted(characteristics, "characteristic")}`;
}

function isBlamed({ last, silent }: SlowRequest): boolean {
  return last !== null || silent.length > 0;
}

function waitedFor({ last, silent }: SlowRequest): string {
  const waited = silent.length > 0 ? silent : last === null ? [] : [last];
  return waited.length === 0 ? NOTHING : waited.map(nameText).join("; ");
}

function nameText({ accessory, characteristic, aid, iid }: NamedCharacteristic): string {
  const ids = `${String(aid)}.${String(iid)}`;
  return accessory === null ? ids : `${accessory}, ${characteristic ?? "characteristic"} (${ids})`;
}

function countOr(value: number | null): string {
  return value === null ? NOTHING : count(value);
}
