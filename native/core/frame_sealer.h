// The sealer: one direction of a secured session, plaintext in, frames out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "aead.h"
#include "bytes.h"
#include "frame.h"
#include "nonce_counter.h"

namespace hapwire {

/// Owns the key, the cipher context and the nonce counter of what goes out.
class FrameSealer {
 public:
  /// @param key kKeyLength bytes, copied.
  /// @param counter The counter of the first frame.
  /// @param contexts Default: a context of its own.
  FrameSealer(const uint8_t* key, uint64_t counter,
              Shared<CipherContexts> contexts = Shared<CipherContexts>::Make(1));

  /// False if OpenSSL lacks the cipher.
  bool ok() const { return aead_.ok(); }

  /// The counter of the next frame.
  uint64_t counter() const { return counter_.next(); }

  /// The longest message that SealedLength can answer for.
  static constexpr size_t kMaxMessageLength = std::numeric_limits<size_t>::max() / 2;

  /// How many bytes Seal writes for `length` bytes of plaintext, at most kMaxMessageLength.
  static size_t SealedLength(size_t length);

  /// Seals the concatenation of `count` chunks into as few frames as it needs.
  ///
  /// If too few nonces are left, refuses the whole message before sealing any of it, and wipes the
  /// key.
  ///
  /// @param output at least SealedLength(sum of the chunks' sizes) bytes, of which just so many are
  ///   written; must not overlap the chunks.
  /// @return kOk, kExhausted, kClosed, kOutputTooSmall or kCipher.
  FrameStatus Seal(const ByteView* chunks, size_t count, MutableBytes output);

  /// Wipes the key.
  void Destroy() { aead_.Destroy(); }

 private:
  class Gatherer;
  bool SealFrame(Gatherer& plaintext, size_t length, uint8_t* frame);

  Aead aead_;
  NonceCounter counter_;
};

}  // namespace hapwire
