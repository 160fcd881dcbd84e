/** Preloaded into a process (`--require`): the addon that it loads seals every frame with a wrong tag. */

import { whenAddonLoads } from "./loaded-addon";

whenAddonLoads((addon) => {
  addon.FrameSealer = class extends addon.FrameSealer {
    override sealFrames(output: Buffer, ...chunks: readonly Uint8Array[]): number {
      const result = super.sealFrames(output, ...chunks);
      if (output.length > 0) {
        const last = output.length - 1;
        output.writeUInt8(output.readUInt8(last) ^ 1, last);
      }
      return result;
    }
  };
});
