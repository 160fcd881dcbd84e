// EventHub as a JavaScript class.
#pragma once

#include <napi.h>

#include <optional>
#include <string>
#include <vector>

#include "event_hub.h"

namespace hapwire::binding {

/// Flags of an event. The values are shared with src/engine/native.ts.
constexpr uint32_t kIsJson = 1;
constexpr uint32_t kImmediate = 2;

/// `new EventHub(maxEvents, maxBytes)`: native/core/event_hub.h, method by method. Slots are
/// integers from 0 to 2^32 - 1, aids and iids from 0 to 2^53 - 1.
///
/// - `broadcast(aid, iid, value, flags, exceptSlot)`: how many signals there are, undefined for
///   none; `copySignals(array)` then writes them to a Uint32Array that has room for all. A call of
///   its own, because most broadcasts have none, and to look at an array costs more than to queue.
///   The last two arguments may be left out, since each takes time to read.
/// - `send(slot, aid, iid, value, flags)`: the signal.
/// - In both, `value` is undefined, null, a boolean, a number or a string; `flags` adds up kIsJson,
///   where a string is JSON already, and kImmediate.
/// - `prepare(slot)`: the size of the message; then `take(output, sealer)` writes it, sealed where
///   `sealer` is a FrameSealer, and answers 0 or a FrameStatus with its sign turned.
/// - `counts(slot)`: a Float64Array in the order of QueueCounts.
class HubObject : public Napi::ObjectWrap<HubObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit HubObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value Add(const Napi::CallbackInfo& info);
  Napi::Value Remove(const Napi::CallbackInfo& info);
  Napi::Value Subscribe(const Napi::CallbackInfo& info);
  Napi::Value Unsubscribe(const Napi::CallbackInfo& info);
  Napi::Value IsSubscribed(const Napi::CallbackInfo& info);
  void UnsubscribeAll(const Napi::CallbackInfo& info);
  Napi::Value Subscriptions(const Napi::CallbackInfo& info);
  static Napi::Value CallBroadcast(const Napi::CallbackInfo& info);
  Napi::Value Broadcast(const Napi::CallbackInfo& info);
  void CopySignals(const Napi::CallbackInfo& info);
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value Prepare(const Napi::CallbackInfo& info);
  Napi::Value Take(const Napi::CallbackInfo& info);
  void ReleasePrepared(const Napi::CallbackInfo& info);
  Napi::Value Counts(const Napi::CallbackInfo& info);

  void DefineBroadcast(Napi::Object self);
  std::optional<EventValue> ToValue(const Napi::Value& value, bool is_json);
  void ForgetLongText();

  std::optional<EventHub> hub_;
  /// Of the last broadcast; one entry for each slot that was ever given out.
  std::vector<uint32_t> signals_;
  size_t signal_count_ = 0;
  /// The text of the value at hand, or of one before it; of none that is long, between calls.
  std::u16string utf16_;
  std::string utf8_;
};

}  // namespace hapwire::binding
