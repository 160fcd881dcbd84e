// What the tests of the sealer and the opener share: a key, messages, and frames made by the cipher
// alone.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "aead.h"
#include "bytes.h"
#include "frame.h"

namespace hapwire::testing {

using Bytes = std::vector<uint8_t>;
using Key = std::array<uint8_t, kKeyLength>;

/// 0x80, 0x81, ...
constexpr Key kKey = {0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a,
                      0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95,
                      0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f};

inline ByteView View(const Bytes& bytes) { return {bytes.data(), bytes.size()}; }
inline MutableBytes Writable(Bytes& bytes) { return {bytes.data(), bytes.size()}; }

inline void Append(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

inline Bytes Slice(const Bytes& bytes, size_t start, size_t end) {
  return {bytes.begin() + static_cast<std::ptrdiff_t>(start),
          bytes.begin() + static_cast<std::ptrdiff_t>(end)};
}

inline Bytes FromText(std::string_view text) { return {text.begin(), text.end()}; }

inline Bytes FromHex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Bytes bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return bytes;
}

/// A message of `size` bytes in which no piece of a frame's length is like another.
inline Bytes Message(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 7 + i / 256 * 31 + 1);
  return bytes;
}

/// 4 zero bytes and the counter, little-endian.
inline Nonce NonceOf(uint64_t counter) {
  Nonce nonce = {};
  for (size_t i = 4; i < nonce.size(); ++i, counter >>= 8) {
    nonce[i] = static_cast<uint8_t>(counter & 0xff);
  }
  return nonce;
}

/// One frame as the protocol says it is, by the cipher and nothing else of the core.
inline Bytes Frame(const Bytes& plaintext, uint64_t counter, const Key& key = kKey) {
  Aead aead(Direction::kSeal, key.data());
  const size_t length = plaintext.size();
  Bytes frame(length + 18);
  frame[0] = static_cast<uint8_t>(length & 0xff);
  frame[1] = static_cast<uint8_t>(length >> 8);
  REQUIRE(aead.Seal(NonceOf(counter), {frame.data(), 2}, View(plaintext), frame.data() + 2,
                    frame.data() + 2 + length));
  return frame;
}

/// A message cut into as few frames as it needs.
inline Bytes Frames(const Bytes& message, uint64_t counter) {
  Bytes frames;
  for (size_t start = 0; start < message.size(); start += 1024, ++counter) {
    const size_t end = start + 1024 < message.size() ? start + 1024 : message.size();
    Append(frames, Frame(Slice(message, start, end), counter));
  }
  return frames;
}

}  // namespace hapwire::testing
