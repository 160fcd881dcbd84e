// The nonce counter of one direction of a session. [PROTOCOL: the secured session]
#pragma once

#include <cstdint>

#include "aead.h"

namespace hapwire {

/// Gives each nonce once: 4 zero bytes and the counter, 64-bit little-endian.
///
/// All 2^64 values may be used; after the last one the counter is exhausted and stays so.
class NonceCounter {
 public:
  /// @param next The counter of the first frame: 0 in a new session, anything in a test.
  explicit NonceCounter(uint64_t next) : next_(next) {}

  /// The counter that the next call of Next uses. Meaningless once nothing remains.
  uint64_t next() const { return next_; }

  /// True if `count` more nonces can be given.
  bool Has(uint64_t count) const {
    return count == 0 || (!exhausted_ && count - 1 <= UINT64_MAX - next_);
  }

  /// Gives the next nonce, and moves on before anyone has used it: no failure later can make it
  /// repeat.
  ///
  /// Precondition: Has(1).
  Nonce Next() {
    Nonce nonce = {};
    for (int i = 0; i < 8; ++i) nonce[4 + i] = static_cast<uint8_t>(next_ >> (8 * i));
    if (next_ == UINT64_MAX) {
      exhausted_ = true;
    } else {
      ++next_;
    }
    return nonce;
  }

 private:
  uint64_t next_;
  bool exhausted_ = false;
};

}  // namespace hapwire
