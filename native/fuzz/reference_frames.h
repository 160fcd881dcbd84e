// Frames as the protocol says they are, made from OpenSSL's functions and nothing of native/core.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../test/expect.h"
#include "input.h"

namespace hapwire::fuzz {

using Bytes = std::vector<uint8_t>;
using Key = std::array<uint8_t, 32>;

/// [PROTOCOL: the secured session]
constexpr size_t kMostInAFrame = 1024;
constexpr size_t kAroundIt = 18;

/// All keys are alike to a cipher; one byte of choice makes two of them differ.
Key KeyFrom(Input& input);

/// 0 mostly, or anything, or so near to its end that it is exhausted soon.
uint64_t CounterFrom(Input& input);

/// One frame.
/// @param plaintext At most kMostInAFrame bytes.
Bytes ReferenceFrame(const Key& key, uint64_t counter, const Bytes& plaintext);

inline void Append(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

}  // namespace hapwire::fuzz
