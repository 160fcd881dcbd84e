// The event hub: subscriptions, broadcasts, messages; each rule alone, then random calls against a
// naive model.
#include "event_hub.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "frame_opener.h"
#include "hub_calls.h"
#include "hub_model.h"

namespace {

using hapwire::CharacteristicId;
using hapwire::EventHub;
using hapwire::EventValue;
using hapwire::QueueCounts;
using hapwire::QueueLimits;
using hapwire::Signal;
using hapwire::Subscribed;
using hapwire::testing::Broadcast;
using hapwire::testing::EventMessage;
using hapwire::testing::HubComparison;
using hapwire::testing::Json;
using hapwire::testing::MakeHub;
using hapwire::testing::SlotSignal;
using hapwire::testing::Take;

constexpr QueueLimits kWide{4096, 1 << 20};
constexpr CharacteristicId kOn{1, 9};
constexpr CharacteristicId kBrightness{1, 10};
constexpr CharacteristicId kOther{2, 9};

std::vector<SlotSignal> BroadcastNumber(EventHub& hub, CharacteristicId id, double number,
                                        bool immediate = false,
                                        uint32_t except_slot = EventHub::kNoSlot) {
  return Broadcast(hub, id, EventValue::Number(number), immediate, except_slot);
}

/// The list within the message.
std::string TakeList(EventHub& hub, uint32_t slot) {
  const std::string message = Take(hub, slot);
  const size_t start = message.find('[');
  return start == std::string::npos ? "" : message.substr(start + 1, message.size() - start - 3);
}

/// A hub with `count` connections, slots 0 up, all subscribed to kOn and kBrightness.
void AddSubscribers(EventHub& hub, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t slot = hub.Add();
    hub.Subscribe(slot, kOn);
    hub.Subscribe(slot, kBrightness);
  }
}

TEST_CASE("a message is what the protocol says, to the byte, newest event first") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 1);
  Broadcast(hub, kOn, EventValue::Bool(true));
  CHECK(Take(hub, 0) ==
        "EVENT/1.0 200 OK\r\n"
        "Content-Type: application/hap+json\r\n"
        "Content-Length: 52\r\n"
        "\r\n"
        "{\"characteristics\":[{\"aid\":1,\"iid\":9,\"value\":true}]}");
  BroadcastNumber(hub, kBrightness, 1);
  BroadcastNumber(hub, kOn, 2);
  BroadcastNumber(hub, kBrightness, 3);
  CHECK(Take(hub, 0) ==
        EventMessage(Json(kBrightness, "3") + "," + Json(kOn, "2") + "," + Json(kBrightness, "1")));
}

TEST_CASE("each kind of value") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 1);
  const auto list_of = [&](const EventValue& value) {
    Broadcast(hub, kOn, value);
    return TakeList(hub, 0);
  };
  CHECK(list_of(EventValue::Undefined()) == R"({"aid":1,"iid":9})");
  CHECK(list_of(EventValue::Null()) == Json(kOn, "null"));
  CHECK(list_of(EventValue::Bool(false)) == Json(kOn, "false"));
  CHECK(list_of(EventValue::Number(22.5)) == Json(kOn, "22.5"));
  CHECK(list_of(EventValue::String(u"K\u00fcche\n")) == Json(kOn,
                                                             "\"K\xc3\xbc"
                                                             "che\\n\""));
  CHECK(list_of(EventValue::RawJson(R"({"a":[1]})")) == Json(kOn, R"({"a":[1]})"));
}

TEST_CASE("the content length counts bytes, of large messages too") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 1);
  const std::u16string text(100000, u'\u00fc');
  Broadcast(hub, kOn, EventValue::String(text));
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) bytes += "\xc3\xbc";
  CHECK(Take(hub, 0) == EventMessage(Json(kOn, '"' + bytes + '"')));
}

TEST_CASE("ids of 53 bits and more are told apart and written in full") {
  EventHub hub = MakeHub(kWide);
  const uint32_t slot = hub.Add();
  hub.Subscribe(slot, {9007199254740991u, UINT64_MAX});
  CHECK_FALSE(hub.IsSubscribed(slot, {9007199254740990u, UINT64_MAX}));
  BroadcastNumber(hub, {9007199254740991u, UINT64_MAX}, 1);
  CHECK(TakeList(hub, slot) == R"({"aid":9007199254740991,"iid":18446744073709551615,"value":1})");
}

TEST_CASE("subscribing and unsubscribing tell whether anything changed") {
  EventHub hub = MakeHub(kWide);
  const uint32_t slot = hub.Add();
  CHECK_FALSE(hub.IsSubscribed(slot, kOn));
  CHECK_FALSE(hub.Unsubscribe(slot, kOn));
  CHECK(hub.Subscribe(slot, kOn) == Subscribed::kAdded);
  CHECK(hub.Subscribe(slot, kOn) == Subscribed::kPresent);
  CHECK(hub.IsSubscribed(slot, kOn));
  CHECK_FALSE(hub.IsSubscribed(slot, kBrightness));
  CHECK(hub.Unsubscribe(slot, kOn));
  CHECK_FALSE(hub.Unsubscribe(slot, kOn));
  CHECK_FALSE(hub.IsSubscribed(slot, kOn));
}

TEST_CASE("subscriptions are listed in order; one made anew counts as new") {
  using Ids = std::vector<CharacteristicId>;
  EventHub hub = MakeHub(kWide);
  const uint32_t slot = hub.Add();
  for (const CharacteristicId id : {kOther, kOn, kBrightness}) hub.Subscribe(slot, id);
  hub.Subscribe(slot, kOther);
  CHECK((hub.Subscriptions(slot) == Ids{kOther, kOn, kBrightness}));
  hub.Unsubscribe(slot, kOther);
  CHECK((hub.Subscriptions(slot) == Ids{kOn, kBrightness}));
  hub.Subscribe(slot, kOther);
  CHECK((hub.Subscriptions(slot) == Ids{kOn, kBrightness, kOther}));
  BroadcastNumber(hub, kOn, 1);
  hub.Unsubscribe(slot, kOn);  // kept inside for its event, but not listed
  CHECK((hub.Subscriptions(slot) == Ids{kBrightness, kOther}));
  hub.UnsubscribeAll(slot);
  CHECK(hub.Subscriptions(slot).empty());
  CHECK_FALSE(hub.IsSubscribed(slot, kOther));
}

TEST_CASE("a broadcast reaches subscribers only, and not the connection it came from") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 3);
  hub.Unsubscribe(1, kOn);
  hub.Add();
  const std::vector<SlotSignal> expected{{0, Signal::kWindowOpens}};
  CHECK((BroadcastNumber(hub, kOn, 1, false, 2) == expected));
  CHECK(hub.Counts(0).pending_events != 0);
  for (const uint32_t slot : {1, 2, 3}) CHECK(hub.Counts(slot).pending_events == 0);
  CHECK(BroadcastNumber(hub, kOther, 1).empty());
}

TEST_CASE("a connection gets one signal at most, and which one") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 2);
  hub.Send(0, kOn, EventValue::Number(1), false);
  using Signals = std::vector<SlotSignal>;
  CHECK((BroadcastNumber(hub, kOn, 2) == Signals{{1, Signal::kWindowOpens}}));
  const Signals both_now{{0, Signal::kFlushNow}, {1, Signal::kFlushNow}};
  CHECK((BroadcastNumber(hub, kOn, 3, true) == both_now));
  CHECK(BroadcastNumber(hub, kOn, 4, true).empty());
  Take(hub, 1);
  CHECK((BroadcastNumber(hub, kOn, 5, true) == Signals{{1, Signal::kFlushNow}}));
}

TEST_CASE("a buffer too small for the signals queues nothing") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 2);
  uint32_t one = 0;
  CHECK(hub.Broadcast(kOn, EventValue::Null(), false, EventHub::kNoSlot, {&one, 1}) == 0);
  CHECK(hub.Counts(0).pending_events == 0);
}

TEST_CASE("sending to one connection") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 2);
  CHECK(hub.Send(0, kOther, EventValue::Null(), true) == Signal::kNone);
  CHECK(hub.Counts(0).pending_events == 0);
  CHECK(hub.Send(0, kOn, EventValue::Number(1), false) == Signal::kWindowOpens);
  CHECK(hub.Send(0, kOn, EventValue::Number(1), false) == Signal::kNone);
  CHECK(hub.Send(0, kOn, EventValue::Number(1), true) == Signal::kFlushNow);
  CHECK(hub.Counts(1).pending_events == 0);
  CHECK(TakeList(hub, 0) == Json(kOn, "1") + "," + Json(kOn, "1"));
}

TEST_CASE("duplicates are told by JSON, and each connection has its own") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 2);
  hub.Send(0, kOn, EventValue::Number(1), false);
  Broadcast(hub, kOn, EventValue::RawJson("1"));
  Broadcast(hub, kOn, EventValue::RawJson("1.0"));
  CHECK(hub.Counts(0).duplicates == 1);
  CHECK(hub.Counts(1).duplicates == 0);
  CHECK(TakeList(hub, 0) == Json(kOn, "1.0") + "," + Json(kOn, "1"));
  Broadcast(hub, kOn, EventValue::Null());
  Broadcast(hub, kOn, EventValue::Undefined());
  CHECK(TakeList(hub, 0) == R"({"aid":1,"iid":9},)" + Json(kOn, "null"));
}

TEST_CASE("leaves out an event that is unsubscribed before the flush") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 1);
  BroadcastNumber(hub, kOn, 1);
  BroadcastNumber(hub, kBrightness, 2);
  hub.Unsubscribe(0, kOn);
  BroadcastNumber(hub, kOn, 3);  // not queued: not subscribed any more
  CHECK(hub.Counts(0).queued == 2);
  CHECK(TakeList(hub, 0) == Json(kBrightness, "2"));
  CHECK(hub.Counts(0).unsubscribed == 1);
}

TEST_CASE("gives no message if no event is left, nor on the next call") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 1);
  CHECK(Take(hub, 0) == "");
  BroadcastNumber(hub, kOn, 1);
  CHECK(Take(hub, 0) != "");
  BroadcastNumber(hub, kOn, 2);
  hub.UnsubscribeAll(0);
  CHECK(hub.Counts(0).pending_events != 0);
  CHECK(Take(hub, 0) == "");
  CHECK(hub.Counts(0).pending_events == 0);
  hub.Subscribe(0, kOn);
  CHECK(Take(hub, 0) == "");
}

TEST_CASE(
    "delivers events that are subscribed again before the flush, and drops their duplicates") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 1);
  BroadcastNumber(hub, kOn, 1);
  hub.Unsubscribe(0, kOn);
  BroadcastNumber(hub, kOn, 2);
  hub.Subscribe(0, kOn);
  BroadcastNumber(hub, kOn, 1);  // equal to the last one that is queued
  hub.Unsubscribe(0, kOn);
  hub.Subscribe(0, kOn);
  BroadcastNumber(hub, kOn, 3);
  CHECK(hub.Counts(0).duplicates == 1);
  CHECK(TakeList(hub, 0) == Json(kOn, "3") + "," + Json(kOn, "1"));
  CHECK(hub.IsSubscribed(0, kOn));
  BroadcastNumber(hub, kOn, 3);
  CHECK(TakeList(hub, 0) == Json(kOn, "3"));
}

TEST_CASE("a slot is used again, and starts afresh") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 3);
  BroadcastNumber(hub, kOn, 1);
  CHECK(hub.Remove(1));
  CHECK_FALSE(hub.Remove(1));
  CHECK(hub.Add() == 1);
  CHECK(hub.slot_count() == 3);
  CHECK(hub.Subscriptions(1).empty());
  CHECK(hub.Counts(1).pending_events == 0);
  CHECK(hub.Counts(1).queued == 0);
  CHECK(hub.Add() == 3);
  BroadcastNumber(hub, kOn, 2);
  CHECK(TakeList(hub, 0) == Json(kOn, "2") + "," + Json(kOn, "1"));
  CHECK(TakeList(hub, 1) == "");
}

TEST_CASE("a connection that goes with events queued leaves the others theirs") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 3);
  BroadcastNumber(hub, kOn, 1);
  hub.Unsubscribe(2, kOn);  // inactive, with its event still queued
  hub.Remove(0);
  hub.Remove(2);
  using Signals = std::vector<SlotSignal>;
  CHECK((BroadcastNumber(hub, kBrightness, 2) == Signals{}));
  CHECK(TakeList(hub, 1) == Json(kBrightness, "2") + "," + Json(kOn, "1"));
  hub.Remove(1);
  CHECK(BroadcastNumber(hub, kOn, 3).empty());
}

TEST_CASE("a slot without a connection does nothing") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 1);
  BroadcastNumber(hub, kOn, 1);
  hub.Remove(0);
  for (const uint32_t slot : {0u, 1u, 7u, UINT32_MAX}) {
    CHECK_FALSE(hub.Remove(slot));
    CHECK(hub.Subscribe(slot, kOn) == Subscribed::kNothing);
    hub.Mute(slot);
    CHECK_FALSE(hub.AttachSealer(slot, nullptr));
    CHECK_FALSE(hub.Unsubscribe(slot, kOn));
    CHECK_FALSE(hub.IsSubscribed(slot, kOn));
    hub.UnsubscribeAll(slot);
    CHECK(hub.Subscriptions(slot).empty());
    CHECK(hub.Send(slot, kOn, EventValue::Null(), true) == Signal::kNone);
    CHECK(Take(hub, slot) == "");
    CHECK(hub.Counts(slot).pending_events == 0);
    CHECK(hub.Counts(slot).queued == 0);
  }
}

TEST_CASE("an overflow is signalled for its connection alone, and again") {
  EventHub hub = MakeHub({100, 50});
  AddSubscribers(hub, 2);
  hub.Send(0, kOn, EventValue::String(std::u16string(50, u'x')), false);
  using Signals = std::vector<SlotSignal>;
  const Signals expected{{0, Signal::kOverflow}, {1, Signal::kWindowOpens}};
  CHECK((BroadcastNumber(hub, kBrightness, 1) == expected));
  CHECK(BroadcastNumber(hub, kBrightness, 2) == Signals{{0, Signal::kOverflow}});
  CHECK(hub.Counts(0).pending_events == 2);
  const std::string big = Json(kOn, '"' + std::string(50, 'x') + '"');
  CHECK(TakeList(hub, 0) == Json(kBrightness, "2") + "," + big);
  CHECK(hub.Send(0, kOn, EventValue::Number(1), false) == Signal::kWindowOpens);
}

TEST_CASE("a muted connection has no events and gets none, and its subscriptions stay") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 2);
  BroadcastNumber(hub, kOn, 1, true);
  hub.Mute(0);
  CHECK(BroadcastNumber(hub, kBrightness, 2, true).empty());
  CHECK(hub.Counts(0).pending_events == 0);
  CHECK(Take(hub, 0) == "");
  CHECK(hub.IsSubscribed(0, kOn));
  CHECK(hub.Unsubscribe(0, kOn));
  CHECK(TakeList(hub, 1) == Json(kBrightness, "2") + "," + Json(kOn, "1"));
}

TEST_CASE("a connection is refused more subscriptions than it may have") {
  EventHub hub(kWide, 2, hapwire::testing::kSeed);
  AddSubscribers(hub, 2);
  CHECK(hub.Subscribe(0, kOther) == Subscribed::kRefused);
  CHECK_FALSE(hub.IsSubscribed(0, kOther));
  CHECK(hub.Subscribe(0, kOn) == Subscribed::kPresent);
  hub.Unsubscribe(0, kOn);
  CHECK(hub.Subscribe(0, kOther) == Subscribed::kAdded);
  CHECK(hub.Subscribe(1, kOther) == Subscribed::kRefused);
}

/// Opens frames that Sealer() sealed.
std::string Opened(const std::string& frames) {
  const std::vector<uint8_t> key(hapwire::kKeyLength, 7);
  hapwire::FrameOpener opener(key.data(), 0, 1000);
  std::string plaintext(frames.size(), '\0');
  size_t written = 0;
  CHECK(opener.Open({reinterpret_cast<const uint8_t*>(frames.data()), frames.size()},
                    {reinterpret_cast<uint8_t*>(plaintext.data()), plaintext.size()},
                    &written) == hapwire::FrameStatus::kOk);
  plaintext.resize(written);
  return plaintext;
}

hapwire::FrameSealer Sealer() {
  const std::vector<uint8_t> key(hapwire::kKeyLength, 7);
  return hapwire::FrameSealer(key.data(), 0);
}

TEST_CASE("messages are sealed once a sealer is attached, for its connection alone") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 2);
  auto sealer = Sealer();
  CHECK(hub.AttachSealer(0, &sealer));
  BroadcastNumber(hub, kOn, 1);
  const std::string expected = EventMessage(Json(kOn, "1"));
  CHECK(Opened(Take(hub, 0)) == expected);
  CHECK(Take(hub, 1) == expected);
  hub.Remove(0);
  AddSubscribers(hub, 1);
  BroadcastNumber(hub, kOn, 1);
  CHECK(Take(hub, 0) == expected);
}

TEST_CASE("a sealer whose key was destroyed seals nothing, and the events are gone") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 1);
  auto sealer = Sealer();
  hub.AttachSealer(0, &sealer);
  sealer.Destroy();
  BroadcastNumber(hub, kOn, 1);
  std::vector<uint8_t> output(hub.Prepare(0));
  CHECK(hub.Take({output.data(), output.size()}) == hapwire::FrameStatus::kClosed);
  CHECK(hub.Prepare(0) == 0);
}

TEST_CASE("a prepared message is taken once, into memory of its size") {
  using hapwire::FrameStatus;
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 1);
  std::vector<uint8_t> output(1000);
  const auto prepare = [&] {
    BroadcastNumber(hub, kOn, 1);
    return hub.Prepare(0);
  };
  CHECK(hub.Take({output.data(), 0}) == FrameStatus::kOutputTooSmall);
  for (const size_t difference : {size_t{1}, ~size_t{0}}) {
    const size_t size = prepare() + difference;
    CHECK(hub.Take({output.data(), size}) == FrameStatus::kOutputTooSmall);
  }
  const size_t size = prepare();
  CHECK(hub.Take({output.data(), size}) == FrameStatus::kOk);
  CHECK(hub.Take({output.data(), size}) == FrameStatus::kOutputTooSmall);
  CHECK(prepare() == size);
  hub.Remove(0);
  AddSubscribers(hub, 1);
  CHECK(hub.Take({output.data(), size}) == FrameStatus::kOutputTooSmall);
}

TEST_CASE("connections with the same list get the same message") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 3);
  BroadcastNumber(hub, kOn, 1);
  BroadcastNumber(hub, kBrightness, 2);
  const std::string expected = EventMessage(Json(kBrightness, "2") + "," + Json(kOn, "1"));
  CHECK(Take(hub, 0) == expected);
  CHECK(Take(hub, 1) == expected);
  CHECK(Take(hub, 2) == expected);
}

TEST_CASE("lists that differ in one event get messages of their own") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 6);
  BroadcastNumber(hub, kOn, 1, false, 1);
  BroadcastNumber(hub, kBrightness, 2, false, 2);
  hub.Send(3, kOther, EventValue::Number(3), false);
  hub.Subscribe(3, kOther);
  hub.Send(3, kOther, EventValue::Number(3), false);
  hub.Unsubscribe(4, kOn);
  const std::string on = Json(kOn, "1");
  const std::string brightness = Json(kBrightness, "2");
  CHECK(TakeList(hub, 0) == brightness + "," + on);
  CHECK(TakeList(hub, 1) == brightness);
  CHECK(TakeList(hub, 2) == on);
  CHECK(TakeList(hub, 3) == Json(kOther, "3") + "," + brightness + "," + on);
  CHECK(TakeList(hub, 4) == brightness);
  CHECK(TakeList(hub, 5) == brightness + "," + on);
}

TEST_CASE("a message rendered once is not given out for later events") {
  EventHub hub = MakeHub(kWide);
  AddSubscribers(hub, 2);
  for (int value = 0; value < 100; ++value) {
    BroadcastNumber(hub, kOn, value);
    CHECK(TakeList(hub, 0) == Json(kOn, std::to_string(value)));
    CHECK(TakeList(hub, 1) == Json(kOn, std::to_string(value)));
  }
}

TEST_CASE("counts add up") {
  EventHub hub = MakeHub({3, 1000});
  AddSubscribers(hub, 1);
  BroadcastNumber(hub, kOn, 1);
  BroadcastNumber(hub, kOn, 1);
  BroadcastNumber(hub, kOn, 2);
  BroadcastNumber(hub, kBrightness, 1);
  BroadcastNumber(hub, kOn, 3);
  QueueCounts counts = hub.Counts(0);
  CHECK(counts.queued == 4);
  CHECK(counts.duplicates == 1);
  CHECK(counts.collapsed == 2);
  CHECK(counts.pending_events == 2);
  CHECK(counts.pending_bytes == Json(kBrightness, "1").size() + Json(kOn, "3").size());
  hub.Unsubscribe(0, kBrightness);
  Take(hub, 0);
  counts = hub.Counts(0);
  CHECK(counts.unsubscribed == 1);
  CHECK(counts.delivered == 1);
  CHECK(counts.messages == 1);
  CHECK(counts.pending_events == 0);
  CHECK(counts.pending_bytes == 0);
  CHECK(counts.queued == counts.collapsed + counts.unsubscribed + counts.delivered);
}

/// Calls at random, the same ones for the same seed.
struct RandomChoices {
  uint32_t Below(uint32_t end) { return static_cast<uint32_t>(random() % end); }

  std::mt19937 random;
};

TEST_CASE("random calls do what the naive model does") {
  const QueueLimits bounds[] = {kWide, {12, 100000}, {6, 100000}, {100, 400}, {1, 100000}};
  for (const QueueLimits limits : bounds) {
    for (uint32_t seed = 1; seed <= 8; ++seed) {
      CAPTURE(limits.max_events);
      CAPTURE(seed);
      RandomChoices choices{std::mt19937(seed)};
      HubComparison comparison(choices, limits);
      for (int step = 0; step < 5000; ++step) comparison.Step();
    }
  }
}

}  // namespace
