// The memory that an event hub holds: bounded while a controller stalls, given back when it is not
// needed.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>

#include "hub_calls.h"

namespace {

/// Blocks and bytes that operator new has given out and not got back.
size_t live_blocks = 0;
size_t live_bytes = 0;

/// In front of each block: its size.
constexpr size_t kHeader = alignof(std::max_align_t);

}  // namespace

void* operator new(size_t size) {
  void* block = std::malloc(kHeader + size);
  if (block == nullptr) std::abort();
  *static_cast<size_t*>(block) = size;
  ++live_blocks;
  live_bytes += size;
  return static_cast<char*>(block) + kHeader;
}

void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  void* block = static_cast<char*>(memory) - kHeader;
  --live_blocks;
  live_bytes -= *static_cast<size_t*>(block);
  std::free(block);
}

void operator delete(void* memory, size_t) noexcept { operator delete(memory); }

namespace {

using hapwire::CharacteristicId;
using hapwire::EventHub;
using hapwire::EventValue;
using hapwire::testing::MakeHub;
using hapwire::testing::Take;

constexpr CharacteristicId kOn{1, 9};

void BroadcastNumber(EventHub& hub, CharacteristicId id, double number) {
  uint32_t signals[8];
  hub.Broadcast(id, EventValue::Number(number), false, EventHub::kNoSlot, {signals, 8});
}

TEST_CASE("a hub gives back all that it took") {
  const size_t before = live_bytes;
  {
    EventHub hub = MakeHub({100, 10000});
    for (int i = 0; i < 3; ++i) hub.Subscribe(hub.Add(), kOn);
    for (int i = 0; i < 50; ++i) BroadcastNumber(hub, kOn, i);
    hub.Prepare(0);
    hub.Unsubscribe(1, kOn);
    hub.Remove(2);
    CHECK(live_bytes > before);
  }
  CHECK(live_bytes == before);
}

TEST_CASE("an event is held once, for however many connections") {
  EventHub hub = MakeHub({100, 1 << 20});
  for (int i = 0; i < 8; ++i) hub.Subscribe(hub.Add(), kOn);
  const std::string text(10000, '1');
  const size_t before = live_bytes;
  uint32_t signals[8];
  hub.Broadcast(kOn, EventValue::RawJson(text), false, EventHub::kNoSlot, {signals, 8});
  CHECK(live_bytes - before < 4 * text.size());  // one, and the scratch it was written in
}

TEST_CASE("a controller that stalls holds what the bound allows, for however long") {
  constexpr uint64_t kCharacteristics = 50;
  EventHub hub = MakeHub({100, 1 << 20});
  const uint32_t slot = hub.Add();
  for (uint64_t iid = 0; iid < kCharacteristics; ++iid) hub.Subscribe(slot, {1, iid});
  const auto broadcast = [&](int count) {
    for (int i = 0; i < count; ++i) BroadcastNumber(hub, {1, i % kCharacteristics}, i);
  };
  broadcast(1000);
  const size_t before = live_bytes;
  broadcast(100000);
  CHECK(live_bytes < before + 10000);
}

TEST_CASE("the bound holds with one event of each characteristic, if each collapse drops one") {
  EventHub hub = MakeHub({100, 1 << 20});
  const uint32_t slot = hub.Add();
  for (uint64_t iid = 0; iid < 100; ++iid) hub.Subscribe(slot, {1, iid});
  const size_t before = live_bytes;
  for (int i = 0; i < 100000; ++i) BroadcastNumber(hub, {1, static_cast<uint64_t>(i % 100)}, i);
  CHECK(live_bytes < before + 50000);
}

TEST_CASE("subscribing in turns takes no more memory, queued events or not") {
  EventHub hub = MakeHub({100, 10000});
  const uint32_t slot = hub.Add();
  hub.Subscribe(slot, kOn);
  const auto turn = [&](int count) {
    for (int i = 0; i < count; ++i) {
      hub.Unsubscribe(slot, kOn);
      hub.Subscribe(slot, kOn);
    }
  };
  turn(10);
  BroadcastNumber(hub, kOn, 1);
  turn(10);
  const size_t before = live_bytes;
  turn(10000);
  CHECK(live_bytes == before);
}

TEST_CASE("frees unsubscribed events: at once, at the flush, or by Mute()") {
  EventHub hub = MakeHub({10, 10000});
  const uint32_t slot = hub.Add();
  hub.Subscribe(slot, kOn);
  for (int i = 0; i < 2; ++i) {  // till all scratch memory is there
    BroadcastNumber(hub, kOn, i);
    Take(hub, slot);
  }
  const size_t before = live_blocks;

  hub.Subscribe(slot, {2, 1});
  hub.Unsubscribe(slot, {2, 1});
  CHECK(live_blocks == before);

  // Twice: a subscription that has lapsed once must be freed when it lapses again.
  for (int round = 0; round < 2; ++round) {
    hub.Subscribe(slot, {2, 1});
    BroadcastNumber(hub, {2, 1}, 1);
    hub.Unsubscribe(slot, {2, 1});
    if (round == 0) hub.Subscribe(slot, {2, 1});
    Take(hub, slot);
  }
  CHECK(live_blocks == before);

  for (uint64_t iid = 0; iid < 11; ++iid) {
    hub.Subscribe(slot, {3, iid});
    BroadcastNumber(hub, {3, iid}, 1);
    hub.Unsubscribe(slot, {3, iid});
  }
  hub.Mute(slot);
  CHECK(live_blocks == before);
}

TEST_CASE("a message and its events are kept while other queues hold events, and no longer") {
  EventHub hub = MakeHub({5000, 1 << 20});
  for (int i = 0; i < 2; ++i) hub.Subscribe(hub.Add(), kOn);
  const auto fill = [&] {
    for (int i = 0; i < 4000; ++i) BroadcastNumber(hub, kOn, i);
  };
  fill();
  for (const uint32_t slot : {0, 1}) Take(hub, slot);
  const size_t before = live_bytes;
  const size_t large = before + 4000 * sizeof(hapwire::Event);

  fill();
  Take(hub, 0);
  CHECK(live_bytes > large);
  Take(hub, 1);
  CHECK(live_bytes <= before);

  fill();
  Take(hub, 0);
  hub.Mute(1);
  CHECK(live_bytes <= before);

  hub.Remove(1);
  hub.Subscribe(hub.Add(), kOn);
  fill();
  Take(hub, 0);
  CHECK(live_bytes > large);
  hub.Remove(1);
  CHECK(live_bytes <= before);
}

TEST_CASE("a connection that goes gives the memory of its subscriptions back") {
  EventHub hub = MakeHub({100, 10000});
  const uint32_t stays = hub.Add();
  for (uint64_t iid = 0; iid < 100; ++iid) hub.Subscribe(stays, {1, iid});
  const size_t before = live_bytes;
  const uint32_t goes = hub.Add();
  for (int round = 0; round < 2; ++round) {
    for (uint64_t iid = 0; iid < 50000; ++iid) hub.Subscribe(goes, {2, iid});
    CHECK(live_bytes > before + 50000 * sizeof(CharacteristicId));
    if (round == 0) {
      hub.UnsubscribeAll(goes);
    } else {
      hub.Remove(goes);
    }
    CHECK(live_bytes < before + 10000);
  }
}

}  // namespace
