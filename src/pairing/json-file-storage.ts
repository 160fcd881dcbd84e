/** The state of an accessory in a JSON file that is always whole, whenever the process or the power ends. */

import { open, readFile, readlink, realpath, rename, rm } from "node:fs/promises";
import path from "node:path";

import { checkNonEmptyString } from "../check";
import { HapwireError } from "../errors";
import type { PairingState } from "./state";
import type { PairingStorage } from "./storage";

/** Only the owner reads and writes: the file holds the accessory's secret key. */
const MODE = 0o600;

/**
 * Keeps the state in a JSON file of mode 0600. A save writes another file beside it, `FILE.tmp`, forces it to the disk, and
 * renames it over the first. If the file is a symbolic link, the link stays, and the file that it names is replaced. One
 * process at a time may use a file.
 *
 * @example
 * ```js
 * const pairing = await AccessoryPairing.open({ storage: new JsonFileStorage("lamp.json") });
 * console.log(pairing.isPaired);
 * ```
 */
export class JsonFileStorage implements PairingStorage {
  /** The path of the file. */
  readonly file: string;

  /**
   * @param file - The path. Its folder must exist.
   * @throws {@link hapwire.ArgumentError}
   */
  constructor(file: string) {
    checkNonEmptyString(file, "file");
    this.file = path.resolve(file);
  }

  /**
   * Reads the file.
   *
   * @returns The state, or undefined if the file does not exist.
   * @throws {@link hapwire.HapwireError} `ERR_HAPWIRE_STORAGE` if it can't be read or is not JSON.
   */
  async load(): Promise<unknown> {
    try {
      return JSON.parse(await readFile(this.file, "utf8"));
    } catch (error) {
      if (codeOf(error) === "ENOENT") {
        return undefined;
      }
      // A SyntaxError would show the contents of the file.
      const reason = error instanceof SyntaxError ? "is not JSON" : "can't be read";
      throw this.#failure(reason, error instanceof SyntaxError ? undefined : error);
    }
  }

  /**
   * Replaces the file.
   *
   * @throws {@link hapwire.HapwireError} `ERR_HAPWIRE_STORAGE` if it can't be written.
   */
  async save(state: PairingState): Promise<void> {
    try {
      const file = await targetOf(this.file);
      const temporary = `${file}.tmp`;
      // A process that was killed may have left one.
      await rm(temporary, { force: true });
      await writeToDisk(temporary, `${JSON.stringify(state, undefined, 2)}\n`);
      await rename(temporary, file);
      await syncFolder(path.dirname(file));
    } catch (error) {
      throw this.#failure("can't be written", error);
    }
  }

  #failure(reason: string, cause: unknown): HapwireError {
    const message = `the pairings' file ${this.file} ${reason}; check its folder, its owner and the disk`;
    return new HapwireError("ERR_HAPWIRE_STORAGE", message, cause === undefined ? undefined : { cause });
  }
}

/** The file that a link names, which need not be there yet. A rename would replace the link, and the next load might miss the file. */
async function targetOf(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") {
      throw error;
    }
    const target = await readlink(file).catch(() => "");
    return path.resolve(path.dirname(file), target === "" ? path.basename(file) : target);
  }
}

/** Fails if the file exists, so that it follows no link. */
async function writeToDisk(file: string, text: string): Promise<void> {
  const handle = await open(file, "wx", MODE);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The rename must be on the disk, too. Not all systems can open a folder: there, the rename is as safe as they make it. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  try {
    await handle?.sync();
  } catch (error) {
    if (!["EINVAL", "EISDIR", "EPERM", "ENOTSUP"].includes(codeOf(error) ?? "")) {
      throw error;
    }
  } finally {
    await handle?.close();
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}
