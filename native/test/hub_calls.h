// Calls of an event hub in short, and the texts that it must give.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "event_hub.h"
#include "expect.h"

namespace hapwire::testing {

/// Any seed will do: tests do not depend on the order of a hash table.
constexpr HashSeed kSeed{0x243f6a8885a308d3, 0x13198a2e03707344};
/// More subscriptions than a test makes.
constexpr uint64_t kManySubscriptions = 1000000;

inline EventHub MakeHub(QueueLimits limits) { return {limits, kManySubscriptions, kSeed}; }

/// One entry of a broadcast's signals.
using SlotSignal = std::pair<uint32_t, Signal>;

/// The signals of a broadcast, by slot.
inline std::vector<SlotSignal> Broadcast(EventHub& hub, CharacteristicId id,
                                         const EventValue& value, bool immediate = false,
                                         uint32_t except_slot = EventHub::kNoSlot) {
  std::vector<uint32_t> buffer(hub.slot_count(), 0xffffffff);
  const size_t count =
      hub.Broadcast(id, value, immediate, except_slot, {buffer.data(), buffer.size()});
  EXPECT(count <= buffer.size());
  std::vector<SlotSignal> signals;
  for (size_t i = 0; i < count; ++i) {
    signals.emplace_back(buffer[i] / EventHub::kSignalStride,
                         static_cast<Signal>(buffer[i] % EventHub::kSignalStride));
  }
  std::sort(signals.begin(), signals.end());
  return signals;
}

/// The message that a flush of `slot` gives; empty if it gives no message.
inline std::string Take(EventHub& hub, uint32_t slot) {
  std::string bytes(hub.Prepare(slot), '\0');
  if (bytes.empty()) return bytes;
  EXPECT(hub.Take({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()}) == FrameStatus::kOk);
  return bytes;
}

/// A whole message around a list of events.
inline std::string EventMessage(const std::string& list) {
  const std::string body = "{\"characteristics\":[" + list + "]}";
  return "EVENT/1.0 200 OK\r\nContent-Type: application/hap+json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// One event of the list, without a value.
inline std::string Json(CharacteristicId id) {
  return "{\"aid\":" + std::to_string(id.aid) + ",\"iid\":" + std::to_string(id.iid) + "}";
}

/// One event of the list.
inline std::string Json(CharacteristicId id, const std::string& value) {
  std::string json = Json(id);
  json.pop_back();
  return json + ",\"value\":" + value + "}";
}

}  // namespace hapwire::testing
