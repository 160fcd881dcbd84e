// One connection's queue of events that wait for its window to end: what it refuses as a duplicate,
// and how it stays within its bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "event.h"

namespace hapwire {

/// What a queued event asks of the transport. The values are shared with src/engine/contract.ts.
enum class Signal : uint32_t {
  /// Nothing: its window is open already, an immediate event waits already, or nothing was queued.
  kNone = 0,
  /// The first event of an empty queue: the coalescing window opens.
  kWindowOpens = 1,
  /// The first immediate event: flush as soon as no request is under way.
  kFlushNow = 2,
  /// Past the bounds even after the queue collapsed: the connection must be closed.
  kOverflow = 3,
};

/// Bounds on one connection's queue: met exactly, all is well; past either, it collapses.
struct QueueLimits {
  /// Events waiting. More than EventQueue::kMostEvents counts as that.
  uint64_t max_events = 0;
  /// Bytes of these events' JSON.
  uint64_t max_bytes = 0;
};

/// The counts of one connection's queue. All but the last two only grow.
struct QueueCounts {
  /// Events accepted into the queue, those included that then made it collapse or overflow.
  uint64_t queued = 0;
  /// Events refused because the last queued one of the same characteristic had the same JSON.
  uint64_t duplicates = 0;
  /// Events dropped for a newer one of the same characteristic when the queue collapsed.
  uint64_t collapsed = 0;
  /// Events left out of a message because their characteristic was unsubscribed by then.
  uint64_t unsubscribed = 0;
  /// Events handed out for delivery.
  uint64_t delivered = 0;
  /// Messages that these went out in.
  uint64_t messages = 0;
  /// Events waiting now.
  uint64_t pending_events = 0;
  /// Bytes of JSON waiting now.
  uint64_t pending_bytes = 0;
};

/// One characteristic on one connection, as far as the connection's queue deals with it. The queue
/// keeps pointers to it while events of it wait; `active` is the owner's, the rest is the queue's.
struct Subscription {
  static constexpr uint32_t kNoPosition = UINT32_MAX;

  /// The last event queued; null where none waits. The queue's reference keeps it alive.
  const Event* last = nullptr;
  /// Where in the queue the newest event stands that is not immediate.
  uint32_t newest_plain = kNoPosition;
  /// False once unsubscribed: what waits is left out at the flush, unless it is true again by then.
  bool active = false;
};

/// Events in the order in which they came. [PROTOCOL: events]
///
/// Each push costs the same, however many events wait: a subscription remembers its own last event,
/// and a collapse visits only what it drops.
class EventQueue {
 public:
  /// The largest `max_events`: keeps positions, dropped items included, within 32 bits.
  static constexpr uint64_t kMostEvents = uint64_t{1} << 30;

  explicit EventQueue(QueueLimits limits);
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  /// Queues `event`, unless it is a duplicate or the queue has overflowed.
  ///
  /// A duplicate is an event that is not immediate and has the JSON of the last one of its
  /// subscription that waits. Past a bound the queue collapses: of each subscription the newest
  /// event that is not immediate stays, and so do all immediate ones, in order. Past it still, all
  /// events are dropped and the queue takes no more, for good.
  ///
  /// @param subscription Must be active, and live until the queue is empty or gone.
  /// @param event Of this characteristic; the same one may be pushed once only.
  Signal Push(Subscription& subscription, const EventRef& event);

  /// Empties the queue, counting what it held as delivered or, where the subscription is not
  /// active, as unsubscribed.
  /// @param out Gets the events to deliver appended, oldest first.
  void Take(std::vector<EventRef>& out);

  bool empty() const { return counts_.pending_events == 0; }
  bool has_immediate() const { return immediate_ != 0; }
  bool overflowed() const { return overflowed_; }
  const QueueCounts& counts() const { return counts_; }

 private:
  /// An event in its place. Both are null where a collapse dropped it.
  struct Item {
    Item() = default;
    Item(EventRef its_event, Subscription* its_subscription)
        : event(std::move(its_event)), subscription(its_subscription) {}

    EventRef event;
    Subscription* subscription = nullptr;
  };

  bool IsPastBounds() const;
  void Append(Subscription& subscription, const EventRef& event);
  void Collapse();
  void Drop(Item& item);
  void CloseGaps();
  void Overflow();
  void Clear();

  const QueueLimits limits_;
  /// In order, with gaps where a collapse dropped items; the gaps are never more than the events.
  std::vector<Item> items_;
  /// How many items the last queueful had: a burst is often as large as the one before it, and to
  /// make room in one step costs less than to double and move.
  size_t expected_ = 0;
  /// Positions of items with a newer one of the same subscription, neither being immediate: what
  /// the next collapse drops.
  std::vector<uint32_t> superseded_;
  size_t immediate_ = 0;
  bool overflowed_ = false;
  QueueCounts counts_;
};

}  // namespace hapwire
