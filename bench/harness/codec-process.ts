/** A program: seals and opens with one contender's frame codec, and reports the cost. Argument: {@link CodecStart}. */

import { createPortableEngine } from "#src/engine/portable";

import type { CodecLoop, CreateLoop } from "../codecs/contract";
import { refuseToStart, serveCommands } from "./ipc";

/** The argument of the program. */
export interface CodecStart {
  /** The file of a module of codecs/. */
  readonly module: string;
  /** Bytes of the message. */
  readonly size: number;
}

/** CPU time for one message, in nanoseconds. */
export interface CodecCost {
  readonly seal: number;
  readonly open: number;
}

// A type, because an interface has no index signature.
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions
export type CodecCommands = {
  /** Seals and opens until each has taken this many microseconds. */
  measure(time: number): CodecCost;
};

/** Bytes that are sealed or opened in a row. They stay in a core's own cache, like a response fresh from its socket. */
const BATCH = 128 * 1024;

function measure(loop: CodecLoop, size: number, time: number): CodecCost {
  const times = Math.max(1, Math.floor(BATCH / size));
  const spent = { seal: 0, open: 0 };
  let messages = 0;
  while (spent.seal < time || spent.open < time) {
    spent.seal += cpuOf(() => {
      loop.seal(times);
    });
    loop.prepareOpen(times);
    spent.open += cpuOf(() => {
      loop.open(times);
    });
    messages += times;
  }
  return { seal: (spent.seal / messages) * 1000, open: (spent.open / messages) * 1000 };
}

/** CPU time in microseconds. */
function cpuOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** @throws Error if the frames are not HAP's, or the opened message differs from the sealed one. */
function check(loop: CodecLoop, key: Buffer, message: Buffer): void {
  const frames = createPortableEngine({ sodium: false })
    .createSealer(key, 0n)
    .seal([message], message.length);
  if (!loop.firstFrames().equals(frames)) {
    throw new Error("the frames are not HAP's");
  }
  loop.prepareOpen(2);
  loop.open(2);
  if (!loop.lastOpened().equals(message)) {
    throw new Error("what was opened is not what was sealed");
  }
}

async function main(): Promise<void> {
  const { module, size } = JSON.parse(process.argv[2] ?? "") as CodecStart;
  const { createLoop } = (await import(module)) as { createLoop: CreateLoop };
  const key = Buffer.alloc(32, "key");
  const message = Buffer.alloc(size, '{"aid":2,"iid":10,"value":20.5},');
  const loop = createLoop(key, message);
  check(loop, key, message);
  serveCommands<CodecCommands>({ measure: (time) => measure(loop, size, time) }, undefined);
}

main().catch(refuseToStart);
