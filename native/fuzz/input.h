// A fuzzer's input as a row of choices: what a target needs next is taken from its front.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bytes.h"

namespace hapwire::fuzz {

/// Never runs out: behind the end stand zeros.
class Input {
 public:
  explicit Input(ByteView bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.size == 0; }

  uint8_t Byte() {
    if (empty()) return 0;
    --bytes_.size;
    return *bytes_.data++;
  }

  /// A number of `count` bytes, little-endian.
  uint64_t Number(int count) {
    uint64_t number = 0;
    for (int i = 0; i < count; ++i) number |= uint64_t{Byte()} << (8 * i);
    return number;
  }

  /// A number below `end`, read from one byte if `end` is at most 256, else from four.
  uint32_t Below(uint32_t end) { return static_cast<uint32_t>(Number(end <= 256 ? 1 : 4)) % end; }

 private:
  ByteView bytes_;
};

}  // namespace hapwire::fuzz
