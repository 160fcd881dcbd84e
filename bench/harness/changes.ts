/** Changes of characteristics that a server broadcasts, and the message that a controller must receive for them. */

/** A characteristic's new value. */
export interface Change {
  readonly aid: number;
  readonly iid: number;
  readonly value: boolean | number;
}

/** Changes that happen at once, at most one for each characteristic. */
export interface Burst {
  readonly changes: readonly Change[];
  /** The one EVENT message with all of them, in plaintext. [PROTOCOL: events] */
  readonly message: Buffer;
}

/** The iid of an accessory's first characteristic that changes. */
const FIRST_IID = 10;

/** The characteristic of this number: the first one of each accessory, then the next one of each. */
export function characteristic(index: number, accessories: number): { aid: number; iid: number } {
  return { aid: 2 + (index % accessories), iid: FIRST_IID + Math.floor(index / accessories) };
}

/**
 * Changes of the first `count` characteristics. Every value differs from the one of the revision before. The sequence
 * repeats after two revisions, and each burst is made once.
 */
export function burstOf(count: number, accessories: number, revision: number): Burst {
  const phase = revision % 2;
  const key = `${String(count)} ${String(accessories)} ${String(phase)}`;
  const known = bursts.get(key);
  if (known !== undefined) {
    return known;
  }
  const changes = Array.from({ length: count }, (_, index) => changeOf(index, accessories, phase));
  const burst = { changes, message: messageOf(changes) };
  bursts.set(key, burst);
  return burst;
}

const bursts = new Map<string, Burst>();

/** The burst of this number in a series of single changes. They are the changes of {@link burstOf}, one by one. */
export function singleChange(index: number, count: number, accessories: number): Burst {
  const revision = Math.floor(index / count) % 2;
  const position = index % count;
  const key = `${String(position)} ${String(accessories)} ${String(revision)}`;
  let burst = singles.get(key);
  if (burst === undefined) {
    const changes = [changeOf(position, accessories, revision)];
    burst = { changes, message: messageOf(changes) };
    singles.set(key, burst);
  }
  return burst;
}

const singles = new Map<string, Burst>();

/** Switches, percentages and temperatures take turns. */
function changeOf(index: number, accessories: number, phase: number): Change {
  const { aid, iid } = characteristic(index, accessories);
  switch (index % 3) {
    case 0:
      return { aid, iid, value: phase === 1 };
    case 1:
      return { aid, iid, value: (index + phase) % 101 };
    default:
      return { aid, iid, value: 18 + ((index + phase) % 80) / 10 };
  }
}

/** Newest first, as the Apple Home app expects it. */
function messageOf(changes: readonly Change[]): Buffer {
  const body = JSON.stringify({ characteristics: changes.toReversed() });
  return Buffer.from(
    "EVENT/1.0 200 OK\r\nContent-Type: application/hap+json\r\n" +
      `Content-Length: ${String(Buffer.byteLength(body))}\r\n\r\n${body}`,
  );
}
