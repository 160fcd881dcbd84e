// The event hub: the subscriptions of all connections, and each connection's queue of events that
// wait to be sent.
//
// A broadcast looks its characteristic up once and visits its subscribers only. The event's JSON is
// written once and shared by all queues that hold it.
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
#include "frame.h"
#include "frame_sealer.h"

namespace hapwire {

/// Memory that EventHub::Broadcast() writes its signals to. Does not own it.
struct SignalBuffer {
  uint32_t* data = nullptr;
  /// In entries; EventHub::slot_count() of them are always enough.
  size_t size = 0;
};

/// The result of EventHub::Subscribe(). The values are shared with src/engine/contract.ts.
enum class Subscribed : uint32_t {
  /// Nothing: the slot holds no connection.
  kNothing = 0,
  kAdded = 1,
  /// Nothing: the connection was subscribed already.
  kPresent = 2,
  /// Nothing: the connection has as many subscriptions as it may have.
  kRefused = 3,
};

/// All subscriptions and event queues of one server. Not for use by two threads.
///
/// A connection is a slot: a small integer from 0 up, used again after Remove(), the one freed last
/// first. A call with a slot that holds no connection does nothing and returns false, 0, kNone,
/// kNothing or an empty list.
class EventHub {
 public:
  /// A slot that no connection has. As `except_slot`: no connection is left out.
  static constexpr uint32_t kNoSlot = UINT32_MAX;
  /// A signal is written as `slot * kSignalStride + Signal`.
  static constexpr uint32_t kSignalStride = 4;

  /// @param limits Of each connection's queue.
  /// @param max_subscriptions Of each connection.
  /// @param seed Random numbers that no controller knows.
  EventHub(QueueLimits limits, uint64_t max_subscriptions, HashSeed seed);
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  /// Adds a connection. @return Its slot.
  uint32_t Add();

  /// Forgets a connection, its subscriptions and its queue.
  /// @return False if the slot holds none.
  bool Remove(uint32_t slot);

  /// One more than the largest slot given out so far.
  size_t slot_count() const { return connections_.size(); }

  /// From here on the messages of a connection are sealed.
  /// @param sealer Must outlive the connection. Its key may be destroyed at any time.
  /// @return False if the slot holds no connection.
  bool AttachSealer(uint32_t slot, FrameSealer* sealer);

  /// Drops a connection's events and queues no more. Its subscriptions stay.
  void Mute(uint32_t slot);

  Subscribed Subscribe(uint32_t slot, CharacteristicId id);

  /// Waiting events of the characteristic are left out at the flush, unless it is subscribed again
  /// by then.
  /// @return False if it was not subscribed.
  bool Unsubscribe(uint32_t slot, CharacteristicId id);

  void UnsubscribeAll(uint32_t slot);
  bool IsSubscribed(uint32_t slot, CharacteristicId id) const;

  /// The subscribed characteristics, oldest subscription first.
  std::vector<CharacteristicId> Subscriptions(uint32_t slot) const;

  /// Queues an event for every subscriber of `id` but `except_slot`. [PROTOCOL: events]
  ///
  /// @param except_slot The connection that the change came from, or kNoSlot.
  /// @param signals Gets at most one entry for each connection, in no particular order. If it has
  ///   fewer than slot_count() entries, nothing is queued.
  /// @return The number of entries written.
  size_t Broadcast(CharacteristicId id, const EventValue& value, bool immediate,
                   uint32_t except_slot, SignalBuffer signals);

  /// Queues an event for one connection, if it is subscribed.
  Signal Send(uint32_t slot, CharacteristicId id, const EventValue& value, bool immediate);

  /// Empties a connection's queue into one message, newest event first, without the events whose
  /// characteristics are unsubscribed now.
  /// @return How many bytes Take() writes; 0 if there is nothing to send.
  size_t Prepare(uint32_t slot);

  /// Writes the message that Prepare() made, sealed if its connection has a sealer. Once for each
  /// Prepare(), with no call of another method in between.
  ///
  /// @param output As many bytes as Prepare() returned.
  /// @return kOk, an error of FrameSealer::Seal(), or kOutputTooSmall if there is no message of
  /// that
  ///   size. The message is gone in any case.
  FrameStatus Take(MutableBytes output);

  QueueCounts Counts(uint32_t slot) const;

 private:
  struct Connection;

  /// A subscription among all those to the same characteristic. They lie in one row, because a
  /// broadcast visits all of them.
  struct Subscriber : Subscription {
    Connection* connection = nullptr;
  };

  /// Lives as long as it has subscribers.
  struct Characteristic {
    std::vector<Subscriber> subscribers;
  };

  /// A subscription among all those of the same connection: points to its Subscriber.
  struct Place {
    Characteristic* characteristic = nullptr;
    /// Grows with every Subscribe() of the hub: tells the order of subscriptions.
    uint64_t serial = 0;
    uint32_t index = 0;

    Subscriber& subscriber() const { return characteristic->subscribers[index]; }
  };

  template <typename Value>
  using Table = std::unordered_map<CharacteristicId, Value, CharacteristicHash>;

  struct Connection final : SubscriptionIndex {
    Connection(uint32_t its_slot, QueueLimits limits, CharacteristicHash hash, size_t& waiting)
        : slot(its_slot), queue(limits, *this, hash, waiting), subscriptions(0, hash) {}

    Subscription& SubscriptionTo(CharacteristicId id) override {
      return subscriptions.find(id)->second.subscriber();
    }

    const uint32_t slot;
    EventQueue queue;
    Table<Place> subscriptions;
    /// Null while messages go out in plaintext.
    FrameSealer* sealer = nullptr;
  };

  Connection* Find(uint32_t slot) const;
  EventRef MakeEvent(CharacteristicId id, const EventValue& value, bool immediate);
  void DetachAll(const Connection& connection);
  void Detach(CharacteristicId id, const Place& place);
  void Render();
  size_t OutputSize(const Connection& connection) const;
  FrameStatus Write(const Connection& connection, MutableBytes output) const;
  void ForgetRendered();

  const QueueLimits limits_;
  const uint64_t max_subscriptions_;
  const CharacteristicHash hash_;
  /// How many queues hold events.
  size_t waiting_ = 0;
  /// By slot; null if it is free.
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<uint32_t> free_slots_;
  Table<Characteristic> characteristics_;
  uint64_t next_serial_ = 0;

  /// Scratch memory for an event's JSON.
  std::string json_;
  /// The events of the message being prepared, oldest first; empty between calls.
  std::vector<EventRef> taken_;
  /// The events that `message_` was rendered from. Connections mostly flush the same list one after
  /// the other, and the message is rendered once for all of them. The references keep these events
  /// alive, so that equal pointers mean equal messages. Empty if no queue holds events.
  std::vector<EventRef> rendered_;
  std::string message_;
  /// The connection that Take() writes `message_` for; kNoSlot between two messages.
  uint32_t prepared_slot_ = kNoSlot;
};

}  // namespace hapwire
