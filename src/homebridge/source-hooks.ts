/**
 * Changes the source of CommonJS modules as they load, whether they are required or imported.
 *
 * By the `.js` entry of `require.extensions`, which Node calls for imported CommonJS modules too. Its `module.registerHooks`
 * would do it in public, but breaks `module.register` of others: in Node 22, and in 24 before 24.21, a `load` hook that is
 * there makes their first load fail.
 */

import Module from "node:module";

/** What is done to the sources. Neither may throw. */
export interface SourceHook {
  /** Called with the path of every CommonJS module that loads: to be quick. */
  wants(file: string): boolean;
  /** Called for those that are wanted. @returns the source to run. */
  edit(file: string, source: string): string;
}

/** The CommonJS loader's seam, as libraries that transpile have used it ever since. */
interface CommonJsModule {
  _compile(source: string, file: string): unknown;
}
type Extension = (module: CommonJsModule, file: string) => void;
interface CommonJsLoader {
  _extensions: Record<".js", Extension>;
}

/** Starts to change sources. @returns how to stop. */
export function hookSources(hook: SourceHook): () => void {
  const { _extensions: extensions } = Module as unknown as CommonJsLoader;
  const previous = extensions[".js"];
  let active = true;
  const extension: Extension = (module, file) => {
    if (active && hook.wants(file)) {
      editWhenCompiled(module, hook);
    }
    previous(module, file);
  };
  extensions[".js"] = extension;
  return () => {
    // Who came later and calls this one goes on to do so.
    active = false;
    if (extensions[".js"] === extension) {
      extensions[".js"] = previous;
    }
  };
}

function editWhenCompiled(module: CommonJsModule, hook: SourceHook): void {
  const compile = module._compile.bind(module);
  module._compile = (source, file) => compile(hook.edit(file, source), file);
}
