// The frame of the secured session: 2 bytes of length, little-endian | ciphertext | 16 bytes of
// tag. The length bytes are the AAD. [PROTOCOL: the secured session]
#pragma once

#include <cstddef>
#include <cstdint>

#include "aead.h"

namespace hapwire {

/// Bytes of the length field.
constexpr size_t kLengthFieldLength = 2;
/// The longest plaintext of one frame, in bytes.
constexpr size_t kMaxFramePlaintext = 1024;
/// What a frame adds to its plaintext, in bytes.
constexpr size_t kFrameOverhead = kLengthFieldLength + kTagLength;
/// The longest frame, in bytes.
constexpr size_t kMaxFrameLength = kMaxFramePlaintext + kFrameOverhead;

/// What came of sealing or opening. The values are shared with src/engine/native.ts.
enum class FrameStatus : int {
  kOk = 0,
  /// The length field says more than kMaxFramePlaintext.
  kTooLong = 1,
  /// The tag does not match: forged, damaged, replayed, or sealed under another key.
  kAuthentication = 2,
  /// The nonce counter would wrap.
  kExhausted = 3,
  /// The key is wiped: after an error, or after Destroy.
  kClosed = 4,
  /// The output memory is too small. Nothing was done.
  kOutputTooSmall = 5,
  /// OpenSSL refused a call that cannot fail with sound arguments.
  kCipher = 6,
  /// A segment completes more frames than it may.
  kTooMany = 7,
};

}  // namespace hapwire
