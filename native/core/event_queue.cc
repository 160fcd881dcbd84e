// The queue's rules: duplicates, collapse and overflow.
#include "event_queue.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
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

EventQueue::EventQueue(QueueLimits limits, SubscriptionIndex& index)
    : limits_{std::min(limits.max_events, kMostEvents), limits.max_bytes}, index_(index) {}

Signal EventQueue::Push(Subscription& subscription, const EventRef& event) {
  if (overflowed_) return Signal::kNone;
  if (subscription.queueful != queueful_) {
    subscription = Subscription();
    subscription.queueful = queueful_;
  }
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
  items_.push_back(event);
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

void EventQueue::Drop(EventRef& item) {
  --counts_.pending_events;
  counts_.pending_bytes -= item->json().size();
  item = EventRef();
}

// Only after a collapse, when each plain item is the newest one of its subscription.
void EventQueue::CloseGaps() {
  size_t end = 0;
  for (EventRef& item : items_) {
    if (!item) continue;
    if (!item->immediate()) SubscriptionTo(item->id()).newest_plain = static_cast<uint32_t>(end);
    if (&item != &items_[end]) items_[end] = std::move(item);
    ++end;
  }
  items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(end), items_.end());
}

Subscription& EventQueue::SubscriptionTo(CharacteristicId id) {
  if (lapsed_ == nullptr) return index_.SubscriptionTo(id);
  const auto lapsed = lapsed_->find(id);
  return lapsed != lapsed_->end() ? lapsed->second : index_.SubscriptionTo(id);
}

void EventQueue::Lapse(CharacteristicId id, const Subscription& subscription) {
  if (subscription.queueful != queueful_ || subscription.last == nullptr) return;
  if (lapsed_ == nullptr) lapsed_ = std::make_unique<LapsedSubscriptions>();
  lapsed_->emplace(id, subscription);
}

Subscription EventQueue::Renew(CharacteristicId id) {
  if (lapsed_ == nullptr) return {};
  const auto lapsed = lapsed_->find(id);
  if (lapsed == lapsed_->end()) return {};
  const Subscription subscription = lapsed->second;
  lapsed_->erase(lapsed);
  return subscription;
}

void EventQueue::Overflow() {
  Clear();
  overflowed_ = true;
}

void EventQueue::Take(std::vector<EventRef>& out) {
  const size_t before = out.size();
  if (lapsed_ == nullptr && items_.size() == counts_.pending_events) {
    out.insert(out.end(), std::make_move_iterator(items_.begin()),
               std::make_move_iterator(items_.end()));
  } else {
    TakeSubscribed(out);
  }
  const size_t delivered = out.size() - before;
  counts_.delivered += delivered;
  if (delivered != 0) ++counts_.messages;
  Clear();
}

void EventQueue::TakeSubscribed(std::vector<EventRef>& out) {
  for (EventRef& item : items_) {
    if (!item) continue;
    if (lapsed_ != nullptr && lapsed_->count(item->id()) != 0) {
      ++counts_.unsubscribed;
    } else {
      out.push_back(std::move(item));
    }
  }
}

void EventQueue::Clear() {
  ++queueful_;
  expected_ = items_.size();
  ClearKeeping(items_, kKeptMemory);
  ClearKeeping(superseded_, kKeptMemory);
  lapsed_.reset();
  immediate_ = 0;
  counts_.pending_events = 0;
  counts_.pending_bytes = 0;
}

}  // namespace hapwire
