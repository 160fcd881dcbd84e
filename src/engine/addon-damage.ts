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
/** A segment that the dynamic linker maps into memory. */
const SEGMENT_LOADED = 1;
/** The offsets of the fields that the check reads, and the length of an entry in the table of segments. */
const FIELDS_64 = {
  segments: [32, 54],
  sections: [40, 58],
  segmentStart: 8,
  segmentLength: 32,
  entryLength: 56,
} as const;
const FIELDS_32 = {
  segments: [28, 42],
  sections: [32, 46],
  segmentStart: 4,
  segmentLength: 16,
  entryLength: 32,
} as const;

/** ELF's numbers of the processors that have a prebuilt addon, by `process.arch`. */
const MACHINES: Partial<Record<string, number>> = { x64: 62, arm64: 183, arm: 40 };

/** A prebuilt addon ends in these bytes and the CRC-32 of all bytes before them: prebuilds/compile.mjs. */
const SEAL_MAGIC = "HAPW";
const SEAL_LENGTH = SEAL_MAGIC.length + 4;

/**
 * Checks the bytes of an addon on Linux. On other platforms the dynamic linker checks the file.
 *
 * @returns The damage, as part of a sentence; undefined if the file is intact.
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
  const end = endOf(bytes);
  if (bytes.length < end) {
    return `the file is damaged: it has ${String(bytes.length)} bytes of ${String(end)}`;
  }
  return bytes.length - end !== SEAL_LENGTH || isSealed(bytes.subarray(0, end), bytes.subarray(end))
    ? undefined
    : "the file is damaged: its checksum does not match";
}

/**
 * The length that the file must have. Linkers put the table of sections last, so that a file that is cut off has no whole table.
 * patchelf puts segments after it, and some programs remove it.
 */
function endOf(bytes: Buffer): number {
  const is64 = bytes.readUInt8(4) === CLASS_64;
  const fields = is64 ? FIELDS_64 : FIELDS_32;
  const offsetAt = (place: number): number =>
    is64 ? Number(bytes.readBigUInt64LE(place)) : bytes.readUInt32LE(place);
  const tableAt = ([start, lengths]: readonly [number, number]): [
    start: number,
    step: number,
    end: number,
  ] => {
    const first = offsetAt(start);
    const step = bytes.readUInt16LE(lengths);
    return [first, step, first + step * bytes.readUInt16LE(lengths + 2)];
  };
  const [first, step, last] = tableAt(fields.segments);
  let end = Math.max(last, tableAt(fields.sections)[2]);
  for (let entry = first; entry < last && entry + fields.entryLength <= bytes.length; entry += step) {
    if (bytes.readUInt32LE(entry) === SEGMENT_LOADED) {
      end = Math.max(end, offsetAt(entry + fields.segmentStart) + offsetAt(entry + fields.segmentLength));
    }
  }
  return end;
}

function isSealed(content: Buffer, seal: Buffer): boolean {
  // Node has it since 20.15. Older releases go by the length alone.
  const { crc32 } = zlib as Partial<typeof zlib>;
  return (
    seal.toString("latin1", 0, SEAL_MAGIC.length) === SEAL_MAGIC &&
    (crc32 === undefined || seal.readUInt32LE(SEAL_MAGIC.length) === crc32(content))
  );
}
