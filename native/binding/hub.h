// EventHub as a JavaScript class.
#pragma once

#include <napi.h>

#include <optional>
#include <string>

#include "event_hub.h"

namespace hapwire::binding {

/// `new EventHub(maxEvents, maxBytes)`: native/core/event_hub.h, method by method. Slots, aids and
/// iids are integers from 0 to 2^53 - 1.
///
/// - `broadcast(aid, iid, value, isJson, immediate, exceptSlot, signals)` and
///   `send(slot, aid, iid, value, isJson, immediate, signals)`: how many entries of the Uint32Array
///   `signals` were written. `value` is undefined, null, a boolean, a number or a string; with
///   `isJson` a string is JSON already.
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
  Napi::Value Broadcast(const Napi::CallbackInfo& info);
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value Prepare(const Napi::CallbackInfo& info);
  Napi::Value Take(const Napi::CallbackInfo& info);
  void ReleasePrepared(const Napi::CallbackInfo& info);
  Napi::Value Counts(const Napi::CallbackInfo& info);

  std::optional<EventValue> ToValue(const Napi::Value& value, bool is_json);

  std::optional<EventHub> hub_;
  /// The strings of the value at hand, kept for their memory.
  std::u16string utf16_;
  std::string utf8_;
};

}  // namespace hapwire::binding
