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

/** What the addon exports; every argument is open, since wrong ones are what it is given here. */
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

/** Values that are none of a kind: what `is` says false to. */
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
  sealer: wrong((value) => value === undefined),
  value: wrong(
    (value) => value === null || ["undefined", "boolean", "number", "string"].includes(typeof value),
  ),
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
const SIGNATURES: readonly Signature[] = [
  {
    class: "FrameSealer",
    method: "seal",
    right: () => [sealedBytes(), MESSAGE],
    kinds: ["bytes", "bytes"],
  },
  { class: "FrameOpener", method: "open", right: () => [bytes(), bytes()], kinds: ["bytes", "bytes"] },
  ...["remove", "unsubscribeAll", "subscriptions", "prepare", "counts"].map((method): Signature => ({
    class: "EventHub",
    method,
    right: () => [0],
    kinds: ["slot"],
  })),
  ...["subscribe", "unsubscribe", "isSubscribed"].map((method): Signature => ({
    class: "EventHub",
    method,
    right: () => [0, 1, 9],
    kinds: ["slot", "id", "id"],
  })),
  {
    class: "EventHub",
    method: "broadcast",
    right: () => [1, 9, "v", IMMEDIATE, 7],
    kinds: ["id", "id", "value", "flags", "slot"],
  },
  {
    class: "EventHub",
    method: "send",
    right: () => [0, 1, 9, "v", IMMEDIATE],
    kinds: ["slot", "id", "id", "value", "flags"],
  },
  { class: "EventHub", method: "copySignals", right: () => [signals()], kinds: ["signals"] },
  { class: "EventHub", method: "take", right: () => [bytes(), undefined], kinds: ["bytes", "sealer"] },
];

const CONSTRUCTORS: readonly Omit<Signature, "method">[] = [
  { class: "FrameSealer", right: () => [KEY, 0n], kinds: ["key", "counter"] },
  { class: "FrameOpener", right: () => [KEY, 0n, MAX_FRAMES], kinds: ["key", "counter", "slot"] },
  { class: "EventHub", right: () => [10, 1000], kinds: ["id", "id"] },
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

  it("writes signals to an array that has room for all, and to no other", () => {
    const hub = create(loadAddon(), "EventHub");
    const slot = methodOf(hub, "add")() as number;
    methodOf(hub, "subscribe")(slot, 1, 9);
    assert.equal(methodOf(hub, "broadcast")(1, 9, "value", IMMEDIATE, NO_SLOT), 2);
    assert.throws(() => methodOf(hub, "copySignals")(new Uint32Array(1)), TypeError);
    const array = new Uint32Array(3);
    methodOf(hub, "copySignals")(array);
    assert.deepEqual(new Set(array), new Set([Signal.FlushNow, slot * SIGNAL_STRIDE + Signal.FlushNow, 0]));
  });

  it("keeps a hub for as long as its broadcast is there, whoever calls it", async () => {
    const broadcast = subscribedBroadcast(loadAddon());
    for (let i = 0; i < COLLECTIONS; i += 1) {
      await collect();
    }
    assert.equal(broadcast.call({}, 1, 9, "value"), 1);
    assert.equal(broadcast.call(undefined, 1, 9, "value"), undefined, "a duplicate has no signal");
    assert.equal(broadcast(1, 8, "value"), undefined, "nobody has subscribed");
  });

  it("takes no sealer of another kind for its events", () => {
    const addon = loadAddon();
    const { hub } = hubWithEvent(addon);
    const opener = create(addon, "FrameOpener");
    const sealerLike = Object.create(addon.FrameSealer.prototype) as object;
    for (const foreign of [opener, hub, sealerLike, new Proxy(create(addon, "FrameSealer"), {})]) {
      assert.throws(() => methodOf(hub, "take")(Buffer.alloc(4096), foreign), TypeError);
    }
    assert.equal(methodOf(hub, "take")(Buffer.alloc(4096), create(addon, "FrameSealer")), 0);
  });

  it("writes into no memory that is too small", () => {
    const addon = loadAddon();
    const sealer = create(addon, "FrameSealer");
    const short = Buffer.alloc(SEALED_LENGTH - 1);
    assertNothingWritten(() => methodOf(sealer, "seal")(short, MESSAGE), short);
    const { hub } = hubWithEvent(addon);
    const little = Buffer.alloc(20);
    assertNothingWritten(() => methodOf(hub, "take")(little, undefined), little);
    assertNothingWritten(() => methodOf(hub, "take")(little, sealer), little);
  });

  it("takes sixteen chunks, and refuses one more", () => {
    const seal = methodOf(create(loadAddon(), "FrameSealer"), "seal");
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
        () => inheritedMethod(one.FrameSealer.prototype, "counter").call(create(other, "FrameSealer")),
        TypeError,
      );
      const [plain, sealed] = [hubWithEvent(one), hubWithEvent(one)];
      const message = Buffer.alloc(plain.length);
      const output = Buffer.alloc(sealed.length + FRAME_OVERHEAD);
      assert.equal(methodOf(plain.hub, "take")(message, undefined), 0);
      assert.equal(methodOf(sealed.hub, "take")(output, create(other, "FrameSealer")), 0);
      assert.equal(openedBy(one, output), message.toString());
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
  const hub = new addon.EventHub(100, 10_000);
  methodOf(hub, "add")();
  methodOf(hub, "subscribe")(0, 1, 9);
  return hub;
}

/** Of a hub that nobody else has. */
function subscribedBroadcast(addon: RawAddon): Method {
  return inheritedMethod(create(addon, "EventHub"), "broadcast");
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

function methodNames(prototype: object): string[] {
  return Object.getOwnPropertyNames(prototype).filter((name) => name !== "constructor");
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
  assert.equal(methodOf(hub, "send")(0, 1, 9, "value", IMMEDIATE), Signal.FlushNow);
  return { hub, length: methodOf(hub, "prepare")(0) as number };
}

function sealedBy(addon: RawAddon): Buffer {
  const output = Buffer.alloc(SEALED_LENGTH);
  assert.ok((methodOf(create(addon, "FrameSealer"), "seal")(output, MESSAGE) as number) >= 0);
  return output;
}

function openedBy(addon: RawAddon, frames: Buffer): string {
  const output = Buffer.alloc(frames.length);
  const result = methodOf(create(addon, "FrameOpener"), "open")(frames, output) as number;
  assert.ok(result >= 0, `not opened: status ${String(result)}`);
  const length = Math.floor(result / PENDING_STRIDE);
  return output.toString("utf8", 0, length);
}
