/**
 * Changes the source of CommonJS modules as they load, whether they are required or imported.
 *
 * By Node's `module.registerHooks` where it exists (22.15 and 23.5), else by the `.js` entry of `require.extensions`,
 * which Node 20 calls for imported CommonJS modules too.
 */

import Module from "node:module";
import { fileURLToPath } from "node:url";

/** What is done to the sources. Neither may throw. */
export interface SourceHook {
  /** Called with the path of every CommonJS module that loads: to be quick. */
  wants(file: string): boolean;
  /** Called for those that are wanted. @returns the source to run. */
  edit(file: string, source: string): string;
}

/** The part of Node's hooks that is used; the types of Node 20 do not have them. */
interface LoadResult {
  readonly format?: string | null;
  readonly source?: string | ArrayBuffer | NodeJS.TypedArray | null;
}
type Load = (url: string, context: object) => LoadResult;
interface NodeHooks {
  registerHooks?: (hooks: { load: (url: string, context: object, nextLoad: Load) => LoadResult }) => {
    deregister(): void;
  };
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
  const { registerHooks } = Module as NodeHooks;
  return registerHooks === undefined ? hookExtension(hook) : hookLoad(hook, registerHooks);
}

function hookLoad(hook: SourceHook, registerHooks: NonNullable<NodeHooks["registerHooks"]>): () => void {
  const hooks = registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const file = url.startsWith("file:") ? fileURLToPath(url) : undefined;
      if (file === undefined || loaded.source == null || loaded.format === "module" || !hook.wants(file)) {
        return loaded;
      }
      return { ...loaded, source: hook.edit(file, textOf(loaded.source)) };
    },
  });
  return () => {
    hooks.deregister();
  };
}

function textOf(source: string | ArrayBuffer | NodeJS.TypedArray): string {
  return typeof source === "string" ? source : new TextDecoder().decode(source);
}

function hookExtension(hook: SourceHook): () => void {
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
