// The rules of one connection's queue: duplicates, signals, bounds, collapse, overflow, counts.
#include "event_queue.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace {

using hapwire::CharacteristicHash;
using hapwire::CharacteristicId;
using hapwire::EventQueue;
using hapwire::EventRef;
using hapwire::HashSeed;
using hapwire::QueueLimits;
using hapwire::Signal;
using hapwire::Subscription;

constexpr QueueLimits kWide{1000, 1000000};
constexpr CharacteristicHash kHash(HashSeed{1, 2});

/// The subscriptions to characteristics 0, 1, 2, ...
class Row final : public hapwire::SubscriptionIndex {
 public:
  explicit Row(size_t width) : subscriptions_(width) {}

  Subscription& SubscriptionTo(CharacteristicId id) override { return subscriptions_[id.iid]; }

 private:
  std::vector<Subscription> subscriptions_;
};

/// Subscriptions `a` to `d`, and a queue of events that are one letter and one digit: `a1`.
class Bench {
 public:
  explicit Bench(QueueLimits limits) : queue(limits, subscriptions_, kHash, waiting) {}

  Signal Push(const std::string& text, bool immediate = false) {
    const CharacteristicId id = IdOf(text[0]);
    return queue.Push(subscriptions_.SubscriptionTo(id), EventRef::Make(id, immediate, text));
  }

  void Unsubscribe(char letter) {
    queue.Lapse(IdOf(letter), subscriptions_.SubscriptionTo(IdOf(letter)));
    subscriptions_.SubscriptionTo(IdOf(letter)) = Subscription();
  }

  void SubscribeAgain(char letter) {
    subscriptions_.SubscriptionTo(IdOf(letter)) = queue.Renew(IdOf(letter));
  }

  /// What the queue gives, oldest first, with spaces between.
  std::string Take() {
    std::vector<EventRef> events;
    queue.Take(events);
    std::string text;
    for (const EventRef& event : events) {
      if (!text.empty()) text += ' ';
      text += event->json();
    }
    return text;
  }

 private:
  static CharacteristicId IdOf(char letter) { return {1, static_cast<uint64_t>(letter - 'a')}; }

  Row subscriptions_{4};

 public:
  size_t waiting = 0;
  EventQueue queue;
};

TEST_CASE("events come out in the order in which they went in, once") {
  Bench bench(kWide);
  for (const char* text : {"a1", "b1", "a2", "c1", "a1"}) bench.Push(text);
  CHECK(bench.Take() == "a1 b1 a2 c1 a1");
  CHECK(bench.Take() == "");
}

TEST_CASE("an event equal to the last queued one of its characteristic is refused") {
  Bench bench(kWide);
  CHECK(bench.Push("a1") == Signal::kWindowOpens);
  bench.Push("b1");
  CHECK(bench.Push("a1") == Signal::kNone);
  bench.Push("a2");
  bench.Push("a1");  // not the last one any more
  CHECK(bench.queue.counts().duplicates == 1);
  CHECK(bench.queue.counts().queued == 4);
  CHECK(bench.Take() == "a1 b1 a2 a1");
}

TEST_CASE("an event that has left the queue makes no duplicate") {
  Bench bench(kWide);
  bench.Push("a1");
  bench.Take();
  CHECK(bench.Push("a1") == Signal::kWindowOpens);
  CHECK(bench.Take() == "a1");
  CHECK(bench.queue.counts().duplicates == 0);
}

TEST_CASE("an immediate event is no duplicate, but makes one of the next") {
  Bench bench(kWide);
  bench.Push("a1");
  bench.Push("a1", true);
  bench.Push("a1", true);
  bench.Push("a1");
  CHECK(bench.Take() == "a1 a1 a1");
  CHECK(bench.queue.counts().duplicates == 1);
}

TEST_CASE("the window opens for the first event alone") {
  Bench bench(kWide);
  CHECK(bench.Push("a1") == Signal::kWindowOpens);
  CHECK(bench.Push("b1") == Signal::kNone);
  bench.Take();
  CHECK(bench.Push("b1") == Signal::kWindowOpens);
}

TEST_CASE("flush now is asked for once, by the first immediate event") {
  Bench bench(kWide);
  CHECK(bench.Push("a1", true) == Signal::kFlushNow);
  CHECK(bench.Push("b1") == Signal::kNone);
  CHECK(bench.Push("b2", true) == Signal::kNone);
  CHECK(bench.queue.has_immediate());
  bench.Take();
  CHECK_FALSE(bench.queue.has_immediate());
  CHECK(bench.Push("a1") == Signal::kWindowOpens);
  CHECK_FALSE(bench.queue.has_immediate());
  CHECK(bench.Push("a1", true) == Signal::kFlushNow);
}

TEST_CASE("events of a subscription that has lapsed are left out and counted") {
  Bench bench(kWide);
  for (const char* text : {"a1", "b1", "a2"}) bench.Push(text);
  bench.Unsubscribe('a');
  CHECK(bench.queue.counts().pending_events == 3);
  CHECK(bench.Take() == "b1");
  CHECK(bench.queue.counts().unsubscribed == 2);
  CHECK(bench.queue.counts().delivered == 1);
  CHECK(bench.queue.counts().messages == 1);
}

TEST_CASE("a message with nothing in it is not counted") {
  Bench bench(kWide);
  bench.Take();
  bench.Push("a1");
  bench.Unsubscribe('a');
  CHECK(bench.Take() == "");
  CHECK(bench.queue.counts().messages == 0);
  CHECK(bench.queue.empty());
}

TEST_CASE("a renewed subscription knows the events that it queued before") {
  Bench bench({3, 1000});
  for (const char* text : {"a1", "b1", "a2"}) bench.Push(text);
  bench.Unsubscribe('a');
  bench.SubscribeAgain('a');
  CHECK(bench.Push("a2") == Signal::kNone);
  CHECK(bench.queue.counts().duplicates == 1);
  bench.Push("a3");  // past the bound: drops the events queued before it lapsed
  CHECK(bench.queue.counts().collapsed == 2);
  CHECK(bench.Take() == "b1 a3");
}

TEST_CASE("a subscription that lapsed before the queue was emptied starts anew") {
  Bench bench(kWide);
  bench.Push("a1");
  bench.Unsubscribe('a');
  bench.Take();
  bench.SubscribeAgain('a');
  CHECK(bench.Push("a1") == Signal::kWindowOpens);
  CHECK(bench.Take() == "a1");
}

TEST_CASE("the positions of lapsed subscriptions are kept when gaps close") {
  Bench bench({3, 1000});
  for (const char* text : {"a1", "b1", "c1"}) bench.Push(text);
  bench.Unsubscribe('b');
  // Collapses, and each leaves a gap, until the gaps are closed.
  for (const char* text : {"a2", "a3", "a4", "a5"}) bench.Push(text);
  bench.SubscribeAgain('b');
  bench.Push("b2");
  CHECK(bench.queue.counts().pending_events == 3);
  CHECK(bench.Take() == "c1 a5 b2");
}

TEST_CASE("the bound on events: met exactly nothing happens, passed by one it collapses") {
  Bench bench({3, 1000});
  for (const char* text : {"a1", "b1", "a2"}) bench.Push(text);
  CHECK(bench.queue.counts().collapsed == 0);
  CHECK(bench.Push("a3") == Signal::kNone);
  CHECK(bench.queue.counts().collapsed == 2);
  CHECK(bench.queue.counts().pending_events == 2);
  CHECK(bench.queue.counts().pending_bytes == 4);
  CHECK(bench.Take() == "b1 a3");
}

TEST_CASE("the bound on bytes: met exactly nothing happens, passed by one it collapses") {
  Bench bench({1000, 6});
  for (const char* text : {"a1", "b1", "a2"}) bench.Push(text);
  CHECK(bench.queue.counts().pending_bytes == 6);
  CHECK(bench.queue.counts().collapsed == 0);
  bench.Push("c");  // the newest event does not count
  CHECK(bench.queue.counts().collapsed == 0);
  bench.Push("d");
  CHECK(bench.queue.counts().collapsed == 1);
  CHECK(bench.queue.counts().pending_bytes == 6);
  CHECK(bench.Take() == "b1 a2 c d");
}

TEST_CASE("a collapse of plain events that suffices keeps all immediate ones, in order") {
  Bench bench({6, 1000});
  bench.Push("a1");
  bench.Push("a2", true);
  bench.Push("a3", true);
  bench.Push("b1");
  bench.Push("a4");
  bench.Push("b2");
  CHECK(bench.Push("b3", true) == Signal::kNone);
  CHECK(bench.queue.counts().collapsed == 2);
  CHECK(bench.queue.has_immediate());
  CHECK(bench.Take() == "a2 a3 a4 b2 b3");
}

TEST_CASE("a queue that still exceeds a bound keeps only the newest event of each characteristic") {
  Bench bench({3, 1000});
  bench.Push("a1", true);
  bench.Push("b1");
  bench.Push("a2");
  CHECK(bench.Push("a3", true) == Signal::kNone);
  CHECK(bench.Take() == "b1 a3");
  CHECK(bench.queue.counts().collapsed == 2);
}

TEST_CASE("a dropped immediate event is remembered until the queue is emptied") {
  Bench bench({1, 1000});
  CHECK(bench.Push("a1", true) == Signal::kFlushNow);
  CHECK(bench.Push("a2") == Signal::kNone);
  CHECK(bench.queue.counts().collapsed == 1);
  CHECK(bench.queue.has_immediate());
  CHECK(bench.Push("a3", true) == Signal::kNone);
  CHECK(bench.Take() == "a3");
  CHECK(bench.Push("a3", true) == Signal::kFlushNow);
}

TEST_CASE("a plain event that a collapse dropped for an immediate one is not dropped twice") {
  Bench bench({2, 1000});
  bench.Push("a1");
  bench.Push("b1");
  bench.Push("a2", true);
  CHECK(bench.queue.counts().pending_events == 2);
  bench.Push("a3");
  bench.Push("c1");
  CHECK(bench.Take() == "b1 a3 c1");
  CHECK(bench.queue.counts().collapsed == 2);
}

TEST_CASE("plain and immediate events in turns collapse again and again, with gaps and without") {
  Bench bench({4, 1000});
  for (int round = 0; round < 50; ++round) {
    for (const char* text : {"a1", "b1", "c1", "a2", "b2", "a1", "c2"}) {
      for (const bool immediate : {true, false, false, true}) {
        bench.Push(text, immediate);
        CHECK(bench.queue.counts().pending_events <= 4);
      }
    }
  }
  CHECK(bench.queue.counts().queued ==
        bench.queue.counts().collapsed + bench.queue.counts().pending_events);
}

TEST_CASE("an immediate event asks for its flush though it made the queue collapse") {
  Bench bench({2, 1000});
  bench.Push("a1");
  bench.Push("a2");
  CHECK(bench.Push("a3", true) == Signal::kFlushNow);
  CHECK(bench.Take() == "a2 a3");
}

TEST_CASE("duplicates are known after a collapse") {
  Bench bench({3, 1000});
  for (const char* text : {"a1", "b1", "a2", "a3"}) bench.Push(text);
  bench.Push("b1");
  bench.Push("a3");
  CHECK(bench.queue.counts().duplicates == 2);
  CHECK(bench.Take() == "b1 a3");
}

TEST_CASE("the queue collapses again and again, with gaps and without") {
  Bench bench({4, 1000});
  for (const char* text : {"a1", "b1", "c1", "d1"}) bench.Push(text);
  for (const char* text : {"a2", "b2", "a3", "c2", "a4", "a5", "d2", "b3"}) {
    CHECK(bench.Push(text) == Signal::kNone);
    CHECK(bench.queue.counts().pending_events == 4);
  }
  CHECK(bench.queue.counts().collapsed == 8);
  CHECK(bench.Take() == "c2 a5 d2 b3");
  CHECK(bench.queue.counts().delivered == 4);
}

TEST_CASE("the newest events alone may be more than the bound") {
  Bench bench({1, 1000});
  bench.Push("a1");
  CHECK(bench.Push("b1", true) == Signal::kFlushNow);
  CHECK(bench.Push("c1") == Signal::kNone);
  CHECK(bench.Push("a2") == Signal::kNone);
  CHECK(bench.Take() == "b1 c1 a2");
}

TEST_CASE("the newest events alone exceed the bound on bytes: an overflow, and nothing is lost") {
  Bench bench({1000, 3});
  bench.Push("a123");
  CHECK(bench.Push("b1") == Signal::kOverflow);
  CHECK(bench.Push("b2", true) == Signal::kOverflow);
  CHECK(bench.queue.counts().pending_bytes == 6);
  CHECK(bench.Take() == "a123 b2");
  CHECK(bench.Push("b1") == Signal::kWindowOpens);
}

TEST_CASE("one event may be larger than the bound") {
  Bench bench({1000, 3});
  CHECK(bench.Push("a123") == Signal::kWindowOpens);
  CHECK(bench.Push("a124") == Signal::kNone);
  CHECK(bench.Take() == "a124");
}

TEST_CASE("a muted queue is empty and takes no more") {
  Bench bench(kWide);
  bench.Push("a1", true);
  bench.queue.Mute();
  CHECK(bench.queue.empty());
  CHECK(bench.Push("a2", true) == Signal::kNone);
  CHECK(bench.queue.counts().queued == 1);
  CHECK(bench.Take() == "");
}

TEST_CASE("queues that hold events are counted") {
  Bench bench({1, 1000});
  CHECK(bench.waiting == 0);
  for (int round = 0; round < 2; ++round) {
    for (const char* text : {"a1", "a1", "a2", "b1"}) {
      bench.Push(text);
      CHECK(bench.waiting == 1);
    }
    bench.Take();
    CHECK(bench.waiting == 0);
  }
  bench.Push("a1");
  bench.queue.Mute();
  CHECK(bench.waiting == 0);
}

/// Seconds that `pushes` take on a queue that is full with one event of each of `width`
/// characteristics, so that each push makes it collapse by one.
double SecondsAtTheBound(size_t width, size_t pushes, bool immediate) {
  Row subscriptions(width);
  size_t waiting = 0;
  EventQueue queue({width, 1u << 30}, subscriptions, kHash, waiting);
  const auto start = std::chrono::steady_clock::now();
  for (size_t i = 0; i < pushes; ++i) {
    const CharacteristicId id = {1, i % width};
    queue.Push(subscriptions.SubscriptionTo(id), EventRef::Make(id, immediate, std::to_string(i)));
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST_CASE("a push costs the same on a long queue as on a short one, at the bound too") {
  constexpr size_t kPushes = 40000;
  for (const bool immediate : {false, true}) {
    double narrow = 1e9;
    double wide = 1e9;
    for (int round = 0; round < 3; ++round) {
      narrow = std::min(narrow, SecondsAtTheBound(16, kPushes, immediate));
      wide = std::min(wide, SecondsAtTheBound(4096, kPushes, immediate));
    }
    // Scanning the queue at each push would cost 256 times as much; caches may cost a few times.
    CHECK(wide < 20 * narrow);
  }
}

}  // namespace
