// One connection's queue of events that wait to be sent: duplicates and bounds.
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
  /// Nothing: events wait already, or nothing was queued.
  kNone = 0,
  /// The first event of an empty queue: the coalescing window opens.
  kWindowOpens = 1,
  /// The first immediate event: flush as soon as no request is under way.
  kFlushNow = 2,
  /// The queue exceeds its bytes although it holds the newest events alone. It keeps them: flush
  /// the
  /// queue now, or close the connection.
  kOverflow = 3,
};

/// Bounds on one connection's queue. A queue that exceeds a bound collapses.
struct QueueLimits {
  /// Events that wait, at most EventQueue::kMostEvents. The newest events of all subscriptions may
  /// be more.
  uint64_t max_events = 0;
  /// Bytes of these events' JSON, without the newest one: that one may be of any size.
  uint64_t max_bytes = 0;
};

/// The counts of one connection's queue. All but the last two only grow.
struct QueueCounts {
  /// Events accepted into the queue.
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
  /// Events that wait now.
  uint64_t pending_events = 0;
  /// Bytes of JSON that wait now.
  uint64_t pending_bytes = 0;
};

/// The queue's state of one subscription of its connection. The hub stores it next to the
/// subscriber; only the queue reads and writes it. Small, because a burst visits all of them.
struct Subscription {
  static constexpr uint32_t kNoPosition = UINT32_MAX;

  /// The generation of the queue that the positions belong to. Those of an earlier generation are
  /// void, so that emptying a queue visits no subscription.
  uint64_t generation = 0;
  /// The position of the last event in the queue.
  uint32_t last = kNoPosition;
  /// The position of the newest event that is not immediate.
  uint32_t newest_plain = kNoPosition;
};

/// Looks up the subscriptions of one connection.
class SubscriptionIndex {
 public:
  /// @param id A characteristic that the connection is subscribed to.
  virtual Subscription& SubscriptionTo(CharacteristicId id) = 0;

 protected:
  ~SubscriptionIndex() = default;
};

/// Events in the order in which they came. [PROTOCOL: events]
///
/// Each push costs the same on average, however many events wait: a subscription knows its own last
/// event, and a collapse visits only the events that it drops.
class EventQueue {
 public:
  /// The largest `max_events`; keeps positions, gaps included, within 32 bits.
  static constexpr uint64_t kMostEvents = uint64_t{1} << 30;

  /// @param index Of the queue's connection; must outlive the queue.
  /// @param hash For tables of characteristics.
  /// @param waiting Counts the queues that hold events; shared by all queues of a hub. Must outlive
  ///   the queue.
  EventQueue(QueueLimits limits, SubscriptionIndex& index, CharacteristicHash hash,
             size_t& waiting);
  ~EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  /// Queues `event`, unless it is a duplicate or the queue is muted.
  ///
  /// A duplicate is an event that is not immediate and has the JSON of the last event of its
  /// subscription that waits. A queue that exceeds a bound drops each event that is not immediate
  /// and has a newer one of its subscription that is not immediate either. If the queue still
  /// exceeds a bound, it keeps only the newest event of each subscription. If it still exceeds its
  /// bytes, the signal is kOverflow.
  ///
  /// @param subscription To the event's characteristic.
  /// @param event Must not have been pushed to this queue before.
  Signal Push(Subscription& subscription, const EventRef& event);

  /// The connection has unsubscribed: waiting events of the subscription are not delivered, unless
  /// it is renewed before.
  void Lapse(CharacteristicId id, const Subscription& subscription);

  /// The connection has subscribed. @return The subscription, with the state from before it
  /// lapsed.
  Subscription Renew(CharacteristicId id);

  /// Empties the queue. Counts each event as delivered or, if its subscription has lapsed, as
  /// unsubscribed.
  /// @param out Gets the events to deliver appended, oldest first.
  void Take(std::vector<EventRef>& out);

  /// Drops all events and takes no more.
  void Mute();

  bool empty() const { return counts_.pending_events == 0; }
  /// True if an immediate event came since the queue was empty, even if a collapse dropped it.
  bool has_immediate() const { return has_immediate_; }
  const QueueCounts& counts() const { return counts_; }

 private:
  using LapsedSubscriptions =
      std::unordered_map<CharacteristicId, Subscription, CharacteristicHash>;

  bool IsDuplicate(const Subscription& subscription, const Event& event) const;
  bool ExceedsBytes(const Event& newest) const;
  bool ExceedsBounds(const Event& newest) const;
  void NoteNewer(const Subscription& subscription, const Event& newer);
  void Append(Subscription& subscription, const EventRef& event);
  void Collapse(const Event& newest);
  void CollapsePlain();
  void CollapseAll();
  void Drop(EventRef& item);
  void CloseGaps();
  Subscription& SubscriptionTo(CharacteristicId id);
  void TakeSubscribed(std::vector<EventRef>& out);
  void Clear();

  const QueueLimits limits_;
  SubscriptionIndex& index_;
  const CharacteristicHash hash_;
  size_t& waiting_;
  /// In order, with gaps left by events that a collapse dropped; between two pushes never more gaps
  /// than events.
  std::vector<EventRef> items_;
  /// Counts how often the queue was emptied, from 1 up.
  uint64_t generation_ = 1;
  /// How many items the last generation had: a burst is often as large as the one before it, and
  /// one allocation costs less than doubling.
  size_t expected_ = 0;
  /// Positions of plain events with a newer plain event of the same subscription. The next collapse
  /// drops them.
  std::vector<uint32_t> superseded_;
  /// Positions of all other events with a newer event of the same subscription, of which one or
  /// both are immediate. They stay until plain events alone do not bring the queue within its
  /// bounds. A position may be a gap by now. At most two for each event that waits.
  std::vector<uint32_t> overtaken_;
  /// Subscriptions that ended while their events wait. Null if no such subscription exists, which
  /// is almost always so.
  std::unique_ptr<LapsedSubscriptions> lapsed_;
  bool has_immediate_ = false;
  bool muted_ = false;
  QueueCounts counts_;
};

}  // namespace hapwire
