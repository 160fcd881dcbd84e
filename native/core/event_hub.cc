// Subscriptions in their two indexes, the way of an event into the queues, and out of them as a
// message.
#include "event_hub.h"

#include <algorithm>
#include <string_view>
#include <utility>

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

/// Ids are small and dense, and both take part in each bit of the result: the finalizer of
/// SplitMix64 over the two. Whoever can choose them is paired with the home.
size_t EventHub::CharacteristicHash::operator()(const CharacteristicId& id) const noexcept {
  uint64_t hash = id.aid * 0x9e3779b97f4a7c15U + id.iid;
  hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ hash >> 27) * 0x94d049bb133111ebU;
  return static_cast<size_t>(hash ^ hash >> 31);
}

EventHub::EventHub(QueueLimits limits) : limits_(limits) {}
EventHub::~EventHub() = default;

uint32_t EventHub::Add() {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(connections_.size()));
    connections_.emplace_back();
  }
  const uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  connections_[slot] = std::make_unique<Connection>(slot, limits_);
  return slot;
}

bool EventHub::Remove(uint32_t slot) {
  Connection* connection = Find(slot);
  if (connection == nullptr) return false;
  for (auto& [id, subscription] : connection->subscriptions) Detach(id, subscription);
  connections_[slot].reset();
  free_slots_.push_back(slot);
  return true;
}

EventHub::Connection* EventHub::Find(uint32_t slot) const {
  return slot < connections_.size() ? connections_[slot].get() : nullptr;
}

bool EventHub::Subscribe(uint32_t slot, CharacteristicId id) {
  Connection* connection = Find(slot);
  if (connection == nullptr) return false;
  HubSubscription& subscription = connection->subscriptions[id];
  if (subscription.active) return false;
  subscription.connection = connection;
  subscription.serial = next_serial_++;
  Attach(id, subscription);
  return true;
}

bool EventHub::Unsubscribe(uint32_t slot, CharacteristicId id) {
  Connection* connection = Find(slot);
  if (connection == nullptr) return false;
  const auto found = connection->subscriptions.find(id);
  if (found == connection->subscriptions.end() || !found->second.active) return false;
  HubSubscription& subscription = found->second;
  Detach(id, subscription);
  if (subscription.last == nullptr) {
    connection->subscriptions.erase(found);
  } else if (!subscription.lapsed) {
    subscription.lapsed = true;
    connection->lapsed.push_back(id);
  }
  return true;
}

void EventHub::UnsubscribeAll(uint32_t slot) {
  for (const CharacteristicId id : Subscriptions(slot)) Unsubscribe(slot, id);
}

bool EventHub::IsSubscribed(uint32_t slot, CharacteristicId id) const {
  const Connection* connection = Find(slot);
  if (connection == nullptr) return false;
  const auto found = connection->subscriptions.find(id);
  return found != connection->subscriptions.end() && found->second.active;
}

std::vector<CharacteristicId> EventHub::Subscriptions(uint32_t slot) const {
  const Connection* connection = Find(slot);
  if (connection == nullptr) return {};
  std::vector<std::pair<uint64_t, CharacteristicId>> ordered;
  ordered.reserve(connection->subscriptions.size());
  for (const auto& [id, subscription] : connection->subscriptions) {
    if (subscription.active) ordered.emplace_back(subscription.serial, id);
  }
  std::sort(ordered.begin(), ordered.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<CharacteristicId> ids;
  ids.reserve(ordered.size());
  for (const auto& entry : ordered) ids.push_back(entry.second);
  return ids;
}

void EventHub::Attach(CharacteristicId id, HubSubscription& subscription) {
  Characteristic& characteristic = characteristics_[id];
  subscription.active = true;
  subscription.characteristic = &characteristic;
  subscription.index = static_cast<uint32_t>(characteristic.subscribers.size());
  characteristic.subscribers.push_back(&subscription);
}

void EventHub::Detach(CharacteristicId id, HubSubscription& subscription) {
  if (!subscription.active) return;
  std::vector<HubSubscription*>& subscribers = subscription.characteristic->subscribers;
  subscribers.back()->index = subscription.index;
  subscribers[subscription.index] = subscribers.back();
  subscribers.pop_back();
  if (subscribers.empty()) characteristics_.erase(id);
  subscription.active = false;
  subscription.characteristic = nullptr;
}

void EventHub::FreeLapsed(Connection& connection) {
  for (const CharacteristicId id : connection.lapsed) {
    const auto found = connection.subscriptions.find(id);
    found->second.lapsed = false;
    if (!found->second.active) connection.subscriptions.erase(found);
  }
  ClearKeeping(connection.lapsed, 0);
}

EventRef EventHub::MakeEvent(CharacteristicId id, const EventValue& value, bool immediate) {
  AppendEventJson(json_, id, value);
  EventRef event = EventRef::Make(id, immediate, json_);
  ClearKeeping(json_, kKeptScratch);
  return event;
}

Signal EventHub::Enqueue(HubSubscription& subscription, const EventRef& event) {
  Connection& connection = *subscription.connection;
  const Signal signal = connection.queue.Push(subscription, event);
  // An overflow empties the queue. `subscription` is active and thus not freed here.
  if (signal == Signal::kOverflow) FreeLapsed(connection);
  return signal;
}

size_t EventHub::Broadcast(CharacteristicId id, const EventValue& value, bool immediate,
                           int64_t except_slot, SignalBuffer signals) {
  if (signals.size < slot_count()) return 0;
  const auto found = characteristics_.find(id);
  if (found == characteristics_.end()) return 0;
  const EventRef event = MakeEvent(id, value, immediate);
  size_t count = 0;
  for (HubSubscription* subscription : found->second.subscribers) {
    const uint32_t slot = subscription->connection->slot;
    if (slot == except_slot) continue;
    const Signal signal = Enqueue(*subscription, event);
    if (signal == Signal::kNone) continue;
    signals.data[count++] = slot * kSignalStride + static_cast<uint32_t>(signal);
  }
  return count;
}

Signal EventHub::Send(uint32_t slot, CharacteristicId id, const EventValue& value, bool immediate) {
  Connection* connection = Find(slot);
  if (connection == nullptr) return Signal::kNone;
  const auto found = connection->subscriptions.find(id);
  if (found == connection->subscriptions.end() || !found->second.active) return Signal::kNone;
  return Enqueue(found->second, MakeEvent(id, value, immediate));
}

size_t EventHub::Prepare(uint32_t slot) {
  prepared_ = false;
  Connection* connection = Find(slot);
  if (connection == nullptr) return 0;
  connection->queue.Take(taken_);
  FreeLapsed(*connection);
  if (taken_.empty()) return 0;
  if (taken_ != rendered_) {
    rendered_.swap(taken_);
    Render();
  }
  taken_.clear();
  prepared_ = true;
  return message_.size();
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

ByteView EventHub::Prepared() const {
  if (!prepared_) return {};
  return {reinterpret_cast<const uint8_t*>(message_.data()), message_.size()};
}

void EventHub::ReleasePrepared() {
  prepared_ = false;
  ClearKeeping(rendered_, kKeptScratch);
  ClearKeeping(taken_, kKeptScratch);
  ClearKeeping(message_, kKeptScratch);
}

QueueCounts EventHub::Counts(uint32_t slot) const {
  const Connection* connection = Find(slot);
  return connection != nullptr ? connection->queue.counts() : QueueCounts();
}

}  // namespace hapwire
