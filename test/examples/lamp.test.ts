/** The lamps of `examples/`, as a controller and its user meet them: paired, switched, dimmed, subscribed to, started again. */

import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, it, type TestContext } from "node:test";

import type { PairingData } from "hap-controller/lib/protocol/pairing-protocol";
import HttpClient from "hap-controller/lib/transport/ip/http-client";
import type { EngineName } from "hapwire";

import { dataOf, idOf } from "../support/accessory-home";
import { ROOT } from "../support/child";
import { Controller } from "../support/controller";
import { verifyPairing } from "../support/pairing";
import { patient } from "../support/patience";

/** The TypeScript lamp runs as compiled by `npm run build`, and as written on a Node that strips types. */
const JAVASCRIPT = "examples/lamp";
const COMPILED = "dist-examples/lamp-typescript/lamp.mjs";
const TYPESCRIPT = "examples/lamp-typescript/lamp.mts";
const STRIPS_TYPES = "typescript" in process.features && process.features.typescript !== false;
const PROGRAMS = [JAVASCRIPT, COMPILED, ...(STRIPS_TYPES ? [TYPESCRIPT] : [])];
const SOURCES = [["examples/lamp/index.js", "examples/lamp/lamp.js"], [TYPESCRIPT]];
const ENGINES = (["native", "portable"] as const).filter((name) =>
  [undefined, "", name].includes(process.env["HAPWIRE_ENGINE"]),
);

interface Example {
  readonly program: string;
  readonly engine: EngineName;
}

const [ON, BRIGHTNESS] = ["1.11", "1.12"];

for (const files of SOURCES) {
  it(`${files.join(" and ")}: less than 150 lines`, () => {
    const code = files.map((file) => readFileSync(path.join(ROOT, file), "utf8"));
    assert.ok(code.join("").trimEnd().split("\n").length < 150);
  });
}

for (const program of PROGRAMS) {
  for (const engine of ENGINES) {
    describe(`${program} on the ${engine} engine`, { timeout: patient(120_000) }, () => {
      testLamp({ program, engine });
    });
  }
}

function testLamp(how: Example): void {
  it("pairs by the code that it shows, is read and written, and is advertised as it is", async (t) => {
    const lamp = await Lamp.start(t, how);
    assert.deepEqual(
      lamp.lines.at(-1),
      `mdns {"name":"Hapwire Lamp","type":"hap","sf":"1","id":"${lamp.id}"}`,
    );
    const client = lamp.client();
    await client.identify();
    await lamp.says("blink!");
    await client.pairSetup(lamp.setupCode);
    await lamp.says("paired");
    await lamp.says('"sf":"0"');

    const verified = lamp.client(dataOf(client));
    const { accessories } = await verified.getAccessories();
    assert.deepEqual(
      accessories[0]?.services.map(({ type }) => type),
      ["3E", "A2", "43"].map((type) => `${type.padStart(8, "0")}-0000-1000-8000-0026BB765291`),
    );
    assert.deepEqual(await valuesOf(verified), [false, 100]);
    await verified.setCharacteristics({ [ON]: true, [BRIGHTNESS]: 40 });
    await lamp.says("on, 40 %");
    assert.deepEqual(await valuesOf(verified), [true, 40]);

    await lamp.client(dataOf(client)).removePairing(Buffer.from(idOf(dataOf(client))));
    await lamp.says("unpaired");
    await lamp.says('"sf":"1"');
    await lamp.stop();
  });

  it("sends a change to the other controllers, and not to the controller that made it", async (t) => {
    const lamp = await Lamp.start(t, how);
    const data = await lamp.pair();
    const [writer, watcher] = [await lamp.verify(data), await lamp.verify(data)];
    for (const controller of [writer, watcher]) {
      assert.equal((await put(controller, [{ aid: 1, iid: 11, ev: true }])).status, 204);
    }
    assert.equal((await put(writer, [{ aid: 1, iid: 11, value: 1 }])).status, 204);
    assert.deepEqual(await watcher.nextEvents(), [{ aid: 1, iid: 11, value: true }]);
    assert.equal((await put(watcher, [{ aid: 1, iid: 11, ev: false }])).status, 204);
    assert.equal((await put(writer, [{ aid: 1, iid: 11, value: 0 }])).status, 204);
    assert.equal((await watcher.get("/accessories")).status, 200);
    assert.deepEqual(writer.events, []);
    assert.equal(watcher.events.length, 1);
  });

  // The lamp in TypeScript has no timed writes: HomeKit needs them for locks and doors alone.
  const skip = how.program !== JAVASCRIPT;
  it("takes a timed write after its preparation, and no other", { skip }, async (t) => {
    const lamp = await Lamp.start(t, how);
    const controller = await lamp.verify(await lamp.pair());
    const change = [{ aid: 1, iid: 12, value: 10 }];
    assert.deepEqual(statusesOf(await put(controller, change, { pid: 5 })), [-70410]);
    const prepared = await controller.fetch("PUT", "/prepare", { body: '{"ttl":60000,"pid":5}' });
    assert.deepEqual(JSON.parse(prepared.body.toString()), { status: 0 });
    // Another write may come between.
    assert.equal((await put(controller, [{ aid: 1, iid: 11, ev: true }])).status, 204);
    assert.equal((await put(controller, change, { pid: 5 })).status, 204);
    assert.deepEqual(statusesOf(await put(controller, change, { pid: 5 })), [-70410]);
    // A timer of Node does not wait so long: it would fire at once.
    await controller.fetch("PUT", "/prepare", { body: '{"ttl":9999999999,"pid":7}' });
    await controller.get("/accessories");
    assert.equal((await put(controller, change, { pid: 7 })).status, 204);
    // A millisecond may not be over yet: again, until a write comes too late.
    for (let status = 204; status === 204;) {
      await controller.fetch("PUT", "/prepare", { body: '{"ttl":1,"pid":6}' });
      await controller.get("/accessories");
      ({ status } = await put(controller, change, { pid: 6 }));
    }
  });

  it("says more of a characteristic than its value if it is asked for it", async (t) => {
    const lamp = await Lamp.start(t, how);
    const controller = await lamp.verify(await lamp.pair());
    await put(controller, [{ aid: 1, iid: 12, ev: true }]);
    const perms = ["pr", "pw", "ev"];
    const percent = { format: "int", unit: "percentage", minValue: 0, maxValue: 100, minStep: 1 };
    for (const [asked, on, brightness] of [
      ["", {}, {}],
      ["&meta=0&perms=0&type=0&ev=0", {}, {}],
      ["&meta=1", { format: "bool" }, percent],
      ["&perms=1&type=1&ev=1", { perms, type: "25", ev: false }, { perms, type: "8", ev: true }],
    ] as const) {
      const { status, body } = await controller.get(`/characteristics?id=1.11,1.12${asked}`);
      assert.equal(status, 200);
      assert.deepEqual(JSON.parse(body.toString()), {
        characteristics: [
          { aid: 1, iid: 11, value: false, ...on },
          { aid: 1, iid: 12, value: 100, ...brightness },
        ],
      });
    }
  });

  it("answers each characteristic that can't be read or written with its status", async (t) => {
    const lamp = await Lamp.start(t, how);
    const controller = await lamp.verify(await lamp.pair());
    const read = await controller.get("/characteristics?id=1.2,1.11,1.99,2.11");
    assert.equal(read.status, 207);
    assert.deepEqual(statusesOf(read), [-70405, 0, -70409, -70409]);
    const written = await put(controller, [
      { aid: 1, iid: 12, value: 101 },
      { aid: 1, iid: 12, value: "bright" },
      { aid: 1, iid: 12, value: null },
      { aid: 1, iid: 3, value: "me" },
      { aid: 1, iid: 3, ev: true },
      { aid: 1, iid: 2, value: true },
    ]);
    assert.equal(written.status, 207);
    assert.deepEqual(statusesOf(written), [-70410, -70410, -70410, -70404, -70406, 0]);
    assert.equal((await controller.fetch("PUT", "/characteristics", { body: "no JSON" })).status, 400);
    assert.equal((await controller.get("/nothing")).status, 404);
    for (const query of ["", "?", "?id=", "?id=1", "?id=1.11,", "?id=lamp"]) {
      assert.equal((await controller.get(`/characteristics${query}`)).status, 400, query);
    }
    assert.equal(
      (await controller.fetch("PUT", "/characteristics", { body: '{"characteristics":[null]}' })).status,
      400,
    );
  });

  it("is the same lamp after a restart: still paired, with no code to show", async (t) => {
    const lamp = await Lamp.start(t, how);
    const data = await lamp.pair();
    await lamp.stop();
    const restarted = await Lamp.start(t, how, lamp.file);
    assert.ok(!restarted.lines.some((line) => line.startsWith("setup code")));
    const controller = await restarted.verify(data);
    assert.equal((await controller.get("/accessories")).status, 200);
  });
}

/** A running lamp. It ends with the test. */
class Lamp {
  readonly file: string;
  /** The lines that it has printed so far. */
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #clients: HttpClient[] = [];
  readonly #waiting: (() => void)[] = [];

  private constructor({ program, engine }: Example, file: string) {
    this.file = file;
    const preload = path.join(__dirname, "../support/silent-mdns.js");
    this.#child = spawn(process.execPath, ["--require", preload, path.join(ROOT, program), file], {
      env: { ...process.env, HAPWIRE_ENGINE: engine },
      stdio: ["ignore", "pipe", "inherit"],
    });
    assert.ok(this.#child.stdout !== null);
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.lines.push(line);
      for (const resolve of this.#waiting.splice(0)) resolve();
    });
  }

  static async start(t: TestContext, how: Example, file?: string): Promise<Lamp> {
    const folder = mkdtempSync(path.join(tmpdir(), "hapwire-lamp-"));
    const lamp = new Lamp(how, file ?? path.join(folder, "lamp.json"));
    t.after(async () => {
      await Promise.all(lamp.#clients.map(async (client) => client.close()));
      lamp.#child.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    });
    await lamp.says("mdns");
    return lamp;
  }

  get id(): string {
    return (JSON.parse(readFileSync(this.file, "utf8")) as { accessoryId: string }).accessoryId;
  }

  get setupCode(): string {
    return this.#find(/^setup code: (.*)$/);
  }

  get #port(): number {
    return Number(this.#find(/^listening on port (\d+)$/));
  }

  client(pairing?: PairingData): HttpClient {
    const client = new HttpClient(this.id, "127.0.0.1", this.#port, pairing);
    this.#clients.push(client);
    return client;
  }

  async pair(): Promise<PairingData> {
    const client = this.client();
    await client.pairSetup(this.setupCode);
    return dataOf(client);
  }

  async verify(data: PairingData): Promise<Controller> {
    const controller = await Controller.connect(this.#port);
    await verifyPairing(controller, data);
    return controller;
  }

  /** Waits for a line with this text. */
  async says(text: string): Promise<void> {
    while (!this.lines.some((line) => line.includes(text))) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    assert.deepEqual(await exited, [0, null]);
  }

  #find(form: RegExp): string {
    const [found = ""] = this.lines.flatMap((line) => form.exec(line)?.[1] ?? []);
    assert.notEqual(found, "");
    return found;
  }
}

async function valuesOf(client: HttpClient): Promise<unknown[]> {
  const { characteristics } = await client.getCharacteristics([ON, BRIGHTNESS]);
  return characteristics.map(({ value }) => value);
}

async function put(
  controller: Controller,
  characteristics: object[],
  more: object = {},
): ReturnType<Controller["fetch"]> {
  return controller.fetch("PUT", "/characteristics", { body: JSON.stringify({ characteristics, ...more }) });
}

function statusesOf({ body }: Awaited<ReturnType<Controller["fetch"]>>): number[] {
  const { characteristics } = JSON.parse(body.toString()) as { characteristics: { status: number }[] };
  return characteristics.map(({ status }) => status);
}
