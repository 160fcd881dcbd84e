/** Preloaded into a process (`--require`): the addon that it loads seals every frame with a wrong tag. */

interface Sealer {
  seal(output: Buffer, ...chunks: readonly Uint8Array[]): number;
}

interface LoadedModule {
  readonly exports: { FrameSealer?: new (key: Uint8Array, counter: bigint) => Sealer };
}

const load = process.dlopen.bind(process);

process.dlopen = (module: object, file, ...flags) => {
  load(module, file, ...flags);
  const addon = (module as LoadedModule).exports;
  if (addon.FrameSealer === undefined) {
    return; // another package's addon
  }
  addon.FrameSealer = class extends addon.FrameSealer {
    override seal(output: Buffer, ...chunks: readonly Uint8Array[]): number {
      const result = super.seal(output, ...chunks);
      if (output.length > 0) {
        const last = output.length - 1;
        output.writeUInt8(output.readUInt8(last) ^ 1, last);
      }
      return result;
    }
  };
};
