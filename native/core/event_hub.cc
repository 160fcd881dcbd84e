// Subscriptions in their two indexes, the way of an event into the queues, and out of them as a
// message.
#include "event_hub.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "free_memory.h"
#include "scratch.h"

namespace hapwire {
namespace {

/// Scratch memory beyond this is given back after use, in bytes.
constexpr size_t kKeptScratch = size_t{64} * 1024;

// [PROTOCOL: events]
constexpr std::string_view kHead =
    "EVENT/1.0 200 OK\r\nContent-Type: application/hap+json\r\nContent-Length: ";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kBodyStart = "{\"characteristics\":[";
constexpr std::string_view kBodyEnd = "]}";

/// Room for the digits of any Content-Length.
constexpr size_t kMaxLengthDigits = 20;

/// From so many subscriptions on, a connection that ends gives their memory back to the system.
constexpr size_t kManySubscriptions = 4096;

/// @param events At least one.
size_t BodySize(const std::vector<EventRef>& events) {
  size_t size = kBodyStart.size() + kBodyEnd.size() + events.size() - 1;
  for (const EventRef& event : events) size += event->json().size();
  return size;
}

/// Appends the list newest first: the controller works through it from the end. [PROTOCOL: events]
void AppendBody(std::string& out, const std::vector<EventRef>& oldest_first) {
  out.append(kBodyStart);
  for (auto event = oldest_first.rbegin(); event != oldest_first.rend(); ++event) {
    if (event != oldest_first.rbegin()) out.push_back(',');
    out.append((*event)->json());
  }
  out.append(kBodyEnd);
}

}  // namespace

EventHub::EventHub(QueueLimits limits, uint64_t max_subscriptions, HashSeed seed)
    : limits_(limits),
      max_subscriptions_(max_subscriptions),
      hash_(seed),
      characteristics_(0, hash_) {}

EventHub::~EventHub() = default;

uint32_t EventHub::Add() {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(connections_.size()));
    connections_.emplace_back();
  }
  const uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  connections_[slot] = std::make_unique<Connection>(slot, limits_, hash_, waiting_);
  return slot;
}

bool EventHub::Remove(uint32_t slot) {
  Connection* connection = Find(slot);
  if (connection == nullptr) return false;
  const bool had_many = connection->subscriptions.size() >= kManySubscriptions;
  DetachAll(*connection);
  connections_[slot].reset();
  free_slots_.push_back(slot);
  if (prepared_slot_ == slot) prepared_slot_ = kNoSlot;
  ForgetRendered();
  if (had_many) ReturnFreeMemory();
  return true;
}

bool EventHub::AttachSealer(uint32_t slot, FrameSealer* sealer) {
  Connection* connection = Find(slot);
  if (connection == nullptr) return false;
  connection->sealer = sealer;
  return true;
}

void EventHub::Mute(uint32_t slot) {
  Connection* connection = Find(slot);
  if (connection == nullptr) return;
  connection->queue.Mute();
  ForgetRendered();
}

EventHub::Connection* EventHub::Find(uint32_t slot) const {
  return slot < connections_.size() ? connections_[slot].get() : nullptr;
}

Subscribed EventHub::Subscribe(uint32_t slot, CharacteristicId id) {
  Connection* connection = Find(slot);
  if (connection == nullptr) return Subscribed::kNothing;
  if (connection->subscriptions.size() >= max_subscriptions_) {
    return IsSubscribed(slot, id) ? Subscribed::kPresent : Subscribed::kRefused;
  }
  const auto [found, is_new] = connection->subscriptions.try_emplace(id);
  if (!is_new) return Subscribed::kPresent;
  Characteristic& characteristic = characteristics_[id];
  found->second = {&characteristic, next_serial_++,
                   static_cast<uint32_t>(characteristic.subscribers.size())};
  characteristic.subscribers.push_back({connection->queue.Renew(id), connection});
  return Subscribed::kAdded;
}

bool EventHub::Unsubscribe(uint32_t slot, CharacteristicId id) {
  Connection* connection = Find(slot);
  if (connection == nullptr) return false;
  const auto found = connection->subscriptions.find(id);
  if (found == connection->subscriptions.end()) return false;
  connection->queue.Lapse(id, found->second.subscriber());
  Detach(id, found->second);
  connection->subscriptions.erase(found);
  return true;
}

void EventHub::UnsubscribeAll(uint32_t slot) {
  Connection* connection = Find(slot);
  if (connection == nullptr) return;
  for (const auto& [id, place] : connection->subscriptions) {
    connection->queue.Lapse(id, place.subscriber());
  }
  const bool had_many = connection->subscriptions.size() >= kManySubscriptions;
  DetachAll(*connection);
  // Not clear(), which keeps the memory of the buckets.
  connection->subscriptions = Table<Place>(0, hash_);
  if (had_many) ReturnFreeMemory();
}

bool EventHub::IsSubscribed(uint32_t slot, CharacteristicId id) const {
  const Connection* connection = Find(slot);
  if (connection == nullptr) return false;
  return connection->subscriptions.count(id) != 0;
}

std::vector<CharacteristicId> EventHub::Subscriptions(uint32_t slot) const {
  const Connection* connection = Find(slot);
  if (connection == nullptr) return {};
  std::vector<std::pair<uint64_t, CharacteristicId>> ordered;
  ordered.reserve(connection->subscriptions.size());
  for (const auto& [id, place] : connection->subscriptions) ordered.emplace_back(place.serial, id);
  std::sort(ordered.begin(), ordered.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<CharacteristicId> ids;
  ids.reserve(ordered.size());
  for (const auto& entry : ordered) ids.push_back(entry.second);
  return ids;
}

void EventHub::DetachAll(const Connection& connection) {
  for (const auto& [id, place] : connection.subscriptions) Detach(id, place);
  // Erasing keeps the memory of the buckets.
  if (characteristics_.bucket_count() / 8 > characteristics_.size()) characteristics_.rehash(0);
}

void EventHub::Detach(CharacteristicId id, const Place& place) {
  std::vector<Subscriber>& subscribers = place.characteristic->subscribers;
  // The last one moves to its place.
  const Subscriber& last = subscribers.back();
  last.connection->subscriptions.find(id)->second.index = place.index;
  subscribers[place.index] = last;
  subscribers.pop_back();
  if (subscribers.empty()) characteristics_.erase(id);
}

EventRef EventHub::MakeEvent(CharacteristicId id, const EventValue& value, bool immediate) {
  AppendEventJson(json_, id, value);
  EventRef event = EventRef::Make(id, immediate, json_);
  ClearKeeping(json_, kKeptScratch);
  return event;
}

size_t EventHub::Broadcast(CharacteristicId id, const EventValue& value, bool immediate,
                           uint32_t except_slot, SignalBuffer signals) {
  if (signals.size < slot_count()) return 0;
  const auto found = characteristics_.find(id);
  if (found == characteristics_.end()) return 0;
  const EventRef event = MakeEvent(id, value, immediate);
  size_t count = 0;
  for (Subscriber& subscriber : found->second.subscribers) {
    const uint32_t slot = subscriber.connection->slot;
    if (slot == except_slot) continue;
    const Signal signal = subscriber.connection->queue.Push(subscriber, event);
    if (signal == Signal::kNone) continue;
    signals.data[count++] = slot * kSignalStride + static_cast<uint32_t>(signal);
  }
  return count;
}

Signal EventHub::Send(uint32_t slot, CharacteristicId id, const EventValue& value, bool immediate) {
  Connection* connection = Find(slot);
  if (connection == nullptr) return Signal::kNone;
  const auto found = connection->subscriptions.find(id);
  if (found == connection->subscriptions.end()) return Signal::kNone;
  return connection->queue.Push(found->second.subscriber(), MakeEvent(id, value, immediate));
}

size_t EventHub::Prepare(uint32_t slot) {
  prepared_slot_ = kNoSlot;
  Connection* connection = Find(slot);
  if (connection == nullptr) return 0;
  connection->queue.Take(taken_);
  if (taken_.empty()) {
    ForgetRendered();
    return 0;
  }
  if (taken_ != rendered_) {
    rendered_.swap(taken_);
    Render();
  }
  ClearKeeping(taken_, kKeptScratch);
  prepared_slot_ = slot;
  return OutputSize(*connection);
}

size_t EventHub::OutputSize(const Connection& connection) const {
  return connection.sealer != nullptr ? FrameSealer::SealedLength(message_.size())
                                      : message_.size();
}

void EventHub::Render() {
  const size_t body_size = BodySize(rendered_);
  message_.clear();
  message_.reserve(kHead.size() + kMaxLengthDigits + kHeadEnd.size() + body_size);
  message_.append(kHead);
  message_.append(std::to_string(body_size));
  message_.append(kHeadEnd);
  AppendBody(message_, rendered_);
}

FrameStatus EventHub::Take(MutableBytes output) {
  const Connection* connection = Find(std::exchange(prepared_slot_, kNoSlot));
  FrameStatus status = FrameStatus::kOutputTooSmall;
  if (connection != nullptr && output.size == OutputSize(*connection)) {
    status = Write(*connection, output);
  }
  ForgetRendered();
  return status;
}

FrameStatus EventHub::Write(const Connection& connection, MutableBytes output) const {
  const ByteView message = {reinterpret_cast<const uint8_t*>(message_.data()), message_.size()};
  if (connection.sealer != nullptr) return connection.sealer->Seal(&message, 1, output);
  std::copy(message.data, message.data + message.size, output.data);
  return FrameStatus::kOk;
}

/// Frees the message if no queue holds events: no other connection can have the same list then.
void EventHub::ForgetRendered() {
  if (waiting_ != 0 || prepared_slot_ != kNoSlot) return;
  ClearKeeping(rendered_, kKeptScratch);
  ClearKeeping(message_, kKeptScratch);
}

QueueCounts EventHub::Counts(uint32_t slot) const {
  const Connection* connection = Find(slot);
  return connection != nullptr ? connection->queue.counts() : QueueCounts();
}

}  // namespace hapwire
