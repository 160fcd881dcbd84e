// The queue's rules: duplicates, bounds and collapse.
#include "event_queue.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "scratch.h"

namespace hapwire {
namespace {

/// Memory that a queue keeps when it is emptied, in bytes: room for an ordinary home's burst of 256
/// events. More is given back, so that hundreds of idle connections stay small.
constexpr size_t kKeptMemory = 4096;

}  // namespace

EventQueue::EventQueue(QueueLimits limits, SubscriptionIndex& index, CharacteristicHash hash,
                       size_t& waiting)
    : limits_{std::min(limits.max_events, kMostEvents), limits.max_bytes},
      index_(index),
      hash_(hash),
      waiting_(waiting) {}

EventQueue::~EventQueue() { Clear(); }

Signal EventQueue::Push(Subscription& subscription, const EventRef& event) {
  if (muted_) return Signal::kNone;
  if (subscription.generation != generation_) {
    subscription = Subscription();
    subscription.generation = generation_;
  } else if (IsDuplicate(subscription, *event.get())) {
    ++counts_.duplicates;
    return Signal::kNone;
  }
  const bool was_empty = empty();
  const bool had_immediate = has_immediate_;
  if (was_empty) ++waiting_;
  if (subscription.last != Subscription::kNoPosition) NoteNewer(subscription, *event.get());
  Append(subscription, event);
  if (ExceedsBounds(*event.get())) {
    Collapse(*event.get());
    if (ExceedsBytes(*event.get())) return Signal::kOverflow;
  }
  if (event->immediate()) return had_immediate ? Signal::kNone : Signal::kFlushNow;
  return was_empty ? Signal::kWindowOpens : Signal::kNone;
}

/// An immediate event is never a duplicate, but the next event may be one of it. [PROTOCOL: events]
bool EventQueue::IsDuplicate(const Subscription& subscription, const Event& event) const {
  return !event.immediate() && subscription.last != Subscription::kNoPosition &&
         items_[subscription.last]->json() == event.json();
}

bool EventQueue::ExceedsBytes(const Event& newest) const {
  return counts_.pending_bytes - newest.json().size() > limits_.max_bytes;
}

bool EventQueue::ExceedsBounds(const Event& newest) const {
  return counts_.pending_events > limits_.max_events || ExceedsBytes(newest);
}

void EventQueue::NoteNewer(const Subscription& subscription, const Event& newer) {
  const bool last_is_plain = subscription.last == subscription.newest_plain;
  if (newer.immediate() || !last_is_plain) overtaken_.push_back(subscription.last);
  if (!newer.immediate() && subscription.newest_plain != Subscription::kNoPosition) {
    superseded_.push_back(subscription.newest_plain);
  }
}

void EventQueue::Append(Subscription& subscription, const EventRef& event) {
  const auto position = static_cast<uint32_t>(items_.size());
  if (event->immediate()) {
    has_immediate_ = true;
  } else {
    subscription.newest_plain = position;
  }
  subscription.last = position;
  if (items_.size() == items_.capacity() && items_.size() < expected_) items_.reserve(expected_);
  items_.push_back(event);
  ++counts_.queued;
  ++counts_.pending_events;
  counts_.pending_bytes += event->json().size();
}

void EventQueue::Collapse(const Event& newest) {
  CollapsePlain();
  if (ExceedsBounds(newest)) CollapseAll();
  // Waiting for as many gaps as events makes the cost of closing them constant for each drop.
  if (items_.size() > 2 * counts_.pending_events) CloseGaps();
}

// The last event of each subscription stays, and so does its newest plain one: both positions hold.
void EventQueue::CollapsePlain() {
  for (const uint32_t position : superseded_) Drop(items_[position]);
  superseded_.clear();
}

// After CollapsePlain(), so that each plain event that waits is the newest one of its subscription.
void EventQueue::CollapseAll() {
  for (const uint32_t position : overtaken_) {
    EventRef& item = items_[position];
    if (!item) continue;
    if (!item->immediate()) SubscriptionTo(item->id()).newest_plain = Subscription::kNoPosition;
    Drop(item);
  }
  overtaken_.clear();
}

void EventQueue::Drop(EventRef& item) {
  ++counts_.collapsed;
  --counts_.pending_events;
  counts_.pending_bytes -= item->json().size();
  item = EventRef();
}

// Only after CollapsePlain().
void EventQueue::CloseGaps() {
  overtaken_.clear();
  uint32_t end = 0;
  for (uint32_t position = 0; position < items_.size(); ++position) {
    EventRef& item = items_[position];
    if (!item) continue;
    Subscription& subscription = SubscriptionTo(item->id());
    if (!item->immediate()) subscription.newest_plain = end;
    if (subscription.last == position) {
      subscription.last = end;
    } else {
      overtaken_.push_back(end);
    }
    if (position != end) items_[end] = std::move(item);
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
  if (subscription.generation != generation_ || subscription.last == Subscription::kNoPosition) {
    return;
  }
  if (lapsed_ == nullptr) lapsed_ = std::make_unique<LapsedSubscriptions>(0, hash_);
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

void EventQueue::Mute() {
  Clear();
  muted_ = true;
}

void EventQueue::Clear() {
  if (!empty()) --waiting_;
  ++generation_;
  expected_ = items_.size();
  ClearKeeping(items_, kKeptMemory);
  ClearKeeping(superseded_, kKeptMemory);
  ClearKeeping(overtaken_, kKeptMemory);
  lapsed_.reset();
  has_immediate_ = false;
  counts_.pending_events = 0;
  counts_.pending_bytes = 0;
}

}  // namespace hapwire
