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

/// The message that a flush of `slot` gives; empty where there is none.
inline std::string Take(EventHub& hub, uint32_t slot) {
  const size_t size = hub.Prepare(slot);
  const ByteView bytes = hub.Prepared();
  EXPECT(bytes.size == size);
  return std::string(reinterpret_cast<const char*>(bytes.data), bytes.size);
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
