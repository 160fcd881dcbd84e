// The native core on fixed inputs, for counting its instructions under callgrind: see
// bench/instructions/main.ts, which runs this.
//
// Each case runs twice, and only the second run counts: work that is done once only (growing a
// vector) is left out. After that callgrind writes a file with the name of the case in it. Standard
// output gets the compiler's name and version.
#include <valgrind/callgrind.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "event_hub.h"
#include "frame_opener.h"
#include "frame_sealer.h"

namespace hapwire::bench {
namespace {

#if defined(__clang__)
constexpr const char* kCompiler = "Clang " __clang_version__;
#else
constexpr const char* kCompiler = "GCC " __VERSION__;
#endif

/// Changes of a burst, each of a characteristic of its own.
constexpr uint64_t kEvents = 1500;
/// Characteristics of one accessory, as a bridge has them.
constexpr uint64_t kPerAccessory = 10;
constexpr size_t kConnections = 32;
constexpr QueueLimits kLimits = {4096, 1 << 20};

/// Ends the program if the case did not do its work: its count would mean nothing.
void Require(bool holds, const char* what) {
  if (holds) return;
  static_cast<void>(std::fprintf(stderr, "native/bench/instructions.cc: %s\n", what));
  std::abort();
}

/// @param prepare Brings about what `work` needs; not counted.
template <typename Prepare, typename Work>
void Count(const std::string& name, Prepare prepare, Work work) {
  prepare();
  work();
  prepare();
  // A dump sets all counts to 0. Not so CALLGRIND_ZERO_STATS and CALLGRIND_TOGGLE_COLLECT: both
  // leave the number of calls as it is.
  CALLGRIND_DUMP_STATS;
  work();
  CALLGRIND_DUMP_STATS_AT(name.c_str());
}

void CountFrames(const char* size_name, size_t size) {
  const std::array<uint8_t, kKeyLength> key = {1, 2, 3};
  const std::vector<uint8_t> message(size, 'm');
  const ByteView chunk = {message.data(), message.size()};
  std::vector<uint8_t> frames(FrameSealer::SealedLength(size));
  std::vector<uint8_t> plaintext(frames.size());

  FrameSealer sealer(key.data(), 0);
  const auto seal = [&] {
    Require(sealer.Seal(&chunk, 1, {frames.data(), frames.size()}) == FrameStatus::kOk,
            "not sealed");
  };
  Count(
      std::string("seal ") + size_name, [] {}, seal);

  FrameSealer peer(key.data(), 0);
  FrameOpener opener(key.data(), 0);
  size_t written = 0;
  Count(
      std::string("open ") + size_name,
      [&] {
        Require(peer.Seal(&chunk, 1, {frames.data(), frames.size()}) == FrameStatus::kOk,
                "not sealed");
      },
      [&] {
        const ByteView segment = {frames.data(), frames.size()};
        const MutableBytes output = {plaintext.data(), plaintext.size()};
        Require(opener.Open(segment, output, &written) == FrameStatus::kOk, "not opened");
      });
  Require(written == size, "not the whole message opened");
}

CharacteristicId IdOf(uint64_t event) {
  return {2 + event / kPerAccessory, 9 + event % kPerAccessory};
}

/// The kinds of values that a home has, each as often as the others.
EventValue ValueOf(uint64_t event) {
  switch (event % 4) {
    case 0:
      return EventValue::Bool(event % 8 == 0);
    case 1:
      return EventValue::Number(static_cast<double>(event % 101));
    case 2:
      return EventValue::Number(static_cast<double>(event % 300) / 10);
    default:
      return EventValue::String(u"Living room");
  }
}

/// A hub whose connections have all subscribed to everything.
class Home {
 public:
  explicit Home(size_t connections)
      : hub_(kLimits, kEvents, {0x243f6a8885a308d3, 0x13198a2e03707344}), signals_(connections) {
    for (size_t i = 0; i < connections; ++i) {
      const uint32_t slot = hub_.Add();
      for (uint64_t event = 0; event < kEvents; ++event) hub_.Subscribe(slot, IdOf(event));
    }
  }

  void Send() {
    for (uint64_t event = 0; event < kEvents; ++event) {
      hub_.Send(0, IdOf(event), ValueOf(event), false);
    }
  }

  void Broadcast(uint64_t events, bool immediate) {
    for (uint64_t event = 0; event < events; ++event) {
      hub_.Broadcast(IdOf(event), ValueOf(event), immediate, EventHub::kNoSlot,
                     {signals_.data(), signals_.size()});
    }
  }

  void Flush() {
    size_t messages = 0;
    for (uint32_t slot = 0; slot < hub_.slot_count(); ++slot) {
      const size_t size = hub_.Prepare(slot);
      if (size == 0 || size > message_.size()) continue;
      if (hub_.Take({message_.data(), size}) == FrameStatus::kOk) ++messages;
    }
    Require(messages == hub_.slot_count(), "not a message for each connection");
  }

  /// Empties the queues, and makes sure that all connections waited for just so many events.
  void Discard(uint64_t events) {
    for (uint32_t slot = 0; slot < hub_.slot_count(); ++slot) {
      Require(hub_.Counts(slot).pending_events == events, "not as many events as there should be");
    }
    if (events > 0) Flush();
  }

 private:
  EventHub hub_;
  std::vector<uint32_t> signals_;
  std::vector<uint8_t> message_ = std::vector<uint8_t>(size_t{1} << 20);
};

void CountEvents() {
  Home alone(1);
  uint64_t waiting = 0;
  const auto discard = [&waiting](Home& home) {
    home.Discard(waiting);
    waiting = kEvents;
  };
  Count(
      "queue 1,500 events", [&] { discard(alone); }, [&] { alone.Send(); });
  alone.Discard(kEvents);
  Count(
      "flush 1,500 events to 1 connection", [&] { alone.Send(); }, [&] { alone.Flush(); });

  Home home(kConnections);
  waiting = 0;
  Count(
      "broadcast 1,500 events to 32 connections", [&] { discard(home); },
      [&] { home.Broadcast(kEvents, false); });
  home.Discard(kEvents);
  Count(
      "flush 1,500 events to 32 connections", [&] { home.Broadcast(kEvents, false); },
      [&] { home.Flush(); });
  Count(
      "immediate event to 32 connections", [] {},
      [&] {
        home.Broadcast(1, true);
        home.Flush();
      });
}

}  // namespace
}  // namespace hapwire::bench

int main() {
  std::printf("%s\n", hapwire::bench::kCompiler);
  hapwire::bench::CountFrames("150 B", 150);
  hapwire::bench::CountFrames("1 KiB", 1024);
  hapwire::bench::CountFrames("64 KiB", size_t{64} * 1024);
  hapwire::bench::CountEvents();
  return 0;
}
