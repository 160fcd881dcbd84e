/** Preloaded into a process (`--require`): the addon that it loads has no cipher, as if OpenSSL were in FIPS mode. */

import { whenAddonLoads, type LoadedAddon } from "./loaded-addon";

whenAddonLoads((addon) => {
  addon.FrameSealer = function refuse() {
    throw new Error("OpenSSL refuses ChaCha20-Poly1305 here");
  } as unknown as LoadedAddon["FrameSealer"];
});
