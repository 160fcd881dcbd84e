/** The interface of a contender's frame codec. Each contender has a module in this folder, and runs in a process of its own. */

/** Both directions with the same key, each with its counter at 0. */
export interface Codec {
  seal(message: Buffer): Buffer;
  /** Takes back the memory of the last frames, as a connection does when its socket has taken them. */
  release?(frames: Buffer): void;
  /** @param frames - Frames of {@link Codec.seal} in their order. May be overwritten. */
  open(frames: Buffer): Buffer;
}

/** Seals and opens one message any number of times. */
export interface CodecLoop {
  seal(times: number): void;
  /** Prepares frames for {@link CodecLoop.open}. Not measured. */
  prepareOpen(times: number): void;
  /** Opens all prepared frames. */
  open(times: number): void;
  /** The sealed message with the nonce counter at 0. */
  firstFrames(): Buffer;
  /** The message that was opened last. */
  lastOpened(): Buffer;
}

/** Every module of this folder exports this function as `createLoop`. */
export type CreateLoop = (key: Buffer, message: Buffer) => CodecLoop;

/** Makes a loop that calls a codec from JavaScript for each message. */
export function loopOver(create: () => Codec, message: Buffer): CodecLoop {
  const sealing = create();
  const opening = create();
  let ready: Buffer[] = [];
  let opened: Buffer = Buffer.alloc(0);
  return {
    seal(times) {
      for (let i = 0; i < times; i += 1) {
        const frames = sealing.seal(message);
        sealing.release?.(frames);
      }
    },
    prepareOpen(times) {
      ready = Array.from({ length: times }, () => opening.seal(message));
    },
    open() {
      for (const frames of ready) {
        opened = opening.open(frames);
      }
    },
    firstFrames() {
      return create().seal(message);
    },
    lastOpened() {
      return opened;
    },
  };
}
