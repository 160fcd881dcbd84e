/** What the harness wants of a contender's frame codec. One module of this folder for each, run in a process of its own. */

/** Both directions with the same key, each from its first frame on. */
export interface Codec {
  seal(message: Buffer): Buffer;
  /** Takes back the memory of what was sealed last, as a connection does when its socket has taken it. */
  release?(frames: Buffer): void;
  /** @param frames - What {@link Codec.seal} has made, in its order; may be overwritten. */
  open(frames: Buffer): Buffer;
}

/** One message, sealed and opened any number of times. */
export interface CodecLoop {
  seal(times: number): void;
  /** Makes frames ready for so many {@link CodecLoop.open}; not measured. */
  prepareOpen(times: number): void;
  /** Opens what was made ready, all of it. */
  open(times: number): void;
  /** What sealing gives with the nonce counter at 0. */
  firstFrames(): Buffer;
  /** What opening gave last. */
  lastOpened(): Buffer;
}

/** What every module of this folder exports as `createLoop`. */
export type CreateLoop = (key: Buffer, message: Buffer) => CodecLoop;

/** The loop of a codec that is called from JavaScript for each message. */
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
