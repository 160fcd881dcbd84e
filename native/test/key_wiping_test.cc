// Keys and incomplete frames leave no trace in memory: OpenSSL's allocations are watched, and ours.
#include <doctest/doctest.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <set>

#include "frame_opener.h"
#include "frame_sealer.h"
#include "frames.h"

namespace {

using hapwire::CipherContexts;
using hapwire::FrameOpener;
using hapwire::FrameSealer;
using hapwire::FrameStatus;
using hapwire::kMaxFrameLength;
using hapwire::testing::Bytes;
using hapwire::testing::Frame;
using hapwire::testing::Key;
using hapwire::testing::kKey;
using hapwire::testing::Message;
using hapwire::testing::Slice;
using hapwire::testing::View;
using hapwire::testing::Writable;

/// In front of each block that OpenSSL holds: its size.
constexpr size_t kHeader = alignof(std::max_align_t);

/// All that OpenSSL holds. Never freed: OpenSSL gives back its own at exit, in no certain order.
std::set<unsigned char*>& Blocks() {
  static auto* const blocks = new std::set<unsigned char*>;
  return *blocks;
}

/// How many blocks were given back with the key in them.
size_t freed_with_key = 0;

/// Blocks of operator new just as large as the longest frame: how many were given back, and how
/// many of these with anything in them.
size_t frames_freed = 0;
size_t frames_freed_unwiped = 0;

size_t SizeOf(const unsigned char* block) {
  size_t size = 0;
  std::memcpy(&size, block, sizeof(size));
  return size;
}

bool HoldsKey(const unsigned char* block) {
  const unsigned char* const bytes = block + kHeader;
  const unsigned char* const end = bytes + SizeOf(block);
  return std::search(bytes, end, kKey.begin(), kKey.end()) != end;
}

void* Allocate(size_t size, const char*, int) {
  auto* const block = static_cast<unsigned char*>(std::malloc(kHeader + size));
  if (block == nullptr) return nullptr;
  std::memcpy(block, &size, sizeof(size));
  Blocks().insert(block);
  return block + kHeader;
}

void Free(void* memory, const char*, int) {
  if (memory == nullptr) return;
  unsigned char* const block = static_cast<unsigned char*>(memory) - kHeader;
  if (HoldsKey(block)) ++freed_with_key;
  Blocks().erase(block);
  std::free(block);
}

void* Reallocate(void* memory, size_t size, const char* file, int line) {
  void* const larger = Allocate(size, file, line);
  if (larger == nullptr || memory == nullptr) return larger;
  const size_t old_size = SizeOf(static_cast<unsigned char*>(memory) - kHeader);
  std::memcpy(larger, memory, std::min(size, old_size));
  Free(memory, file, line);
  return larger;
}

/// Before main, since OpenSSL allows it only before its first allocation.
const bool watching = CRYPTO_set_mem_functions(Allocate, Reallocate, Free) == 1;

void NoteFreed(const unsigned char* memory, size_t size) {
  if (size != kMaxFrameLength) return;
  ++frames_freed;
  if (std::any_of(memory, memory + size, [](unsigned char byte) { return byte != 0; })) {
    ++frames_freed_unwiped;
  }
}

/// How many of OpenSSL's blocks hold the key.
long BlocksWithKey() { return std::count_if(Blocks().begin(), Blocks().end(), HoldsKey); }

}  // namespace

void* operator new(size_t size) {
  void* const block = std::malloc(kHeader + size);
  if (block == nullptr) std::abort();
  *static_cast<size_t*>(block) = size;
  return static_cast<unsigned char*>(block) + kHeader;
}

void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  void* const block = static_cast<unsigned char*>(memory) - kHeader;
  NoteFreed(static_cast<unsigned char*>(memory), *static_cast<size_t*>(block));
  std::free(block);
}

void operator delete(void* memory, size_t) noexcept { operator delete(memory); }

namespace {

TEST_CASE("a key is in OpenSSL's memory while its session lives, and nowhere after") {
  REQUIRE(watching);
  REQUIRE(BlocksWithKey() == 0);
  freed_with_key = 0;
  const Bytes message = Message(100);
  Bytes output(FrameSealer::SealedLength(message.size()));
  const hapwire::ByteView chunk = View(message);
  size_t written = 0;

  SUBCASE("a sealer destroyed") {
    FrameSealer sealer(kKey.data(), 0);
    CHECK(BlocksWithKey() == 1);
    CHECK(sealer.Seal(&chunk, 1, Writable(output)) == FrameStatus::kOk);
    sealer.Destroy();
    CHECK(BlocksWithKey() == 0);
  }
  SUBCASE("a sealer collected") {
    const FrameSealer sealer(kKey.data(), 0);
    CHECK(BlocksWithKey() == 1);
  }
  SUBCASE("a sealer exhausted") {
    FrameSealer sealer(kKey.data(), UINT64_MAX);
    CHECK(sealer.Seal(&chunk, 1, Writable(output)) == FrameStatus::kOk);
    CHECK(sealer.Seal(&chunk, 1, Writable(output)) == FrameStatus::kExhausted);
    CHECK(BlocksWithKey() == 0);
  }
  SUBCASE("an opener destroyed") {
    FrameOpener opener(kKey.data(), 0);
    CHECK(BlocksWithKey() == 1);
    opener.Destroy();
    CHECK(BlocksWithKey() == 0);
  }
  SUBCASE("an opener collected") {
    const FrameOpener opener(kKey.data(), 0);
    CHECK(BlocksWithKey() == 1);
  }
  SUBCASE("an opener that was given a forged frame") {
    FrameOpener opener(kKey.data(), 0);
    const Bytes forged(118);
    CHECK(opener.Open(View(forged), Writable(output), &written) == FrameStatus::kAuthentication);
    CHECK(BlocksWithKey() == 0);
  }
  SUBCASE("an opener that was given a frame too long") {
    FrameOpener opener(kKey.data(), 0);
    const Bytes too_long = {0xff, 0xff};
    CHECK(opener.Open(View(too_long), Writable(output), &written) == FrameStatus::kTooLong);
    CHECK(BlocksWithKey() == 0);
  }
  CHECK(BlocksWithKey() == 0);
  CHECK(freed_with_key == 0);
}

TEST_CASE("a shared context holds the key of the last session that used it, and no ended one's") {
  REQUIRE(BlocksWithKey() == 0);
  freed_with_key = 0;
  Key other_key = kKey;
  other_key[0] ^= 1;
  const auto contexts = hapwire::Shared<CipherContexts>::Make(1);
  const Bytes message = Message(100);
  Bytes output(FrameSealer::SealedLength(message.size()));
  const hapwire::ByteView chunk = View(message);
  FrameSealer other(other_key.data(), 0, contexts);
  FrameSealer sealer(kKey.data(), 0, contexts);
  CHECK(BlocksWithKey() == 1);

  SUBCASE("the session that used it last ends") {}
  SUBCASE("another session uses it") {
    CHECK(other.Seal(&chunk, 1, Writable(output)) == FrameStatus::kOk);
    CHECK(BlocksWithKey() == 0);
  }
  sealer.Destroy();
  CHECK(BlocksWithKey() == 0);
  CHECK(other.Seal(&chunk, 1, Writable(output)) == FrameStatus::kOk);
  CHECK(BlocksWithKey() == 0);
  CHECK(freed_with_key == 0);
}

TEST_CASE("a cipher's own copy of the key is wiped") {
  alignas(hapwire::Aead) std::array<unsigned char, sizeof(hapwire::Aead)> memory = {};
  const auto holds_key = [&memory] {
    return std::search(memory.begin(), memory.end(), kKey.begin(), kKey.end()) != memory.end();
  };
  auto* const aead = new (memory.data()) hapwire::Aead(hapwire::Direction::kSeal, kKey.data());
  CHECK(holds_key());
  SUBCASE("when it is destroyed") {
    aead->Destroy();
    CHECK_FALSE(holds_key());
  }
  aead->~Aead();
  CHECK_FALSE(holds_key());
}

TEST_CASE("an incomplete frame is gone when its opener ends") {
  const Bytes part = Slice(Frame(Message(100), 0), 0, 90);
  Bytes output(part.size() + 2000);
  const Bytes forged(28);
  size_t written = 0;
  auto opener = std::make_unique<FrameOpener>(kKey.data(), 0);
  CHECK(opener->Open(View(part), Writable(output), &written) == FrameStatus::kOk);
  REQUIRE(opener->pending_length() == part.size());
  frames_freed = 0;
  frames_freed_unwiped = 0;

  SUBCASE("destroyed") { opener->Destroy(); }
  SUBCASE("collected") { opener.reset(); }
  SUBCASE("by a forged frame") {
    CHECK(opener->Open(View(forged), Writable(output), &written) == FrameStatus::kAuthentication);
  }
  CHECK(frames_freed == 1);
  CHECK(frames_freed_unwiped == 0);
}

}  // namespace
