/** For programs that are preloaded into a process (`--require`) to change the addon that it loads. */

export interface Sealer {
  sealFrames(output: Buffer, ...chunks: readonly Uint8Array[]): number;
}

/** The part of its exports that is changed. */
export interface LoadedAddon {
  FrameSealer: new (key: Uint8Array, counter: bigint) => Sealer;
}

/** Changes the addon of this package when it is loaded, and no other's. */
export function whenAddonLoads(change: (addon: LoadedAddon) => void): void {
  const load = process.dlopen.bind(process);
  process.dlopen = (module: object, file, ...flags) => {
    load(module, file, ...flags);
    const { exports } = module as { readonly exports: Partial<LoadedAddon> };
    if (exports.FrameSealer !== undefined) {
      change(exports as LoadedAddon);
    }
  };
}
