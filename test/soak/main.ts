/**
 * `node --expose-gc dist-test/test/soak/main.js`: the server runs in this process and the controllers in another, so that
 * this process's memory is the server's. The help is in options.ts, the criteria are in verdict.ts.
 */

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";

import { engineInfo, EventedHTTPServer } from "hapwire";

import { Accessory, STRANGER_IDLE_TIMEOUT } from "./accessory";
import { collect, descriptors, held, rss, slopeOf, type Sample } from "./gauges";
import type { FromLoad, Tally, ToLoad } from "./messages";
import { HELP, parseOptions, type SoakOptions } from "./options";
import { judge, type Findings } from "./verdict";

const LINE_INTERVAL = 10_000;
/** Milliseconds for closed connections to be freed, and for short timers to go off. */
const AFTERMATH = 1500;
/** The number of faults that are printed. */
const MAX_FAULTS = 20;
const MAX_FAILURES = 40;

/** Milliseconds that the load may take to settle: as long as its longest wait, and some. */
const SETTLE_PATIENCE = 90_000;

/** The controllers' process. */
class Load {
  requests = 0;
  events = 0;
  forged = 0;
  readonly faults: string[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(port: number, { connections, seed }: SoakOptions) {
    const args = [port, connections, seed].map(String);
    this.#child = fork(path.join(__dirname, "load.js"), args, { execArgv: [] });
    this.#exited = once(this.#child, "exit");
    this.#child.on("message", (message: FromLoad) => {
      if (message.say === "progress") {
        this.requests = message.requests;
        this.events = message.events;
        this.forged = message.forged;
        this.faults.push(...message.faults.slice(0, MAX_FAULTS - this.faults.length));
      }
    });
  }

  async settle(): Promise<void> {
    await this.#ask({ say: "settle" }, "settled");
  }

  async report(): Promise<Readonly<Record<string, Tally>>> {
    const answer = await this.#ask({ say: "report" }, "report");
    return answer.say === "report" ? answer.tallies : {};
  }

  async end(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  async #ask(question: ToLoad, answer: FromLoad["say"]): Promise<FromLoad> {
    const answered = new Promise<FromLoad>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`the controllers' process has not ${answer} in time`));
      }, SETTLE_PATIENCE);
      this.#child.on("message", (message: FromLoad) => {
        if (message.say === answer) {
          clearTimeout(timer);
          resolve(message);
        }
      });
      void this.#exited.then(() => {
        clearTimeout(timer);
        reject(new Error("the controllers' process has ended"));
      });
    });
    this.#child.send(question);
    return answered;
  }
}

/** Prints the progress, and keeps the samples. */
class Watch {
  readonly samples: Sample[] = [];
  readonly #accessory: Accessory;
  readonly #load: Load;
  readonly #start = Date.now();
  readonly #delay = monitorEventLoopDelay({ resolution: 5 });

  constructor(accessory: Accessory, load: Load) {
    this.#accessory = accessory;
    this.#load = load;
    this.#delay.enable();
  }

  stop(): void {
    this.#delay.disable();
  }

  async line(): Promise<void> {
    const longest = this.#delay.max / 1e6;
    const seconds = (Date.now() - this.#start) / 1000;
    // Garbage is no leak. Without a collection it would be most of the noise.
    await collect();
    const sample = { hours: seconds / 3600, rss: rss() };
    this.samples.push(sample);
    const { server, eventsSent, requests } = this.#accessory;
    const { connections, closed } = server.stats();
    const reasons = Object.entries(closed).map(
      ([code, count]) => `${code.replace("ERR_HAPWIRE_", "").toLowerCase()} ${String(count)}`,
    );
    print(
      `${seconds.toFixed(0)} s: rss ${sample.rss.toFixed(1)} MB, heap ${held().toFixed(1)} MB, ` +
        `connections ${String(connections)}, events ${String(eventsSent)} sent ${String(this.#load.events)} received, ` +
        `requests ${String(requests)}, closed: ${reasons.join(", ") || "none"}; ` +
        `descriptors ${String(descriptors() ?? "unknown")}, loop delay max ${longest.toFixed(0)} ms`,
    );
    this.#delay.reset();
  }
}

/** Loads modules and opens descriptors that stay open, so that they do not count as leaks. */
async function warmUp({ engine }: SoakOptions): Promise<void> {
  const server = new EventedHTTPServer(engine === undefined ? {} : { engine });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  await server.close();
  const child = fork(path.join(__dirname, "load.js"), ["0", "0", "0"], { execArgv: [], stdio: "ignore" });
  child.disconnect();
  await once(child, "exit");
  process.stdout.write("");
  await sleep(100);
  await collect();
}

async function soak(options: SoakOptions): Promise<Findings> {
  await warmUp(options);
  const before = { descriptors: descriptors(), held: held(), resources: process.getActiveResourcesInfo() };
  const accessory = new Accessory(options);
  const load = new Load(await accessory.listen(), options);
  const watch = new Watch(accessory, load);
  accessory.start();
  const lines = Math.max(1, Math.round((options.minutes * 60_000) / LINE_INTERVAL));
  for (let line = 0; line < lines; line += 1) {
    await sleep(LINE_INTERVAL);
    await watch.line();
  }
  watch.stop();
  const { sent, received } = await compare(accessory, load);
  await accessory.server.close();
  await load.end();
  await sleep(AFTERMATH);
  await collect();
  return {
    minutes: options.minutes,
    samples: watch.samples,
    faults: load.faults,
    closed: accessory.server.stats().closed,
    forged: load.forged,
    sent,
    received,
    descriptors: { before: before.descriptors, after: descriptors() },
    timers: accessory.clock.pending,
    resources: surplus(process.getActiveResourcesInfo(), before.resources),
    alive: accessory.alive,
    held: { before: before.held, after: held() },
  };
}

/** Lets all come to rest, and takes the tallies of both sides. */
async function compare(accessory: Accessory, load: Load): Promise<Pick<Findings, "sent" | "received">> {
  await load.settle();
  await sleep(STRANGER_IDLE_TIMEOUT + AFTERMATH);
  accessory.stop();
  const sent = accessory.tallies;
  return { sent, received: await load.report() };
}

/** @returns The entries that one list has more often than another. */
function surplus(list: readonly string[], other: readonly string[]): string[] {
  const rest = [...other];
  return list.filter((entry) => {
    const index = rest.indexOf(entry);
    if (index !== -1) {
      rest.splice(index, 1);
    }
    return index === -1;
  });
}

function summarize(findings: Findings): void {
  const { samples, sent, received, descriptors: open, timers, resources, alive, held: memory } = findings;
  const { perHour, noise } = slopeOf(samples);
  const total = (tallies: Iterable<Tally>): string =>
    String([...tallies].reduce((sum, { count }) => sum + count, 0));
  print(`rss slope over the second half: ${perHour.toFixed(1)} ± ${noise.toFixed(1)} MB per hour`);
  print(
    `surviving connections: ${String(sent.size)}; events sent to them ${total(sent.values())}, ` +
      `received ${total(Object.values(received))}`,
  );
  print(
    `after close(): descriptors ${String(open.before)} before, ${String(open.after)} after; timers left ${String(timers)}; ` +
      `resources left ${resources.join(", ") || "none"}; connections not collected ${String(alive)}; ` +
      `heap ${memory.before.toFixed(1)} MB before, ${memory.after.toFixed(1)} MB after`,
  );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const options = optionsOrExplain();
  if (options === undefined) {
    return;
  }
  const { minutes, connections, engine = engineInfo().name, seed } = options;
  print(
    `soaking for ${String(minutes)} minutes, ${String(connections)} connections, ${engine} engine, seed ${String(seed)}`,
  );
  const findings = await soak(options);
  summarize(findings);
  const failures = judge(findings);
  const shown = failures.slice(0, MAX_FAILURES).join("\n");
  print(
    failures.length === 0 ? "hapwire soak: ok" : `hapwire soak: ${String(failures.length)} FAILED\n${shown}`,
  );
  process.exitCode = failures.length === 0 ? 0 : 1;
}

function optionsOrExplain(): SoakOptions | undefined {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options === undefined) {
      process.stdout.write(HELP);
    }
    return options;
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
    return undefined;
  }
}

main().catch((error: unknown) => {
  print(`hapwire soak: FAILED\n${inspect(error)}`);
  process.exit(1);
});
