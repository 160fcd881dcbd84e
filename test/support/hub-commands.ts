/** Random work for event hubs: commands, and the model and several hubs that go through them in step. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Engine, EventHub, HubLimits, FrameSealer } from "#src/engine/contract";
import { NO_SLOT, SIGNAL_STRIDE } from "#src/engine/contract";
import { ModelConnection, modelFrames } from "./model";

export type HubCommand = { readonly do: "add" } | MemberCommand;

/** `who` chooses among the connections that are there. */
type MemberCommand =
  | { readonly do: "remove" | "unsubscribeAll" | "mute" | "attachSealer" | "take"; readonly who: number }
  | {
      readonly do: "subscribe" | "unsubscribe";
      readonly who: number;
      readonly aid: number;
      readonly iid: number;
    }
  | { readonly do: "broadcast" | "send"; readonly who: number; readonly event: CommandEvent };

interface CommandEvent {
  readonly aid: number;
  readonly iid: number;
  readonly value: unknown;
  readonly immediate: boolean;
  /** Whether a broadcast leaves out the connection that `who` chooses. */
  readonly fromWho: boolean;
}

// Few characteristics, so that events meet; among them ids that 32 bits or a double's 53 would confuse.
const anyAid = fc.constantFrom(1, 2, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER);
const anyIid = fc.constantFrom(1, 9, 10);
const anyWho = fc.nat(15);

/** Any string at all: UTF-16 units, so that lone surrogates and NULs are among them. */
const anyString = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc
    .array(fc.constantFrom("\ud83c", "\udf73", '"', "\\", "\u2028", "\x7f", "\x00", "é", "\x1f"))
    .map((units) => units.join("")),
);

// prettier-ignore
const EDGE_NUMBERS = [-0, NaN, Infinity, -Infinity, 0.1, 1e21, 1e-7, 5e-324, 2 ** 53, -(2 ** 31), 2 ** 32, Number.MAX_VALUE];

const anyNumber = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(...EDGE_NUMBERS),
  fc.double({ min: -100, max: 100, noNaN: true }).map((value) => Math.round(value * 10) / 10),
);

/** Values that `JSON.stringify` leaves out, unwraps, or calls `toJSON` of. */
const oddValue = fc.constantFrom<unknown>(
  undefined,
  Symbol("left out"),
  () => "left out",
  new Date(0),
  new Date(NaN),
  Object(-1.5),
  Object("wrapped"),
  Object(false),
  new Map([[1, 2]]),
  Buffer.from("ab"),
  Float32Array.of(0.1),
  Object.create(null),
  { toJSON: () => undefined },
  { toJSON: (key: string) => [key] },
  // eslint-disable-next-line no-sparse-arrays -- a hole is null in JSON
  [undefined, () => 1, , NaN],
);

/** Every kind of value, most often one that comes again: duplicates need that. */
export const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<unknown>(true, false, 0, 1, "on", null) },
  { weight: 2, arbitrary: anyString },
  { weight: 2, arbitrary: anyNumber },
  { weight: 1, arbitrary: oddValue },
  {
    weight: 1,
    arbitrary: fc.object({ key: anyString, values: [anyString, anyNumber, fc.boolean(), oddValue] }),
  },
  { weight: 1, arbitrary: fc.array(fc.oneof(anyString, anyNumber)) },
);

const anyEvent = fc.record({
  aid: anyAid,
  iid: anyIid,
  value: anyValue,
  immediate: fc.boolean(),
  fromWho: fc.boolean(),
});

const anyCommand: fc.Arbitrary<HubCommand> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ do: fc.constant("add") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("remove", "unsubscribeAll", "mute", "attachSealer"),
      who: anyWho,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("subscribe"), who: anyWho, aid: anyAid, iid: anyIid }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("unsubscribe"), who: anyWho, aid: anyAid, iid: anyIid }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constantFrom("broadcast", "send"), who: anyWho, event: anyEvent }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("take"), who: anyWho }) },
);

export const hubCommands = fc.array(anyCommand, { maxLength: 80, size: "max" });

/** From queues that overflow soon to queues that never do. */
export const queueLimits: fc.Arbitrary<HubLimits> = fc.record({
  maxEvents: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(4096)),
  maxBytes: fc.oneof(fc.integer({ min: 1, max: 800 }), fc.constant(1 << 20)),
  maxSubscriptions: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constant(1000)),
});

const KEY = Buffer.alloc(32, 0x5a);

/** A connection as each of the hubs has it, and as the model has it. */
interface Member {
  readonly model: ModelConnection;
  isSealed: boolean;
  /** The frames that the model has sealed. */
  framesSealed: number;
  readonly ends: readonly {
    readonly hub: EventHub;
    readonly slot: number;
    readonly sealer: FrameSealer;
  }[];
}

/** Gives each command to the model and to the hubs of all engines, and checks that they agree on all that shows. */
export class HubsInStep {
  readonly #limits: HubLimits;
  readonly #hubs: readonly { readonly engine: Engine; readonly hub: EventHub }[];
  readonly #members: Member[] = [];

  constructor(engines: readonly Engine[], limits: HubLimits) {
    this.#limits = limits;
    this.#hubs = engines.map((engine) => ({ engine, hub: engine.createEventHub(limits) }));
    this.#add();
    this.#add();
  }

  run(command: HubCommand): void {
    if ("who" in command) {
      this.#runOnMember(command);
    } else {
      this.#add();
    }
    this.#members.forEach(checkState);
  }

  #runOnMember(command: MemberCommand): void {
    const index = command.who % this.#members.length;
    const member = this.#members[index];
    if (member === undefined) {
      return;
    }
    switch (command.do) {
      case "remove":
        this.#members.splice(index, 1);
        member.ends.forEach(({ hub, slot }) => {
          hub.remove(slot);
        });
        break;
      case "unsubscribeAll":
        member.model.unsubscribeAll();
        member.ends.forEach(({ hub, slot }) => {
          hub.unsubscribeAll(slot);
        });
        break;
      case "mute":
        member.model.mute();
        member.ends.forEach(({ hub, slot }) => {
          hub.mute(slot);
        });
        break;
      case "attachSealer":
        member.isSealed = true;
        member.ends.forEach(({ hub, slot, sealer }) => {
          hub.attachSealer(slot, sealer);
        });
        break;
      case "subscribe":
      case "unsubscribe":
        changeSubscription(member, command.do, command.aid, command.iid);
        break;
      case "send":
        send(member, command.event);
        break;
      case "broadcast":
        this.#broadcast(command.event.fromWho ? member : undefined, command.event);
        break;
      case "take":
        take(member);
        break;
    }
  }

  #add(): void {
    this.#members.push({
      model: new ModelConnection(this.#limits),
      isSealed: false,
      framesSealed: 0,
      ends: this.#hubs.map(({ engine, hub }) => ({
        hub,
        slot: hub.add(),
        sealer: engine.createSealer(KEY, 0n),
      })),
    });
  }

  #broadcast(from: Member | undefined, { aid, iid, value, immediate }: CommandEvent): void {
    const expected = this.#members.map((member) =>
      member === from ? 0 : member.model.send(aid, iid, value, immediate),
    );
    this.#hubs.forEach(({ hub }, index) => {
      const except = from?.ends[index]?.slot ?? NO_SLOT;
      const signals = signalsBySlot(hub, hub.broadcast(aid, iid, value, immediate, except));
      const actual = this.#members.map(({ ends }) => signals.get(ends[index]?.slot ?? NO_SLOT) ?? 0);
      assert.deepEqual(actual, expected);
      assert.equal(signals.size, expected.filter((signal) => signal !== 0).length);
    });
  }
}

function changeSubscription(
  { model, ends }: Member,
  change: "subscribe" | "unsubscribe",
  aid: number,
  iid: number,
): void {
  const expected = model[change](aid, iid);
  for (const { hub, slot } of ends) {
    assert.equal(hub[change](slot, aid, iid), expected);
    assert.equal(hub.isSubscribed(slot, aid, iid), model.isSubscribed(aid, iid));
  }
}

function send({ model, ends }: Member, { aid, iid, value, immediate }: CommandEvent): void {
  const signal = model.send(aid, iid, value, immediate);
  for (const { hub, slot } of ends) {
    const signals = signalsBySlot(hub, hub.send(slot, aid, iid, value, immediate));
    assert.deepEqual([...signals], signal === 0 ? [] : [[slot, signal]]);
  }
}

function take(member: Member): void {
  const message = member.model.take();
  let expected = message;
  if (member.isSealed && message !== undefined) {
    const frames = modelFrames(KEY, BigInt(member.framesSealed), message);
    member.framesSealed += frames.length;
    expected = Buffer.concat(frames);
  }
  for (const { hub, slot, sealer } of member.ends) {
    const taken = hub.take(slot);
    // First as text: a difference can be read there.
    assert.equal(taken?.toString(), expected?.toString());
    assert.deepEqual(taken, expected);
    assert.equal(sealer.counter, BigInt(member.framesSealed));
    assert.equal(sealer.frames, member.framesSealed);
  }
}

function checkState({ model, ends }: Member): void {
  for (const { hub, slot } of ends) {
    assert.deepEqual([...hub.subscriptions(slot)], model.subscriptions);
    assert.deepEqual(hub.counts(slot), model.counts);
  }
}

/** @returns The signal of each slot; fails if a slot has two. */
function signalsBySlot(hub: EventHub, count: number): Map<number, number> {
  const signals = [...hub.signals.subarray(0, count)];
  const bySlot = new Map(
    signals.map((signal) => [Math.floor(signal / SIGNAL_STRIDE), signal % SIGNAL_STRIDE]),
  );
  assert.equal(bySlot.size, count);
  return bySlot;
}
