// The event hub: who is subscribed to what, and each connection's queue of events that wait to be
// sent.
//
// A broadcast looks its characteristic up once and touches its subscribers only; the event's JSON
// is written once and shared by all queues that hold it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bytes.h"
#include "event.h"
#include "event_queue.h"

namespace hapwire {

/// Memory that EventHub::Broadcast() writes its signals to. Does not own it.
struct SignalBuffer {
  uint32_t* data = nullptr;
  /// In entries; EventHub::slot_count() of them are always enough.
  size_t size = 0;
};

/// All subscriptions and event queues of one server. Not for use by two threads.
///
/// A connection is a slot: a small integer from 0 up, used again after Remove(), the one freed last
/// first. What is given a slot that holds no connection does nothing and returns false, 0, kNone or
/// what is empty.
class EventHub {
 public:
  /// A slot that no connection has; in `except_slot`: none is left out.
  static constexpr uint32_t kNoSlot = UINT32_MAX;
  /// A signal is written as `slot * kSignalStride + Signal`.
  static constexpr uint32_t kSignalStride = 4;

  /// @param limits Bound each connection's queue.
  explicit EventHub(QueueLimits limits);
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  /// Adds a connection. @returns its slot.
  uint32_t Add();

  /// Forgets a connection, its subscriptions and its queue; costs by these alone.
  /// @returns false where the slot holds none.
  bool Remove(uint32_t slot);

  /// One more than the largest slot given out so far.
  size_t slot_count() const { return connections_.size(); }

  /// @returns false where it was subscribed already.
  bool Subscribe(uint32_t slot, CharacteristicId id);

  /// Events of it that are queued are left out at the flush, unless it is subscribed again by then.
  /// @returns false where it was not subscribed.
  bool Unsubscribe(uint32_t slot, CharacteristicId id);

  void UnsubscribeAll(uint32_t slot);
  bool IsSubscribed(uint32_t slot, CharacteristicId id) const;

  /// The subscribed characteristics in the order in which they were subscribed; one that was
  /// unsubscribed in between counts from when it was subscribed again.
  std::vector<CharacteristicId> Subscriptions(uint32_t slot) const;

  /// Queues an event for every subscriber of `id` but `except_slot`. [PROTOCOL: events]
  ///
  /// @param except_slot The connection that the change came from, or kNoSlot.
  /// @param signals Gets at most one entry for each connection, in no particular order. Nothing is
  ///   queued where it has fewer than slot_count() entries.
  /// @returns How many entries were written.
  size_t Broadcast(CharacteristicId id, const EventValue& value, bool immediate,
                   uint32_t except_slot, SignalBuffer signals);

  /// The same for one connection. Nothing is queued where it is not subscribed.
  Signal Send(uint32_t slot, CharacteristicId id, const EventValue& value, bool immediate);

  /// Empties a connection's queue into one message, newest event first, without those of
  /// characteristics that are unsubscribed now.
  /// @returns The message's size in bytes; 0 where nothing is left to send.
  size_t Prepare(uint32_t slot);

  /// What the last Prepare() made; valid until the next, or until ReleasePrepared().
  ByteView Prepared() const;

  /// Forgets the message and its events. They are kept till then because connections mostly flush
  /// the same list one after the other, and it is rendered once for all of them.
  void ReleasePrepared();

  QueueCounts Counts(uint32_t slot) const;

 private:
  struct Connection;

  /// A subscription among those to the same characteristic: in one row, for the broadcast that
  /// goes through them.
  struct Subscriber : Subscription {
    Connection* connection = nullptr;
  };

  /// Lives as long as it has any subscribers.
  struct Characteristic {
    std::vector<Subscriber> subscribers;
  };

  /// A subscription among those of the same connection: where its Subscriber is.
  struct Place {
    Characteristic* characteristic = nullptr;
    /// Grows with every Subscribe() of the hub, and so tells their order.
    uint64_t serial = 0;
    uint32_t index = 0;

    Subscriber& subscriber() const { return characteristic->subscribers[index]; }
  };

  struct Connection final : SubscriptionIndex {
    Connection(uint32_t its_slot, QueueLimits limits) : slot(its_slot), queue(limits, *this) {}

    Subscription& SubscriptionTo(CharacteristicId id) override {
      return subscriptions.find(id)->second.subscriber();
    }

    const uint32_t slot;
    EventQueue queue;
    std::unordered_map<CharacteristicId, Place, CharacteristicHash> subscriptions;
  };

  Connection* Find(uint32_t slot) const;
  EventRef MakeEvent(CharacteristicId id, const EventValue& value, bool immediate);
  void Detach(CharacteristicId id, const Place& place);
  void Render();

  const QueueLimits limits_;
  /// By slot; null where it is free.
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<uint32_t> free_slots_;
  std::unordered_map<CharacteristicId, Characteristic, CharacteristicHash> characteristics_;
  uint64_t next_serial_ = 0;

  /// Where an event's JSON is written before its length is known.
  std::string json_;
  /// The events of the message being prepared, oldest first; empty between calls.
  std::vector<EventRef> taken_;
  /// The events that `message_` was rendered from. Their references keep the pointers from being
  /// given to other events, so that equal pointers mean equal messages.
  std::vector<EventRef> rendered_;
  std::string message_;
  /// True where Prepared() is `message_`, false where it is nothing.
  bool prepared_ = false;
};

}  // namespace hapwire
