// One connection's queue of events that wait for its window to end: what it refuses as a duplicate,
// and how it stays within its bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
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

/// What a queue knows of one characteristic that its connection is subscribed to. Kept by whoever
/// looks subscriptions up, next to what else is needed of them; for the queue's use alone.
struct Subscription {
  static constexpr uint32_t kNoPosition = UINT32_MAX;

  /// The queueful that the rest is about. An earlier one's is forgotten when the next event comes,
  /// so that emptying a queue has no subscription to visit.
  uint64_t queueful = 0;
  /// The last event queued; null where none waits. The queue's reference keeps it alive.
  const Event* last = nullptr;
  /// Where in the queue the newest event stands that is not immediate.
  uint32_t newest_plain = kNoPosition;
};

/// Looks the subscriptions of one connection up.
class SubscriptionIndex {
 public:
  /// @param id Of a characteristic that the connection is subscribed to.
  virtual Subscription& SubscriptionTo(CharacteristicId id) = 0;

 protected:
  ~SubscriptionIndex() = default;
};

/// Events in the order in which they came. [PROTOCOL: events]
///
/// Each push costs the same, however many events wait: a subscription remembers its own last event,
/// and a collapse visits only what it drops.
class EventQueue {
 public:
  /// The largest `max_events`: keeps positions, dropped items included, within 32 bits.
  static constexpr uint64_t kMostEvents = uint64_t{1} << 30;

  /// @param index Of the queue's connection; must outlive the queue.
  EventQueue(QueueLimits limits, SubscriptionIndex& index);
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  /// Queues `event`, unless it is a duplicate or the queue has overflowed.
  ///
  /// A duplicate is an event that is not immediate and has the JSON of the last one of its
  /// subscription that waits. Past a bound the queue collapses: of each subscription the newest
  /// event that is not immediate stays, and so do all immediate ones, in order. Past it still, all
  /// events are dropped and the queue takes no more, for good.
  ///
  /// @param subscription To the event's characteristic.
  /// @param event The same one may be pushed once only.
  Signal Push(Subscription& subscription, const EventRef& event);

  /// The connection has unsubscribed: events of it that wait will not be delivered, unless it is
  /// subscribed again by then.
  void Lapse(CharacteristicId id, const Subscription& subscription);

  /// The connection has subscribed. @returns the subscription, with what is known from before it
  /// lapsed.
  Subscription Renew(CharacteristicId id);

  /// Empties the queue, counting what it held as delivered or, where the subscription has lapsed,
  /// as unsubscribed.
  /// @param out Gets the events to deliver appended, oldest first.
  void Take(std::vector<EventRef>& out);

  bool empty() const { return counts_.pending_events == 0; }
  bool has_immediate() const { return immediate_ != 0; }
  bool overflowed() const { return overflowed_; }
  const QueueCounts& counts() const { return counts_; }

 private:
  using LapsedSubscriptions =
      std::unordered_map<CharacteristicId, Subscription, CharacteristicHash>;

  bool IsPastBounds() const;
  void Append(Subscription& subscription, const EventRef& event);
  void Collapse();
  void Drop(EventRef& item);
  void CloseGaps();
  Subscription& SubscriptionTo(CharacteristicId id);
  void TakeSubscribed(std::vector<EventRef>& out);
  void Overflow();
  void Clear();

  const QueueLimits limits_;
  SubscriptionIndex& index_;
  /// In order, with gaps where a collapse dropped events; the gaps are never more than the events.
  std::vector<EventRef> items_;
  /// How often the queue was emptied, from 1 up.
  uint64_t queueful_ = 1;
  /// How many items the last queueful had: a burst is often as large as the one before it, and to
  /// make room in one step costs less than to double and move.
  size_t expected_ = 0;
  /// Positions of items with a newer one of the same subscription, neither being immediate: what
  /// the next collapse drops.
  std::vector<uint32_t> superseded_;
  /// Those of which events wait although the connection has unsubscribed; rare, and so apart.
  std::unique_ptr<LapsedSubscriptions> lapsed_;
  size_t immediate_ = 0;
  bool overflowed_ = false;
  QueueCounts counts_;
};

}  // namespace hapwire
