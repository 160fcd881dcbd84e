/** The errors of frames, the same for both engines. */

import { FrameError } from "../errors";

const MESSAGES = {
  ERR_HAPWIRE_CIPHER: "the cryptographic library could not seal a frame",
  ERR_HAPWIRE_CODEC_CLOSED: "the codec is closed: its key has been wiped",
  ERR_HAPWIRE_FRAME_AUTHENTICATION:
    "a frame failed authentication: damaged, replayed, out of order or sealed under another key",
  ERR_HAPWIRE_FRAME_COUNT: "a segment completes more frames than it may",
  ERR_HAPWIRE_FRAME_TOO_LONG: "the length field of a frame exceeds 1,024 bytes",
  ERR_HAPWIRE_NONCE_EXHAUSTED: "the nonce counter would repeat: the session is over",
} as const;

export type FrameErrorCode = keyof typeof MESSAGES;

export function frameError(code: FrameErrorCode, options?: ErrorOptions): FrameError {
  return new FrameError(code, MESSAGES[code], options);
}
