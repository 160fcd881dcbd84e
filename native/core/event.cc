// An event's value, its JSON and its memory.
#include "event.h"

#include <charconv>
#include <cstddef>
#include <cstring>
#include <new>

#include "json_writer.h"

namespace hapwire {
namespace {

/// Digits of a 64-bit number.
constexpr size_t kMaxIdLength = 20;

/// Two ids and the names of three keys: 63 characters.
constexpr size_t kMaxHeadLength = 64;

/// Copies a literal. @return The end of the copy.
template <size_t Size>
char* Put(char* out, const char (&text)[Size]) {
  std::memcpy(out, text, Size - 1);
  return out + Size - 1;
}

/// @param value Any but an undefined one.
void AppendValue(std::string& out, const EventValue& value) {
  JsonWriter json(out);
  switch (value.kind()) {
    case EventValue::Kind::kUndefined:
    case EventValue::Kind::kNull:
      return json.Null();
    case EventValue::Kind::kBool:
      return json.Bool(value.boolean());
    case EventValue::Kind::kNumber:
      return json.Number(value.number());
    case EventValue::Kind::kString:
      return json.String(value.string());
    case EventValue::Kind::kRawJson:
      return json.Raw(value.raw_json());
  }
}

}  // namespace

EventValue EventValue::Bool(bool value) {
  EventValue result(Kind::kBool);
  result.boolean_ = value;
  return result;
}

EventValue EventValue::Number(double value) {
  EventValue result(Kind::kNumber);
  result.number_ = value;
  return result;
}

EventValue EventValue::String(std::u16string_view value) {
  EventValue result(Kind::kString);
  result.string_ = value;
  return result;
}

EventValue EventValue::RawJson(std::string_view value) {
  EventValue result(Kind::kRawJson);
  result.raw_json_ = value;
  return result;
}

void AppendEventJson(std::string& out, CharacteristicId id, const EventValue& value) {
  const bool has_value = value.kind() != EventValue::Kind::kUndefined;
  // Appended as one text: an append costs as much as the digits of an id.
  char head[kMaxHeadLength];
  char* end = Put(head, "{\"aid\":");
  end = std::to_chars(end, end + kMaxIdLength, id.aid).ptr;
  end = Put(end, ",\"iid\":");
  end = std::to_chars(end, end + kMaxIdLength, id.iid).ptr;
  if (has_value) end = Put(end, ",\"value\":");
  out.append(head, static_cast<size_t>(end - head));
  if (has_value) AppendValue(out, value);
  out.push_back('}');
}

// An event and its JSON share one block, so that comparing two of them reads one place in memory
// each; that is the hottest thing a broadcast does.

EventRef EventRef::Make(CharacteristicId id, bool immediate, std::string_view json) {
  void* block = ::operator new(sizeof(Event) + json.size());
  auto* event = new (block) Event(id, immediate, json.size());
  if (!json.empty()) std::memcpy(static_cast<void*>(event + 1), json.data(), json.size());
  return EventRef(event);
}

void EventRef::Free(Event* event) {
  event->~Event();
  ::operator delete(event);
}

}  // namespace hapwire
