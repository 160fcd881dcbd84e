// A naive model of the event hub, the rules as they are told with no thought of cost, and the
// comparison of a hub with it, call by call.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "event_hub.h"
#include "expect.h"
#include "hub_calls.h"

namespace hapwire::testing {

struct ModelEvent {
  CharacteristicId id;
  std::string json;
  bool immediate;
};

/// One connection: its subscriptions and its queue.
class ModelConnection {
 public:
  explicit ModelConnection(QueueLimits limits) : limits_(limits) {}

  bool Has(CharacteristicId id) const {
    return std::find(subscribed.begin(), subscribed.end(), id) != subscribed.end();
  }

  Signal Push(const ModelEvent& event) {
    if (!Has(event.id) || muted_) return Signal::kNone;
    if (!event.immediate && LastJson(event.id) == event.json) {
      ++counts_.duplicates;
      return Signal::kNone;
    }
    Signal signal = queue_.empty() ? Signal::kWindowOpens : Signal::kNone;
    if (event.immediate) signal = had_immediate_ ? Signal::kNone : Signal::kFlushNow;
    had_immediate_ = had_immediate_ || event.immediate;
    queue_.push_back(event);
    ++counts_.queued;
    if (IsPastBounds()) Collapse(false);
    if (IsPastBounds()) Collapse(true);
    return IsPastBytes() ? Signal::kOverflow : signal;
  }

  void Mute() {
    Empty();
    muted_ = true;
  }

  std::string Take() {
    std::string list;
    for (const ModelEvent& event : queue_) {
      if (!Has(event.id)) {
        ++counts_.unsubscribed;
        continue;
      }
      ++counts_.delivered;
      if (!list.empty()) list.insert(0, ",");
      list.insert(0, event.json);
    }
    Empty();
    if (!list.empty()) ++counts_.messages;
    return list.empty() ? "" : EventMessage(list);
  }

  QueueCounts Counts() const {
    QueueCounts counts = counts_;
    counts.pending_events = queue_.size();
    counts.pending_bytes = Bytes();
    return counts;
  }

  /// In the order of subscribing.
  std::vector<CharacteristicId> subscribed;

 private:
  std::string LastJson(CharacteristicId id) const {
    std::string json;
    for (const ModelEvent& event : queue_) {
      if (event.id == id) json = event.json;
    }
    return json;
  }

  size_t Bytes() const {
    size_t bytes = 0;
    for (const ModelEvent& event : queue_) bytes += event.json.size();
    return bytes;
  }

  bool IsPastBounds() const { return queue_.size() > limits_.max_events || IsPastBytes(); }

  /// The newest event may be of any size.
  bool IsPastBytes() const {
    return !queue_.empty() && Bytes() - queue_.back().json.size() > limits_.max_bytes;
  }

  /// Drops each event with a newer one of its characteristic: of all, or of the plain ones alone.
  void Collapse(bool all) {
    std::vector<ModelEvent> kept;
    for (auto event = queue_.begin(); event != queue_.end(); ++event) {
      const bool gives_way = std::any_of(event + 1, queue_.end(), [&](const ModelEvent& newer) {
        return newer.id == event->id && (all || (!event->immediate && !newer.immediate));
      });
      if (!gives_way) kept.push_back(*event);
    }
    counts_.collapsed += queue_.size() - kept.size();
    queue_ = kept;
  }

  void Empty() {
    queue_.clear();
    had_immediate_ = false;
  }

  QueueLimits limits_;
  std::vector<ModelEvent> queue_;
  bool had_immediate_ = false;
  bool muted_ = false;
  QueueCounts counts_;
};

/// Makes the same calls to a hub and to the model, and compares all that they give.
///
/// @tparam Choices decides the next call: `uint32_t Below(uint32_t end)` gives a number below
///   `end`, at random or from a fuzzer's input.
template <typename Choices>
class HubComparison {
 public:
  HubComparison(Choices& choices, QueueLimits limits)
      : choices_(choices), limits_(limits), hub_(limits, kMaxSubscriptions, kSeed) {}

  /// Makes one call, or a few that belong together.
  void Step() {
    const uint32_t call = Below(20);
    const uint32_t slot = Below(kSlots);
    const CharacteristicId id{1 + Below(2), 1 + Below(5)};
    switch (call) {
      case 0:
        return Add();
      case 1:
        return Below(4) == 0 ? Remove(slot) : Below(8) == 0 ? Mute(slot) : Add();
      case 2:
      case 3:
      case 4:
        return Subscribe(slot, id);
      case 5:
        return Unsubscribe(slot, id);
      case 6:
        return Below(8) == 0 ? UnsubscribeAll(slot) : Unsubscribe(slot, id);
      case 7:
        return CompareState(slot);
      case 8:
      case 9:
        return Take(slot);
      case 10:
        return TakeAll();
      case 11:
      case 12:
        return Send(slot, id);
      default:
        return Broadcast(id);
    }
  }

 private:
  static constexpr uint32_t kSlots = 6;
  /// Less than there are characteristics.
  static constexpr uint64_t kMaxSubscriptions = 8;

  /// A value, and what JSON.stringify makes of it; empty if the event has no value.
  struct Value {
    EventValue value;
    std::string json;
  };

  uint32_t Below(uint32_t end) { return choices_.Below(end); }

  Value AnyValue() {
    switch (Below(8)) {
      case 0:
        return {EventValue::Undefined(), ""};
      case 1:
        return {EventValue::String(u"K\u00fcche\n"),
                "\"K\xc3\xbc"
                "che\\n\""};
      case 2:
        return {EventValue::Bool(true), "true"};
      case 3:
        return {EventValue::RawJson("1"), "1"};  // the same event as the number's
      case 4:
        return {EventValue::Null(), "null"};
      default:
        const uint32_t number = Below(3);
        return {EventValue::Number(number), std::to_string(number)};
    }
  }

  static ModelEvent EventOf(CharacteristicId id, const Value& value, bool immediate) {
    return {id, value.json.empty() ? Json(id) : Json(id, value.json), immediate};
  }

  ModelConnection* Model(uint32_t slot) {
    const auto found = model_.find(slot);
    return found == model_.end() ? nullptr : &found->second;
  }

  void Add() {
    if (model_.size() == kSlots) return;
    if (free_slots_.empty()) free_slots_.push_back(static_cast<uint32_t>(hub_.slot_count()));
    const uint32_t expected = free_slots_.back();
    free_slots_.pop_back();
    EXPECT(hub_.Add() == expected);
    EXPECT(model_.emplace(expected, limits_).second);
    EXPECT(hub_.slot_count() == model_.size() + free_slots_.size());
  }

  void Remove(uint32_t slot) {
    const bool expected = model_.erase(slot) == 1;
    EXPECT(hub_.Remove(slot) == expected);
    if (expected) free_slots_.push_back(slot);
  }

  void Subscribe(uint32_t slot, CharacteristicId id) {
    ModelConnection* model = Model(slot);
    Subscribed expected = Subscribed::kNothing;
    if (model != nullptr) {
      expected = Subscribed::kAdded;
      if (model->subscribed.size() == kMaxSubscriptions) expected = Subscribed::kRefused;
      if (model->Has(id)) expected = Subscribed::kPresent;
    }
    EXPECT(hub_.Subscribe(slot, id) == expected);
    if (expected == Subscribed::kAdded) model->subscribed.push_back(id);
  }

  void Mute(uint32_t slot) {
    hub_.Mute(slot);
    if (ModelConnection* model = Model(slot)) model->Mute();
  }

  void Unsubscribe(uint32_t slot, CharacteristicId id) {
    ModelConnection* model = Model(slot);
    const bool expected = model != nullptr && model->Has(id);
    EXPECT(hub_.IsSubscribed(slot, id) == expected);
    EXPECT(hub_.Unsubscribe(slot, id) == expected);
    if (!expected) return;
    auto& ids = model->subscribed;
    ids.erase(std::find(ids.begin(), ids.end(), id));
  }

  void UnsubscribeAll(uint32_t slot) {
    hub_.UnsubscribeAll(slot);
    if (ModelConnection* model = Model(slot)) model->subscribed.clear();
  }

  void CompareState(uint32_t slot) {
    const ModelConnection nothing(limits_);
    const ModelConnection* found = Model(slot);
    const ModelConnection& model = found == nullptr ? nothing : *found;
    EXPECT(hub_.Subscriptions(slot) == model.subscribed);
    CompareCounts(hub_.Counts(slot), model.Counts());
  }

  static void CompareCounts(const QueueCounts& actual, const QueueCounts& expected) {
    EXPECT(actual.queued == expected.queued);
    EXPECT(actual.duplicates == expected.duplicates);
    EXPECT(actual.collapsed == expected.collapsed);
    EXPECT(actual.unsubscribed == expected.unsubscribed);
    EXPECT(actual.delivered == expected.delivered);
    EXPECT(actual.messages == expected.messages);
    EXPECT(actual.pending_events == expected.pending_events);
    EXPECT(actual.pending_bytes == expected.pending_bytes);
  }

  void Take(uint32_t slot) {
    ModelConnection* model = Model(slot);
    EXPECT(testing::Take(hub_, slot) == (model == nullptr ? "" : model->Take()));
    CompareState(slot);
  }

  void TakeAll() {
    for (uint32_t slot = 0; slot < kSlots; ++slot) Take(slot);
  }

  void Send(uint32_t slot, CharacteristicId id) {
    const Value value = AnyValue();
    const bool immediate = Below(8) == 0;
    ModelConnection* model = Model(slot);
    const Signal expected =
        model == nullptr ? Signal::kNone : model->Push(EventOf(id, value, immediate));
    EXPECT(hub_.Send(slot, id, value.value, immediate) == expected);
  }

  void Broadcast(CharacteristicId id) {
    const Value value = AnyValue();
    const bool immediate = Below(8) == 0;
    // A difference below 0 wraps to the top: slots that no connection has, kNoSlot among them.
    const uint32_t except_slot = Below(kSlots + 4) - 4;
    std::vector<SlotSignal> expected;
    for (auto& [slot, model] : model_) {
      if (slot == except_slot) continue;
      const Signal signal = model.Push(EventOf(id, value, immediate));
      if (signal != Signal::kNone) expected.emplace_back(slot, signal);
    }
    EXPECT(testing::Broadcast(hub_, id, value.value, immediate, except_slot) == expected);
  }

  Choices& choices_;
  QueueLimits limits_;
  EventHub hub_;
  std::map<uint32_t, ModelConnection> model_;
  /// The one freed last at the end.
  std::vector<uint32_t> free_slots_;
};

}  // namespace hapwire::testing
