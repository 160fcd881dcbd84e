/** The functions that `install(hap)` replaces in HAP-NodeJS give the originals' results, and take bounded memory. */

import assert from "node:assert/strict";
import crypto, { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { describe, it, type TestContext } from "node:test";
import { runInThisContext } from "node:vm";

import { Characteristic, HAPStorage, Service } from "@homebridge/hap-nodejs";

import { saveOnChange } from "#src/homebridge/identifier-cache";
import { rememberShortForms } from "#src/homebridge/short-uuid";

import { patient } from "../support/patience";
import { Random } from "../support/random";

const load = createRequire(require.resolve("@homebridge/hap-nodejs"));

type ToShortForm = (uuid: unknown, base?: unknown) => unknown;

interface Uuid {
  BASE_UUID: string;
  toShortForm: ToShortForm;
}

const uuids = load("./lib/util/uuid") as Uuid;

/** @returns The result of a call, or its error. */
function outcomeOf(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

/** @returns The UUIDs of HAP-NodeJS's services and characteristics. */
function knownUuids(): string[] {
  return [Service, Characteristic]
    .flatMap((named) => Object.values(named) as unknown[])
    .map((type) => (type as { UUID?: unknown } | null)?.UUID)
    .filter((uuid) => typeof uuid === "string");
}

/** Changes a UUID so that it is another, a short form, or none. */
function mutate(random: Random, uuid: string): unknown {
  const at = random.between(0, uuid.length - 1);
  return random.pick([
    uuid,
    uuid.toLowerCase(),
    `${uuid.slice(0, at)}${random.pick(["0", "f", "G", "-", " ", "\n", "é"])}${uuid.slice(at + 1)}`,
    uuid.slice(0, at),
    `${uuid}\n`,
    `0000000${uuid.slice(7)}`,
    `${uuid.slice(0, 8)}${uuids.BASE_UUID.toLowerCase()}`,
    undefined,
    null,
    at,
    [uuid],
    new String(uuid),
  ]);
}

describe("the short form of a UUID", { timeout: patient(60_000) }, () => {
  it("is the original's, of real, random and wrong UUIDs, with a base and without", () => {
    const random = new Random(15);
    const { toShortForm } = rememberShortForms(uuids) as Partial<Uuid>;
    assert.ok(toShortForm !== undefined, "the function of this release is unknown");
    const real = knownUuids();
    assert.ok(real.length > 300, `${String(real.length)} UUIDs`);
    let count = 0;
    for (const uuid of [...real, ...Array.from({ length: 2_000 }, () => randomUUID())]) {
      const changed = mutate(random, uuid);
      for (const args of [
        [uuid],
        [uuid],
        [changed],
        [changed],
        [changed, uuids.BASE_UUID],
        [uuid, ""],
        [uuid, "x"],
      ]) {
        const [of, base] = args;
        assert.equal(
          outcomeOf(() => toShortForm(of, base)),
          outcomeOf(() => uuids.toShortForm(of, base)),
          JSON.stringify(args),
        );
        count += 1;
      }
    }
    assert.ok(count > 10_000);
  });

  it("follows the base if another library assigns it", () => {
    const { toShortForm } = rememberShortForms(uuids) as Uuid;
    const { BASE_UUID: base } = uuids;
    const uuid = `0000003E${base}`;
    assert.equal(toShortForm(uuid), "3E");
    try {
      uuids.BASE_UUID = "-0000-1000-8000-0026BB765292";
      assert.deepEqual([toShortForm(uuid), uuids.toShortForm(uuid)], [uuid, uuid]);
    } finally {
      uuids.BASE_UUID = base;
    }
    assert.equal(toShortForm(uuid), "3E");
  });

  it("is made once of each UUID, until there are more than a bridge has", () => {
    let made = 0;
    const scope = {
      BASE_UUID: uuids.BASE_UUID,
      isValid: () => {
        made += 1;
        return true;
      },
    };
    const scoped = runInThisContext(
      `(exports, isValid, SHORT_FORM_REGEX) => ${String(uuids.toShortForm)}`,
    ) as (...names: unknown[]) => ToShortForm;
    const original = scoped(scope, scope.isValid, /(?!)/);
    const { toShortForm } = rememberShortForms({ ...scope, toShortForm: original }) as Uuid;
    const calls = (of: readonly string[]): number => {
      made = 0;
      of.forEach((uuid) => toShortForm(uuid));
      return made / 2;
    };
    const first = randomUUID();
    assert.deepEqual([calls([first, first, first]), calls([first])], [1, 0]);
    calls(Array.from({ length: 1_100 }, () => randomUUID()));
    assert.equal(calls([first]), 1, "the memory of short forms has no bound");
  });

  it("is left to a function that hapwire was not tested with", () => {
    const toShortForm = (): string => "another";
    assert.deepEqual(rememberShortForms({ ...uuids, toShortForm }), {});
    assert.deepEqual(rememberShortForms({}), {});
  });
});

/** HAP-NodeJS's `IdentifierCache`. */
interface IdentifierCache {
  _cache: Record<string, unknown>;
  _savedCacheHash: string;
  startTrackingUsage(): void;
  stopTrackingUsageAndExpireUnused(): void;
  getAID(accessory: string): number;
  getIID(accessory: string, service: string, subtype?: string, characteristic?: string): number;
  save(): void;
}

const { IdentifierCache } = load("./lib/model/IdentifierCache") as {
  IdentifierCache: new (username: string) => IdentifierCache;
};

interface Storage {
  setItemSync(key: string, value: unknown): void;
}

/** A cache whose writes are noted. */
class NotedCache {
  readonly cache = new IdentifierCache("0E:11:22:33:44:55");
  readonly writes: string[] = [];

  /** @param isFast - False for HAP-NodeJS's own `save`. */
  constructor(isFast: boolean) {
    if (!isFast) return;
    const { save } = saveOnChange(IdentifierCache.prototype as object);
    assert.ok(save !== undefined, "the function of this release is unknown");
    Object.assign(this.cache, { save });
  }

  /** @param failure - The error that the storage throws. */
  save(storage: Storage, failure?: Error): unknown {
    storage.setItemSync = (key, value) => {
      if (failure !== undefined) throw failure;
      this.writes.push(JSON.stringify([key, value]));
    };
    return outcomeOf(() => {
      this.cache.save();
    });
  }
}

/** @returns HAP-NodeJS's storage, whose method is put back when the test is over. */
function storageIn(t: TestContext): Storage {
  const storage = { setItemSync: (): void => undefined };
  t.mock.method(HAPStorage, "storage", () => storage);
  return storage;
}

/** @returns A change of a cache: assigned identifiers, a pass that expires, or what another library may do to it. */
function randomChange(random: Random): (cache: IdentifierCache) => void {
  const key = `accessory ${String(random.between(0, 3))}`;
  const characteristic = `characteristic ${String(random.between(0, 5))}`;
  const value = random.pick([1, 2, 3, "2", null, NaN, -0, 0, undefined, { iid: 2 }]);
  const pass = (cache: IdentifierCache): void => {
    cache.startTrackingUsage();
    cache.getAID(key);
    cache.getIID(key, "service", undefined, characteristic);
    cache.stopTrackingUsageAndExpireUnused();
  };
  return random.pick([
    () => undefined,
    () => undefined,
    (cache: IdentifierCache) => cache.getAID(key),
    (cache: IdentifierCache) => cache.getIID(key, "service", random.pick([undefined, "sub"]), characteristic),
    pass,
    (cache: IdentifierCache) => (cache._cache[key] = value),
    (cache: IdentifierCache) => Reflect.deleteProperty(cache._cache, key),
    (cache: IdentifierCache) => (cache._cache = Object.fromEntries(Object.entries(cache._cache).reverse())),
    (cache: IdentifierCache) => (cache._cache = { ...cache._cache }),
    (cache: IdentifierCache) => (cache._savedCacheHash = ""),
    (cache: IdentifierCache) => {
      Object.values(cache._cache).forEach((known) => Object.assign(Object(known) as object, { iid: 3 }));
    },
  ] as const);
}

describe("saving an IdentifierCache", { timeout: patient(60_000) }, () => {
  it("writes the same as the original, at the same times, whatever has changed", (t) => {
    const storage = storageIn(t);
    const random = new Random(150);
    let writes = 0;
    for (let round = 0; round < 100; round += 1) {
      const [original, fast] = [new NotedCache(false), new NotedCache(true)];
      for (let step = 0; step < 40; step += 1) {
        const seed = random.between(0, 2 ** 31);
        const failure = random.chance(0.1) ? new Error("the disk is full") : undefined;
        const [expected, result] = [original, fast].map((noted) => {
          randomChange(new Random(seed))(noted.cache);
          return noted.save(storage, failure);
        });
        assert.equal(result, expected);
        assert.deepEqual(fast.writes, original.writes, `round ${String(round)}, step ${String(step)}`);
        assert.equal(fast.cache._savedCacheHash, original.cache._savedCacheHash);
      }
      writes += fast.writes.length;
    }
    assert.ok(writes > 1_000, `${String(writes)} writes`);
  });

  it("takes no hash of entries that the file has", (t) => {
    const storage = storageIn(t);
    const noted = new NotedCache(true);
    noted.cache.getIID("accessory", "service");
    const { mock } = t.mock.method(crypto, "createHash");
    const hashes = (): number => {
      mock.resetCalls();
      noted.save(storage);
      return mock.callCount();
    };
    assert.deepEqual([hashes(), hashes(), hashes()], [1, 0, 0]);
    noted.cache.getIID("accessory", "another service");
    assert.deepEqual([hashes(), hashes(), noted.writes.length], [1, 0, 2]);
  });

  it("is left to a function that hapwire was not tested with", () => {
    assert.deepEqual(saveOnChange({ save: () => undefined }), {});
    assert.deepEqual(saveOnChange({}), {});
  });
});
