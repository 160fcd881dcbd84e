/** The addon by itself: wrong arguments, borrowed methods, foreign objects, and a second copy in the same process. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { inspect } from "node:util";

import { NO_SLOT, Signal, SIGNAL_STRIDE } from "#src/engine/contract";
import { engineInfo } from "hapwire";

import { collect } from "../support/collect";
import { patient } from "../support/patience";

type Method = (...values: readonly unknown[]) => unknown;
type Instance = Readonly<Record<string, Method>>;
type Class = (new (...values: readonly unknown[]) => Instance) & { readonly prototype: Instance };

/** The addon's exports. Tests pass wrong arguments too, so every argument is unknown. */
interface RawAddon {
  readonly FrameSealer: Class;
  readonly FrameOpener: Class;
  readonly EventHub: Class;
  readonly sealMessage: Method;
  readonly openMessage: Method;
}

type ClassName = "FrameSealer" | "FrameOpener" | "EventHub";

const { file } = engineInfo();
const SKIP = file === undefined;
const REASON = SKIP ? " (skipped: the portable engine runs here)" : "";

const load = createRequire(__filename);
const KEY = randomBytes(32);
const MAX_FRAMES = 100;
const MESSAGE = Buffer.from("EVENT");
const FRAME_OVERHEAD = 18;
const SEALED_LENGTH = MESSAGE.length + FRAME_OVERHEAD;

/** Values that are not of a kind: `is` returns false for them. */
function wrong(is: (value: unknown) => boolean): readonly unknown[] {
  const values: readonly unknown[] = [
    undefined,
    null,
    true,
    -1,
    1.5,
    NaN,
    Infinity,
    2 ** 53,
    0n,
    2n ** 64n,
    "text",
    Symbol("symbol"),
    {},
    [],
    [1],
    [undefined],
    () => 1,
    new ArrayBuffer(64),
    Buffer.alloc(3),
    new Float32Array(4),
    new Proxy([], {}),
  ];
  return values.filter((value) => !is(value));
}

const never = (): boolean => false;
const isBytes = (value: unknown): boolean => value instanceof Uint8Array;
/** What only garbage points at goes in a later one. */
const COLLECTIONS = 3;
/** A flag of native/binding/hub.h. */
const IMMEDIATE = 2;
/** An answer of native/binding/hub.h. */
const NEEDS_JSON = -1;
/** See native/binding/codec.h. */
const PENDING_STRIDE = 2048;
const KIND = {
  bytes: wrong(isBytes),
  key: wrong(never),
  counter: wrong((value) => value === 0n),
  slot: [...wrong(never), 2 ** 32],
  id: wrong(never),
  flags: [...wrong(never), 2 ** 32],
  signals: wrong(never),
  sealer: wrong(never),
  /** Never wrong. */
  any: [],
} as const;

/** A method with arguments that are right, and for each what kind it is. */
interface Signature {
  readonly class: ClassName;
  readonly method: string;
  readonly right: () => readonly unknown[];
  readonly kinds: readonly (keyof typeof KIND)[];
}

const bytes = (): Buffer => Buffer.alloc(64);
const sealedBytes = (): Buffer => Buffer.alloc(SEALED_LENGTH);
const signals = (): Uint32Array => new Uint32Array(64);
const sealer = (): Instance => create(loadAddon(), "FrameSealer");
const SIGNATURES: readonly Signature[] = [
  {
    class: "FrameSealer",
    method: "sealFrames",
    right: () => [sealedBytes(), MESSAGE],
    kinds: ["bytes", "bytes"],
  },
  { class: "FrameOpener", method: "openFrames", right: () => [bytes(), bytes()], kinds: ["bytes", "bytes"] },
  ...["remove", "unsubscribeAll", "subscriptions", "prepare", "countList", "mute"].map(
    (method): Signature => ({
      class: "EventHub",
      method,
      right: () => [0],
      kinds: ["slot"],
    }),
  ),
  ...["subscribe", "unsubscribe", "isSubscribed"].map((method): Signature => ({
    class: "EventHub",
    method,
    right: () => [0, 1, 9],
    kinds: ["slot", "id", "id"],
  })),
  {
    class: "EventHub",
    method: "broadcastValue",
    right: () => [1, 9, "v", IMMEDIATE, 7],
    kinds: ["any", "any", "any", "flags", "slot"],
  },
  {
    class: "EventHub",
    method: "sendValue",
    right: () => [0, 1, 9, "v", IMMEDIATE],
    kinds: ["slot", "any", "any", "any", "flags"],
  },
  { class: "EventHub", method: "setSignals", right: () => [signals()], kinds: ["signals"] },
  { class: "EventHub", method: "attachSealer", right: () => [0, sealer()], kinds: ["slot", "sealer"] },
];

const CONSTRUCTORS: readonly Omit<Signature, "method">[] = [
  { class: "FrameSealer", right: () => [KEY, 0n], kinds: ["key", "counter"] },
  { class: "FrameOpener", right: () => [KEY, 0n, MAX_FRAMES], kinds: ["key", "counter", "slot"] },
  { class: "EventHub", right: () => [10, 1000, 100], kinds: ["id", "id", "id"] },
];

const NONCE = Buffer.alloc(12);
const TAG = Buffer.alloc(16);
const FUNCTIONS: readonly (Pick<Signature, "right" | "kinds"> & { name: "sealMessage" | "openMessage" })[] = [
  {
    name: "sealMessage",
    right: () => [KEY, NONCE, Buffer.alloc(0), MESSAGE, Buffer.alloc(MESSAGE.length + TAG.length)],
    kinds: ["key", "key", "bytes", "bytes", "key"],
  },
  {
    name: "openMessage",
    right: () => [KEY, NONCE, Buffer.alloc(0), MESSAGE, TAG, Buffer.alloc(MESSAGE.length)],
    kinds: ["key", "key", "bytes", "bytes", "key", "key"],
  },
];

describe(`the addon${REASON}`, { skip: SKIP, timeout: patient(60_000) }, () => {
  for (const signature of SIGNATURES) {
    it(`refuses wrong arguments of ${signature.class}.${signature.method} with a TypeError`, () => {
      const instance = create(loadAddon(), signature.class);
      const call = (values: readonly unknown[]): unknown => methodOf(instance, signature.method)(...values);
      call(signature.right());
      assertAllRefused(signature, call);
      assert.throws(() => call([]), TypeError);
      call(signature.right());
    });
  }

  for (const signature of CONSTRUCTORS) {
    it(`refuses wrong arguments of new ${signature.class} with a TypeError`, () => {
      const Class = loadAddon()[signature.class];
      assertAllRefused(signature, (values) => new Class(...values));
      assert.throws(() => new Class(), TypeError);
      assert.throws(() => (Class as unknown as Method)(...signature.right()), TypeError);
    });
  }

  for (const signature of FUNCTIONS) {
    it(`refuses wrong arguments of ${signature.name} with a TypeError`, () => {
      const call = loadAddon()[signature.name];
      assert.equal(call(...signature.right()), signature.name === "sealMessage");
      assertAllRefused(signature, (values) => call(...values));
      assert.throws(() => call(), TypeError);
      for (const length of [0, MESSAGE.length - 1, MESSAGE.length + 1, MESSAGE.length + TAG.length + 1]) {
        const values = [...signature.right().slice(0, -1), Buffer.alloc(length)];
        assert.throws(() => call(...values), TypeError, `output of ${String(length)} bytes`);
      }
    });
  }

  it("refuses methods that are borrowed for other objects", () => {
    const addon = loadAddon();
    const functions = Object.keys(addon).filter((name) => typeof Reflect.get(addon, name) === "function");
    const classes = ["EventHub", "FrameOpener", "FrameSealer"] as const;
    assert.deepEqual(functions.sort(), [...classes, "openMessage", "sealMessage"]);
    for (const lender of classes) {
      const { prototype } = addon[lender];
      const others = classes.filter((name) => name !== lender).map((name) => create(addon, name));
      const foreign = [
        ...others,
        {},
        Object.create(prototype),
        prototype,
        Buffer.alloc(64),
        new Proxy({}, {}),
        null,
        1,
      ];
      for (const method of methodNames(prototype)) {
        for (const receiver of foreign) {
          const borrowed = inheritedMethod(prototype, method);
          const shown = inspect(receiver, { depth: 0 });
          assert.throws(() => borrowed.call(receiver, 0, 1, 9), TypeError, `${lender}.${method} on ${shown}`);
        }
      }
    }
  });

  it("survives every method with any arguments at all", () => {
    const addon = loadAddon();
    const values = [...wrong(never), ...wrong(isBytes), 0, 1, false, bytes(), signals(), [MESSAGE]];
    for (const name of ["FrameSealer", "FrameOpener", "EventHub"] as const) {
      const instance = create(addon, name);
      for (const method of [...methodNames(addon[name].prototype), ...methodNames(instance)]) {
        values.forEach((_, start) => {
          const rotated = [...values.slice(start), ...values.slice(0, start)].slice(0, 8);
          assertTypeErrorAtMost(() => methodOf(instance, method)(...rotated));
        });
      }
    }
  });

  it("writes signals to the array that it was given last", () => {
    const hub = create(loadAddon(), "EventHub");
    const [first, second] = [signals(), new Uint32Array(3)];
    methodOf(hub, "setSignals")(first);
    const slot = methodOf(hub, "add")() as number;
    methodOf(hub, "subscribe")(slot, 1, 9);
    methodOf(hub, "setSignals")(second);
    assert.equal(methodOf(hub, "broadcastValue")(1, 9, "value", IMMEDIATE, NO_SLOT), 2);
    assert.deepEqual(new Set(second), new Set([Signal.FlushNow, slot * SIGNAL_STRIDE + Signal.FlushNow, 0]));
    assert.deepEqual(first, signals());
  });

  it("does nothing with a value whose JSON it does not write, and says so", () => {
    const hub = create(loadAddon(), "EventHub");
    for (const value of [{}, [1], 1n, Symbol("value"), () => 1]) {
      assert.equal(methodOf(hub, "broadcastValue")(1, 9, value, IMMEDIATE, NO_SLOT), NEEDS_JSON);
      assert.equal(methodOf(hub, "sendValue")(0, 1, 9, value, IMMEDIATE), NEEDS_JSON);
    }
    assert.equal(methodOf(hub, "prepare")(0), 0, "nothing waits");
  });

  it("refuses an array that is too small for the slots", () => {
    const hub = create(loadAddon(), "EventHub");
    methodOf(hub, "add")();
    assert.throws(() => methodOf(hub, "setSignals")(new Uint32Array(1)), TypeError);
    methodOf(hub, "setSignals")(new Uint32Array(2));
  });

  it("writes no signals to an array whose memory was taken away, or that it never got", () => {
    const addon = loadAddon();
    const hub = create(addon, "EventHub");
    const array = signals();
    methodOf(hub, "setSignals")(array);
    const moved = structuredClone(array, { transfer: [array.buffer as ArrayBuffer] });
    assert.throws(() => methodOf(hub, "broadcastValue")(1, 9, "value", IMMEDIATE, NO_SLOT), TypeError);
    assert.equal(array.length, 0);
    assert.deepEqual(moved, signals());
    const bare = new addon.EventHub(10, 1000, 10);
    methodOf(bare, "add")();
    methodOf(bare, "subscribe")(0, 1, 9);
    assert.throws(() => methodOf(bare, "broadcastValue")(1, 9, "value", IMMEDIATE, NO_SLOT), TypeError);
  });

  it("writes signals to an array that nobody else refers to any more", async () => {
    const hub = create(loadAddon(), "EventHub");
    await collectAll();
    assert.equal(methodOf(hub, "broadcastValue")(1, 9, "value", IMMEDIATE, NO_SLOT), 1);
  });

  it("keeps a hub for as long as its broadcastValue is there, whoever calls it", async () => {
    const broadcast = subscribedBroadcast(loadAddon());
    await collectAll();
    assert.equal(broadcast.call({}, 1, 9, "value", 0, NO_SLOT), 1);
    assert.equal(broadcast.call(undefined, 1, 9, "value", 0, NO_SLOT), 0, "a duplicate has no signal");
    assert.equal(broadcast(1, 8, "value", 0, NO_SLOT), 0, "nobody has subscribed");
  });

  it("attaches no sealer of another kind", () => {
    const addon = loadAddon();
    const { hub, length } = hubWithEvent(addon);
    const opener = create(addon, "FrameOpener");
    const sealerLike = Object.create(addon.FrameSealer.prototype) as object;
    for (const foreign of [opener, hub, sealerLike, new Proxy(create(addon, "FrameSealer"), {})]) {
      assert.throws(() => methodOf(hub, "attachSealer")(0, foreign), TypeError);
    }
    assert.equal(methodOf(hub, "takePrepared")(Buffer.alloc(length)), 0);
  });

  it("seals with a sealer that nobody else refers to any more", async () => {
    const addon = loadAddon();
    const hub = create(addon, "EventHub");
    methodOf(hub, "attachSealer")(0, create(addon, "FrameSealer"));
    await collectAll();
    assert.match(sealedEvent(addon, hub), /"value"/);
  });

  it("keeps no hub for a sealer's sake, and no sealer for a hub's that is gone", async () => {
    const addon = loadAddon();
    const attached = sealer();
    methodOf(create(addon, "EventHub"), "attachSealer")(0, attached);
    await collectAll();
    const output = Buffer.alloc(SEALED_LENGTH);
    assert.equal(methodOf(attached, "sealFrames")(output, MESSAGE), 0);
    assert.equal(openedBy(addon, output), MESSAGE.toString());
  });

  it("writes into memory of another size than the message's nothing", () => {
    const addon = loadAddon();
    const short = Buffer.alloc(SEALED_LENGTH - 1);
    assertNothingWritten(() => methodOf(sealer(), "sealFrames")(short, MESSAGE), short);
    for (const isSealed of [false, true]) {
      for (const difference of [-1, 1]) {
        const hub = create(addon, "EventHub");
        if (isSealed) {
          methodOf(hub, "attachSealer")(0, sealer());
        }
        const other = Buffer.alloc(prepareEvent(hub) + difference);
        assertNothingWritten(() => methodOf(hub, "takePrepared")(other), other);
      }
    }
  });

  it("gives a prepared message once, and none whose connection is gone", () => {
    const addon = loadAddon();
    const { hub, length } = hubWithEvent(addon);
    assert.equal(methodOf(hub, "takePrepared")(Buffer.alloc(length)), 0);
    assert.throws(() => methodOf(hub, "takePrepared")(Buffer.alloc(length)), TypeError);
    const other = hubWithEvent(addon);
    methodOf(other.hub, "remove")(0);
    assert.throws(() => methodOf(other.hub, "takePrepared")(Buffer.alloc(length)), TypeError);
  });

  it("takes sixteen chunks, and refuses one more", () => {
    const seal = methodOf(create(loadAddon(), "FrameSealer"), "sealFrames");
    const chunks = Array.from({ length: 16 }, () => Buffer.from("x"));
    assert.equal(seal(Buffer.alloc(16 + FRAME_OVERHEAD), ...chunks), 0);
    assert.throws(() => seal(Buffer.alloc(17 + FRAME_OVERHEAD), ...chunks, Buffer.from("x")), TypeError);
  });

  it("loads twice in one process, each copy at work, whichever one's sealer the events are sealed by", (t) => {
    const [first, second] = [loadAddon(), loadCopy(t)];
    assert.notEqual(first.FrameSealer, second.FrameSealer);
    for (const [one, other] of [
      [first, second],
      [second, first],
    ] as const) {
      assert.equal(openedBy(other, sealedBy(one)), MESSAGE.toString());
      assert.throws(
        () => inheritedMethod(one.FrameSealer.prototype, "sealFrames").call(create(other, "FrameSealer")),
        TypeError,
      );
      const hub = create(one, "EventHub");
      methodOf(hub, "attachSealer")(0, create(other, "FrameSealer"));
      assert.match(sealedEvent(one, hub), /"value"/);
    }
  });
});

function loadAddon(): RawAddon {
  assert.ok(file !== undefined);
  return load(file) as RawAddon;
}

/** The same addon out of another file, which the system loads beside the first. */
function loadCopy(t: TestContext): RawAddon {
  assert.ok(file !== undefined);
  const folder = mkdtempSync(path.join(tmpdir(), "hapwire-addon-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const copy = path.join(folder, "second-hapwire.node");
  copyFileSync(file, copy);
  return load(copy) as RawAddon;
}

/** An instance on which every signature's right arguments work. */
function create(addon: RawAddon, name: ClassName): Instance {
  if (name !== "EventHub") {
    return new addon[name](KEY, 0n, MAX_FRAMES);
  }
  const hub = new addon.EventHub(100, 10_000, 100);
  methodOf(hub, "setSignals")(signals());
  methodOf(hub, "add")();
  methodOf(hub, "subscribe")(0, 1, 9);
  return hub;
}

/** Of a hub that nobody else has. */
function subscribedBroadcast(addon: RawAddon): Method {
  return inheritedMethod(create(addon, "EventHub"), "broadcastValue");
}

function methodOf(instance: Instance, name: string): Method {
  return inheritedMethod(instance, name).bind(instance);
}

/** A method that belongs to no object yet. */
function inheritedMethod(prototype: Instance, name: string): Method {
  const method = prototype[name];
  assert.ok(method !== undefined, `there is no method ${name}`);
  return method;
}

/** @throws if a property is an accessor: Node-API does not check the receiver of an accessor. */
function methodNames(prototype: object): string[] {
  const names = Object.getOwnPropertyNames(prototype).filter((name) => name !== "constructor");
  for (const name of names) {
    assert.ok(Object.hasOwn(Object.getOwnPropertyDescriptor(prototype, name) ?? {}, "value"), name);
  }
  return names;
}

async function collectAll(): Promise<void> {
  for (let i = 0; i < COLLECTIONS; i += 1) {
    await collect();
  }
}

/** Each argument wrong in every way, one at a time. */
function assertAllRefused(
  { right, kinds }: Pick<Signature, "right" | "kinds">,
  call: (values: readonly unknown[]) => unknown,
): void {
  kinds.forEach((kind, position) => {
    for (const value of KIND[kind]) {
      const values = [...right().slice(0, position), value, ...right().slice(position + 1)];
      const what = `argument ${String(position)}, a ${kind}: ${inspect(value)}`;
      assert.throws(() => call(values), TypeError, what);
    }
  });
}

function assertTypeErrorAtMost(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof TypeError, inspect(error));
  }
}

function assertNothingWritten(call: () => unknown, memory: Buffer): void {
  const before = Buffer.from(memory);
  let result: unknown = -1;
  assertTypeErrorAtMost(() => (result = call()));
  assert.ok((result as number) < 0, "it said that all was well");
  assert.deepEqual(memory, before);
}

/** A hub with one event, whose message is prepared. */
function hubWithEvent(addon: RawAddon): { hub: Instance; length: number } {
  const hub = create(addon, "EventHub");
  return { hub, length: prepareEvent(hub) };
}

/** Prepares a message with one event. @returns Its length. */
function prepareEvent(hub: Instance): number {
  assert.equal(methodOf(hub, "sendValue")(0, 1, 9, "value", IMMEDIATE), Signal.FlushNow);
  return methodOf(hub, "prepare")(0) as number;
}

/** The message with one event of a hub with a new sealer, opened again. */
function sealedEvent(addon: RawAddon, hub: Instance): string {
  const output = Buffer.alloc(prepareEvent(hub));
  assert.equal(methodOf(hub, "takePrepared")(output), 0);
  return openedBy(addon, output);
}

function sealedBy(addon: RawAddon): Buffer {
  const output = Buffer.alloc(SEALED_LENGTH);
  assert.ok((methodOf(create(addon, "FrameSealer"), "sealFrames")(output, MESSAGE) as number) >= 0);
  return output;
}

function openedBy(addon: RawAddon, frames: Buffer): string {
  const output = Buffer.alloc(frames.length);
  const result = methodOf(create(addon, "FrameOpener"), "openFrames")(frames, output) as number;
  assert.ok(result >= 0, `not opened: status ${String(result)}`);
  const length = Math.floor(result / PENDING_STRIDE);
  return output.toString("utf8", 0, length);
}
