// A view of bytes with its length: what C++17 has in place of std::span.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hapwire {

/// Memory to read. Does not own it.
struct ByteView {
  const uint8_t* data = nullptr;
  size_t size = 0;
};

/// Memory to write. Does not own it.
struct MutableBytes {
  uint8_t* data = nullptr;
  size_t size = 0;
};

}  // namespace hapwire
