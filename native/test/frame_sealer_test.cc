// The sealer: frames to the byte, chunks cut anywhere, and the ends of its life.
#include "frame_sealer.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "frames.h"

namespace {

using hapwire::ByteView;
using hapwire::FrameSealer;
using hapwire::FrameStatus;
using hapwire::testing::Bytes;
using hapwire::testing::Frames;
using hapwire::testing::FromHex;
using hapwire::testing::FromText;
using hapwire::testing::kKey;
using hapwire::testing::Message;
using hapwire::testing::View;
using hapwire::testing::Writable;

constexpr uint8_t kUntouched = 0xcc;

/// Seals a message given in chunks; REQUIREs that this succeeds.
Bytes Seal(FrameSealer& sealer, const std::vector<ByteView>& chunks) {
  size_t size = 0;
  for (const ByteView& chunk : chunks) size += chunk.size;
  Bytes output(FrameSealer::SealedLength(size), kUntouched);
  REQUIRE(sealer.Seal(chunks.data(), chunks.size(), Writable(output)) == FrameStatus::kOk);
  return output;
}

/// Seals a message, in one chunk, into as much memory as is given.
FrameStatus SealInto(FrameSealer& sealer, const Bytes& message, Bytes& output) {
  const ByteView chunk = View(message);
  return sealer.Seal(&chunk, 1, Writable(output));
}

TEST_CASE("a frame is what node:crypto makes of it") {
  FrameSealer sealer(kKey.data(), 0);
  REQUIRE(sealer.ok());
  const Bytes message = FromText("HAP/1.0");
  CHECK(Seal(sealer, {View(message)}) ==
        FromHex("0700621d4a820f74decc986d027a059394b0503c65b1088055"));
  CHECK(Seal(sealer, {View(message)}) ==
        FromHex("0700ab5024224f511752e5bad86de1dceb6a53ff5045f421c2"));

  FrameSealer later(kKey.data(), 0x0102030405060708);
  CHECK(Seal(later, {View(message)}) ==
        FromHex("0700bcf0be9461f46bd695c393e2b17e7f4d7c88811b2a351b"));
}

TEST_CASE("a message of any size goes out in as few frames as it needs") {
  struct Row {
    size_t size;
    size_t frames;
  };
  for (const Row& row : {Row{0, 0}, Row{1, 1}, Row{1023, 1}, Row{1024, 1}, Row{1025, 2},
                         Row{2048, 2}, Row{2049, 3}, Row{5000, 5}}) {
    CAPTURE(row.size);
    CHECK(FrameSealer::SealedLength(row.size) == row.size + 18 * row.frames);
    const Bytes message = Message(row.size);
    FrameSealer sealer(kKey.data(), 5);
    CHECK(Seal(sealer, {View(message)}) == Frames(message, 5));
    CHECK(sealer.counter() == 5 + row.frames);
  }
}

TEST_CASE("the counter goes on from message to message") {
  FrameSealer sealer(kKey.data(), 0xfffffffe);
  for (const size_t size : {10, 2000, 0, 1024}) {
    const uint64_t counter = sealer.counter();
    const Bytes message = Message(size);
    CHECK(Seal(sealer, {View(message)}) == Frames(message, counter));
  }
  CHECK(sealer.counter() == 0x100000002);
}

TEST_CASE("the frames are the same wherever one cut lies between chunks") {
  const Bytes message = Message(2100);
  const Bytes expected = Frames(message, 0);
  for (size_t cut = 0; cut <= message.size(); ++cut) {
    CAPTURE(cut);
    FrameSealer sealer(kKey.data(), 0);
    const Bytes sealed =
        Seal(sealer, {{message.data(), cut}, {message.data() + cut, message.size() - cut}});
    REQUIRE(sealed == expected);
  }
}

TEST_CASE("the frames are the same for chunks of any size, empty ones between them") {
  const Bytes message = Message(2500);
  const Bytes expected = Frames(message, 0);
  const ByteView empty;
  for (const size_t size : {1, 2, 3, 7, 63, 64, 65, 511, 512, 1000, 1023, 1024, 1025, 2048}) {
    CAPTURE(size);
    std::vector<ByteView> chunks = {empty, empty};
    for (size_t start = 0; start < message.size(); start += size) {
      const size_t left = message.size() - start;
      chunks.push_back({message.data() + start, left < size ? left : size});
      chunks.push_back({message.data(), 0});
      chunks.push_back(empty);
    }
    FrameSealer sealer(kKey.data(), 0);
    REQUIRE(Seal(sealer, chunks) == expected);
  }
}

TEST_CASE("nothing to seal is no frame") {
  FrameSealer sealer(kKey.data(), 7);
  CHECK(sealer.Seal(nullptr, 0, {}) == FrameStatus::kOk);
  const ByteView empty[3];
  CHECK(sealer.Seal(empty, 3, {}) == FrameStatus::kOk);
  CHECK(sealer.counter() == 7);
}

TEST_CASE("just the sealed length is written") {
  FrameSealer sealer(kKey.data(), 0);
  const Bytes message = Message(1500);
  Bytes output(FrameSealer::SealedLength(1500) + 3, kUntouched);
  CHECK(SealInto(sealer, message, output) == FrameStatus::kOk);
  Bytes expected = Frames(message, 0);
  expected.insert(expected.end(), 3, kUntouched);
  CHECK(output == expected);
}

TEST_CASE("into memory that is too small nothing is sealed, and the counter stays") {
  FrameSealer sealer(kKey.data(), 3);
  const Bytes message = Message(1500);
  for (const size_t missing : {size_t{1}, FrameSealer::SealedLength(1500)}) {
    Bytes output(FrameSealer::SealedLength(1500) - missing, kUntouched);
    const Bytes before = output;
    CHECK(SealInto(sealer, message, output) == FrameStatus::kOutputTooSmall);
    CHECK(output == before);
    CHECK(sealer.counter() == 3);
  }
  CHECK(Seal(sealer, {View(message)}) == Frames(message, 3));
}

TEST_CASE("sizes whose sum is past the longest message are refused before they are read") {
  FrameSealer sealer(kKey.data(), 0);
  const uint8_t byte = 0;
  Bytes output(100, kUntouched);
  const auto seal = [&](size_t first, size_t second) {
    const ByteView chunks[] = {{&byte, first}, {&byte, second}};
    return sealer.Seal(chunks, 2, Writable(output));
  };
  CHECK(FrameSealer::SealedLength(FrameSealer::kMaxMessageLength) > FrameSealer::kMaxMessageLength);
  CHECK(seal(FrameSealer::kMaxMessageLength, 0) == FrameStatus::kOutputTooSmall);
  CHECK(seal(FrameSealer::kMaxMessageLength, 1) == FrameStatus::kOutputTooSmall);
  CHECK(seal(SIZE_MAX, 0) == FrameStatus::kOutputTooSmall);
  CHECK(seal(SIZE_MAX, 2) == FrameStatus::kOutputTooSmall);
  CHECK(seal(1, SIZE_MAX) == FrameStatus::kOutputTooSmall);
  CHECK(sealer.counter() == 0);
}

TEST_CASE("the last counter seals one frame, the next message is refused") {
  FrameSealer sealer(kKey.data(), UINT64_MAX);
  const Bytes message = Message(1024);
  CHECK(Seal(sealer, {View(message)}) == Frames(message, UINT64_MAX));

  Bytes output(FrameSealer::SealedLength(1024), kUntouched);
  const Bytes before = output;
  CHECK(SealInto(sealer, message, output) == FrameStatus::kExhausted);
  CHECK(output == before);
  CHECK_FALSE(sealer.ok());
  CHECK(SealInto(sealer, message, output) == FrameStatus::kClosed);
}

TEST_CASE("a message that needs one nonce too many is refused whole, and the key is gone") {
  FrameSealer sealer(kKey.data(), UINT64_MAX - 1);
  const Bytes message = Message(2049);
  Bytes output(FrameSealer::SealedLength(2049), kUntouched);
  const Bytes before = output;
  CHECK(SealInto(sealer, message, output) == FrameStatus::kExhausted);
  CHECK(output == before);

  const Bytes shorter = Message(1);
  CHECK(SealInto(sealer, shorter, output) == FrameStatus::kClosed);
  CHECK(sealer.Seal(nullptr, 0, {}) == FrameStatus::kClosed);
  CHECK(output == before);
}

TEST_CASE("a message that needs just the nonces left goes out") {
  FrameSealer sealer(kKey.data(), UINT64_MAX - 2);
  const Bytes message = Message(2049);
  CHECK(Seal(sealer, {View(message)}) == Frames(message, UINT64_MAX - 2));
  CHECK(sealer.Seal(nullptr, 0, {}) == FrameStatus::kOk);
}

TEST_CASE("a destroyed sealer is closed, destroyed twice too") {
  FrameSealer sealer(kKey.data(), 0);
  sealer.Destroy();
  sealer.Destroy();
  CHECK_FALSE(sealer.ok());
  const Bytes message = Message(1);
  Bytes output(FrameSealer::SealedLength(1), kUntouched);
  CHECK(SealInto(sealer, message, output) == FrameStatus::kClosed);
  CHECK(output == Bytes(output.size(), kUntouched));
  CHECK(sealer.counter() == 0);
}

}  // namespace
