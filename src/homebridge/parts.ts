/**
 * Hands over the parts of HAP-NodeJS as they load: a transport and a `hapCrypto` right after they have run, `tweetnacl`
 * when a file of the package requires it. Light: the preload has this in every process, with HAP-NodeJS in it or not.
 */

import { candidateAt, knownPackageAt, type Candidate, type HapPackage } from "./hap-package";
import { hookSources } from "./source-hooks";

/** What is done with the parts. What the first three throw goes to {@link PartHandlers.failed}, and nowhere else. */
export interface PartHandlers {
  /** The module has run; its exports may be replaced before anyone sees them. */
  transport(module: NodeJS.Module, of: HapPackage): void;
  /** The same for `hapCrypto`. */
  crypto(module: NodeJS.Module, of: HapPackage): void;
  /** @returns what the requiring file gets for `tweetnacl`. */
  signing(tweetnacl: unknown, of: HapPackage): unknown;
  /** A transport of a package that is not known has loaded; it is left alone. */
  unknown(reason: string): void;
  failed(error: unknown, of: HapPackage): void;
}

/** All handlers there ever were; edited sources name theirs by its place here. */
const registered: PartHandlers[] = [];

/** Starts to hand over the parts of every known HAP-NodeJS that loads. @returns how to stop. */
export function handleParts(handlers: PartHandlers): () => void {
  const place = registered.push(handlers) - 1;
  return hookSources({
    wants: (file) => candidateAt(file) !== undefined,
    edit(file, source) {
      const candidate = candidateAt(file);
      return candidate === undefined ? source : edit(source, candidate, place);
    },
  });
}

const TWEETNACL = /require\((["'])tweetnacl\1\)/g;

/** The source with a call of {@link partHasRun} or {@link signingFor}; its lines stay where they are. */
function edit(source: string, { part, root }: Candidate, place: number): string {
  const known = knownPackageAt(root);
  if (typeof known === "string") {
    if (part === "transport") {
      registered[place]?.unknown(known);
    }
    return source;
  }
  const here = `require(${JSON.stringify(__filename)})`;
  return part === "signing"
    ? source.replace(TWEETNACL, (required) => `${here}.signingFor(module, ${String(place)}, ${required})`)
    : `${source}\n;${here}.partHasRun(module, ${String(place)});`;
}

/** Called by a part whose source was edited, at its end. */
export function partHasRun(module: NodeJS.Module, place: number): void {
  handOver(module, place, (handlers, part, of) => {
    if (part === "transport") {
      handlers.transport(module, of);
    } else {
      handlers.crypto(module, of);
    }
  });
}

/** Called by a file whose source was edited, with the `tweetnacl` that it would have. @returns the one that it gets. */
export function signingFor(module: NodeJS.Module, place: number, tweetnacl: unknown): unknown {
  let given = tweetnacl;
  handOver(module, place, (handlers, _part, of) => {
    given = handlers.signing(tweetnacl, of);
  });
  return given;
}

function handOver(
  { filename }: NodeJS.Module,
  place: number,
  act: (handlers: PartHandlers, part: Candidate["part"], of: HapPackage) => void,
): void {
  const candidate = candidateAt(filename);
  const of = candidate && knownPackageAt(candidate.root);
  const handlers = registered[place];
  if (candidate === undefined || typeof of !== "object" || handlers === undefined) {
    return;
  }
  try {
    act(handlers, candidate.part, of);
  } catch (error) {
    handlers.failed(error, of);
  }
}
