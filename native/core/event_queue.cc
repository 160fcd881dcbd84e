// The queue's rules: duplicates, collapse and overflow.
#include "event_queue.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "scratch.h"

namespace hapwire {
namespace {

/// Memory that a queue keeps when it empties, in bytes: room for an ordinary home's burst of 256
/// events. What a larger one took is given back, so that hundreds of idle connections stay small.
constexpr size_t kKeptMemory = 4096;

/// [PROTOCOL: events] An immediate event is never one, though what follows it may be.
bool IsDuplicate(const Subscription& subscription, const Event& event) {
  return !event.immediate() && subscription.last != nullptr &&
         subscription.last->json() == event.json();
}

}  // namespace

EventQueue::EventQueue(QueueLimits limits)
    : limits_{std::min(limits.max_events, kMostEvents), limits.max_bytes} {}

Signal EventQueue::Push(Subscription& subscription, const EventRef& event) {
  if (overflowed_) return Signal::kNone;
  if (IsDuplicate(subscription, *event.get())) {
    ++counts_.duplicates;
    return Signal::kNone;
  }
  const bool was_empty = empty();
  const bool had_immediate = has_immediate();
  Append(subscription, event);
  if (IsPastBounds()) {
    Collapse();
    if (IsPastBounds()) {
      Overflow();
      return Signal::kOverflow;
    }
  }
  if (event->immediate()) return had_immediate ? Signal::kNone : Signal::kFlushNow;
  return was_empty ? Signal::kWindowOpens : Signal::kNone;
}

bool EventQueue::IsPastBounds() const {
  return counts_.pending_events > limits_.max_events || counts_.pending_bytes > limits_.max_bytes;
}

void EventQueue::Append(Subscription& subscription, const EventRef& event) {
  if (event->immediate()) {
    ++immediate_;
  } else {
    if (subscription.newest_plain != Subscription::kNoPosition) {
      superseded_.push_back(subscription.newest_plain);
    }
    subscription.newest_plain = static_cast<uint32_t>(items_.size());
  }
  subscription.last = event.get();
  if (items_.size() == items_.capacity() && items_.size() < expected_) items_.reserve(expected_);
  items_.emplace_back(event, &subscription);
  ++counts_.queued;
  ++counts_.pending_events;
  counts_.pending_bytes += event->json().size();
}

// What stays is, for each subscription, its last event at least: either it is immediate or it is
// the newest that is not. So `last` and `newest_plain` hold across a collapse.
void EventQueue::Collapse() {
  for (const uint32_t position : superseded_) Drop(items_[position]);
  counts_.collapsed += superseded_.size();
  superseded_.clear();
  // Waiting for as many gaps as events makes the cost of closing them constant for each drop.
  if (items_.size() > 2 * counts_.pending_events) CloseGaps();
}

void EventQueue::Drop(Item& item) {
  --counts_.pending_events;
  counts_.pending_bytes -= item.event->json().size();
  item = Item();
}

// Only after a collapse, when each plain item is the newest one of its subscription.
void EventQueue::CloseGaps() {
  size_t end = 0;
  for (Item& item : items_) {
    if (item.subscription == nullptr) continue;
    if (!item.event->immediate()) item.subscription->newest_plain = static_cast<uint32_t>(end);
    if (&item != &items_[end]) items_[end] = std::move(item);
    ++end;
  }
  items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(end), items_.end());
}

void EventQueue::Overflow() {
  Clear();
  overflowed_ = true;
}

void EventQueue::Take(std::vector<EventRef>& out) {
  const size_t before = out.size();
  for (Item& item : items_) {
    if (item.subscription == nullptr) continue;
    if (item.subscription->active) {
      out.push_back(std::move(item.event));
    } else {
      ++counts_.unsubscribed;
    }
  }
  const size_t delivered = out.size() - before;
  counts_.delivered += delivered;
  if (delivered != 0) ++counts_.messages;
  Clear();
}

void EventQueue::Clear() {
  for (const Item& item : items_) {
    if (item.subscription == nullptr) continue;
    item.subscription->last = nullptr;
    item.subscription->newest_plain = Subscription::kNoPosition;
  }
  expected_ = items_.size();
  ClearKeeping(items_, kKeptMemory);
  ClearKeeping(superseded_, kKeptMemory);
  immediate_ = 0;
  counts_.pending_events = 0;
  counts_.pending_bytes = 0;
}

}  // namespace hapwire
