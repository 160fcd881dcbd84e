// One event: a characteristic's new value as JSON, written once and shared by every queue that
// holds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace hapwire {

/// Names a characteristic: the accessory's instance id and the characteristic's own.
struct CharacteristicId {
  uint64_t aid = 0;
  uint64_t iid = 0;

  friend bool operator==(const CharacteristicId& a, const CharacteristicId& b) {
    return a.aid == b.aid && a.iid == b.iid;
  }
};

/// Random numbers that keep the order of a hash table unknown to the controllers that choose ids.
struct HashSeed {
  uint64_t aid = 0;
  uint64_t iid = 0;
};

/// Hashes a characteristic under a seed.
///
/// Without the seed a controller could subscribe to thousands of ids that share one bucket. The sum
/// of both ids times two secret odd numbers spreads every set of ids that was chosen without
/// knowing them: a lattice becomes a sequence with an unknown step. The finalizer of SplitMix64
/// spreads that sum over all bits.
class CharacteristicHash {
 public:
  explicit constexpr CharacteristicHash(HashSeed seed) : seed_{seed.aid | 1, seed.iid | 1} {}

  size_t operator()(const CharacteristicId& id) const noexcept {
    uint64_t hash = id.aid * seed_.aid + id.iid * seed_.iid;
    hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9U;
    hash = (hash ^ hash >> 27) * 0x94d049bb133111ebU;
    return static_cast<size_t>(hash ^ hash >> 31);
  }

 private:
  HashSeed seed_;
};

/// A characteristic's value on its way to JSON. Strings and JSON are views: their memory must live
/// until the call that takes them returns.
class EventValue {
 public:
  enum class Kind : uint8_t { kUndefined, kNull, kBool, kNumber, kString, kRawJson };

  /// Nothing: the event goes out without the key `value`.
  static EventValue Undefined() { return EventValue(Kind::kUndefined); }
  static EventValue Null() { return EventValue(Kind::kNull); }
  static EventValue Bool(bool value);
  /// Any double; one that is not finite goes out as `null`.
  static EventValue Number(double value);
  /// UTF-16 code units, lone surrogates included.
  static EventValue String(std::u16string_view value);
  /// UTF-8 that is one JSON value already; written as it is, unchecked.
  static EventValue RawJson(std::string_view value);

  Kind kind() const { return kind_; }
  /// The value of the kind that the getter names; of another kind, an empty one.
  bool boolean() const { return boolean_; }
  double number() const { return number_; }
  std::u16string_view string() const { return string_; }
  std::string_view raw_json() const { return raw_json_; }

 private:
  explicit EventValue(Kind kind) : kind_(kind) {}

  Kind kind_;
  bool boolean_ = false;
  double number_ = 0;
  std::u16string_view string_;
  std::string_view raw_json_;
};

/// Appends one element of an event message's list, `{"aid":1,"iid":9,"value":true}`, byte for byte
/// as JSON.stringify writes it. [PROTOCOL: events]
void AppendEventJson(std::string& out, CharacteristicId id, const EventValue& value);

class EventRef;

/// An event that waits in one queue or in many. Immutable; its JSON follows it in the same block of
/// memory. Not for use by two threads.
class Event {
 public:
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  CharacteristicId id() const { return id_; }
  /// True if the event is sent at once and is never a duplicate. [PROTOCOL: events]
  bool immediate() const { return immediate_; }
  /// What AppendEventJson() wrote. Equal JSON means the same characteristic and an equal value.
  std::string_view json() const;

 private:
  friend class EventRef;

  Event(CharacteristicId id, bool immediate, size_t size)
      : id_(id), size_(size), immediate_(immediate) {}
  ~Event() = default;

  const CharacteristicId id_;
  const size_t size_;
  uint32_t references_ = 0;
  const bool immediate_;
};

/// A counted reference to an event; the last one to go frees it. At most 2^32 - 1 for one event.
class EventRef {
 public:
  EventRef() = default;
  EventRef(const EventRef& other) : event_(other.event_) { Retain(); }
  EventRef(EventRef&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  ~EventRef() { Release(); }

  EventRef& operator=(EventRef other) noexcept {
    std::swap(event_, other.event_);
    return *this;
  }

  /// Makes an event.
  /// @param json Copied.
  static EventRef Make(CharacteristicId id, bool immediate, std::string_view json);

  const Event* get() const { return event_; }
  const Event* operator->() const { return event_; }
  explicit operator bool() const { return event_ != nullptr; }

  /// True if both refer to the same event, not only to an equal one.
  friend bool operator==(const EventRef& a, const EventRef& b) { return a.event_ == b.event_; }

 private:
  explicit EventRef(Event* event) : event_(event) { Retain(); }

  void Retain() const {
    if (event_ != nullptr) ++event_->references_;
  }
  void Release() const {
    if (event_ != nullptr && --event_->references_ == 0) Free(event_);
  }
  static void Free(Event* event);

  Event* event_ = nullptr;
};

inline std::string_view Event::json() const {
  return std::string_view(reinterpret_cast<const char*>(this + 1), size_);
}

}  // namespace hapwire
