/**
 * The sockets on which the processes of one Homebridge serve their reports: one for each process, in a folder below the
 * storage.
 * The folder lists the processes on every system. On Windows the files are empty, and each stands for a named pipe.
 */

import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const FOLDER = "hapwire";
const SUFFIX = ".sock";
/** Bytes of a socket's path that every system takes: macOS has 104, with a zero at the end. */
const MAX_PATH_BYTES = 103;
const HASH_DIGITS = 16;

/** The socket of one process. */
export interface ProcessSocket {
  readonly pid: number;
  /** The socket, or on Windows the empty file that stands for the pipe. */
  readonly file: string;
}

export function socketOf(storage: string, pid: number): ProcessSocket {
  return { pid, file: path.join(storage, FOLDER, `${String(pid)}${SUFFIX}`) };
}

/** @returns The sockets of all processes, of dead ones too. Empty if the folder can't be read. */
export function listSockets(storage: string): ProcessSocket[] {
  let names: string[] = [];
  try {
    names = readdirSync(path.join(storage, FOLDER));
  } catch {
    // No process has served a report here.
  }
  return names.flatMap((name) => {
    const pid = /^(\d{1,10})\.sock$/.exec(name)?.[1];
    return pid === undefined ? [] : [socketOf(storage, Number(pid))];
  });
}

/** Makes the folder, which only its owner may enter. @throws The error of the file system. */
export function makeSocketFolder(storage: string): void {
  mkdirSync(path.join(storage, FOLDER), { recursive: true, mode: 0o700 });
}

/**
 * Calls `use` with the address of a socket, for `listen` or `connect`.
 *
 * If the path is too long for a socket, the address leads through a short symbolic link. The link is removed when the call
 * returns: the system looks the path up during the call.
 */
export function withAddress<T>(
  { file, pid }: ProcessSocket,
  use: (address: string) => T,
  platform: NodeJS.Platform = process.platform,
): T {
  if (platform === "win32") {
    return use(pipeName(file, pid));
  }
  if (Buffer.byteLength(file) <= MAX_PATH_BYTES) {
    return use(file);
  }
  const folder = mkdtempSync(path.join(tmpdir(), "hapwire-"));
  try {
    const link = path.join(folder, "s");
    symlinkSync(path.dirname(file), link);
    return use(path.join(link, path.basename(file)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Pipes have one name space for the whole machine: the hash tells one storage from another. */
function pipeName(file: string, pid: number): string {
  const folder = path.resolve(path.dirname(file)).toLowerCase();
  const hash = createHash("sha256").update(folder).digest("hex");
  return `\\\\.\\pipe\\hapwire-${hash.slice(0, HASH_DIGITS)}-${String(pid)}`;
}
