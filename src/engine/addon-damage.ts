/**
 * Finds a damaged addon without loading it. If a file is cut off, as by a power cut during an installation, `dlopen` ends the
 * process with SIGBUS.
 */

import * as zlib from "node:zlib";

/** The first four bytes of an ELF file. */
const ELF_MAGIC = 0x7f454c46;
const CLASS_64 = 2;
const BIG_ENDIAN = 2;
/** Length of the header of a 64-bit file, the longer one. */
const HEADER_LENGTH = 64;

/** ELF's numbers of the processors that have a prebuilt addon, by `process.arch`. */
const MACHINES: Partial<Record<string, number>> = { x64: 62, arm64: 183, arm: 40 };

/** A prebuilt addon ends in these bytes and the CRC-32 of all bytes before them: prebuilds/compile.mjs. */
const SEAL_MAGIC = "HAPW";
const SEAL_LENGTH = SEAL_MAGIC.length + 4;

/**
 * Checks the bytes of an addon on Linux. On other platforms the dynamic linker checks the file.
 *
 * @returns what is wrong; undefined if nothing is.
 */
export function damageOf(bytes: Buffer): string | undefined {
  if (process.platform !== "linux") {
    return undefined;
  }
  if (bytes.length < HEADER_LENGTH || bytes.readUInt32BE(0) !== ELF_MAGIC) {
    return "the file is damaged: it does not begin as an addon does";
  }
  return bytes.readUInt8(5) === BIG_ENDIAN ? undefined : damageOfElf(bytes);
}

function damageOfElf(bytes: Buffer): string | undefined {
  const machine = bytes.readUInt16LE(18);
  if (machine !== (MACHINES[process.arch] ?? machine)) {
    return `the file is for another processor than ${process.arch}`;
  }
  // Linkers put the table of sections last, so that a file that is cut off has no whole table.
  const is64 = bytes.readUInt8(4) === CLASS_64;
  const tableStart = is64 ? Number(bytes.readBigUInt64LE(40)) : bytes.readUInt32LE(32);
  const entryLength = bytes.readUInt16LE(is64 ? 58 : 46);
  const entryCount = bytes.readUInt16LE(is64 ? 60 : 48);
  const end = tableStart + entryLength * entryCount;
  if (bytes.length < end) {
    return `the file is damaged: it has ${String(bytes.length)} bytes of ${String(end)}`;
  }
  return bytes.length - end !== SEAL_LENGTH || isSealed(bytes.subarray(0, end), bytes.subarray(end))
    ? undefined
    : "the file is damaged: its checksum does not match";
}

function isSealed(content: Buffer, seal: Buffer): boolean {
  // Node has it since 20.15. Older releases go by the length alone.
  const { crc32 } = zlib as Partial<typeof zlib>;
  return (
    seal.toString("latin1", 0, SEAL_MAGIC.length) === SEAL_MAGIC &&
    (crc32 === undefined || seal.readUInt32LE(SEAL_MAGIC.length) === crc32(content))
  );
}
