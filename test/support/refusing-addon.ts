/** Preloaded into a process (`--require`): the addon that it loads has no cipher, as where OpenSSL is in FIPS mode. */

interface LoadedModule {
  readonly exports: { FrameSealer?: unknown };
}

const load = process.dlopen.bind(process);

process.dlopen = (module: object, file, ...flags) => {
  load(module, file, ...flags);
  const addon = (module as LoadedModule).exports;
  if (addon.FrameSealer === undefined) {
    return; // another package's addon
  }
  addon.FrameSealer = function refuse() {
    throw new Error("OpenSSL refuses ChaCha20-Poly1305 here");
  };
};
