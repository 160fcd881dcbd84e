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
/// The answer for a value whose JSON only JavaScript can write: nothing was done.
constexpr int32_t kNeedsJson = -1;

/// `new EventHub(maxEvents, maxBytes, maxSubscriptions)`: native/core/event_hub.h, method by
/// method. Slots are integers from 0 to 2^32 - 1, aids and iids from 0 to 2^53 - 1.
///
/// - `setSignals(array)`: the Uint32Array that broadcasts write their signals to. It has at least
///   as many entries as there are slots.
/// - `broadcastValue(aid, iid, value, flags, exceptSlot)`, always with five arguments: returns how
///   many signals it wrote.
/// - `sendValue(slot, aid, iid, value, flags)`: returns the signal.
/// - Both ignore an aid or iid that is out of range or of another type: nobody can subscribe to it.
/// - Both write undefined, null, a boolean, a number or a string as JSON, and return kNeedsJson for
///   any other value. `flags` is the sum of kIsJson, if the string is JSON already, and kImmediate.
/// - `attachSealer(slot, sealer)`: a FrameSealer.
/// - `subscribe(slot, aid, iid)`: returns a Subscribed.
/// - `prepare(slot)`: returns the number of bytes that `takePrepared(output)` writes next; that one
///   returns 0 or a negated FrameStatus.
/// - `countList(slot)`: returns a Float64Array in the order of QueueCounts.
class EventHubObject : public Napi::ObjectWrap<EventHubObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit EventHubObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value Add(const Napi::CallbackInfo& info);
  Napi::Value Remove(const Napi::CallbackInfo& info);
  Napi::Value Subscribe(const Napi::CallbackInfo& info);
  Napi::Value Unsubscribe(const Napi::CallbackInfo& info);
  Napi::Value IsSubscribed(const Napi::CallbackInfo& info);
  void UnsubscribeAll(const Napi::CallbackInfo& info);
  Napi::Value Subscriptions(const Napi::CallbackInfo& info);
  void AttachSealer(const Napi::CallbackInfo& info);
  void Mute(const Napi::CallbackInfo& info);
  void SetSignals(const Napi::CallbackInfo& info);
  static Napi::Value CallBroadcastValue(const Napi::CallbackInfo& info);
  Napi::Value BroadcastValue(const Napi::CallbackInfo& info);
  Napi::Value SendValue(const Napi::CallbackInfo& info);
  Napi::Value Prepare(const Napi::CallbackInfo& info);
  Napi::Value TakePrepared(const Napi::CallbackInfo& info);
  Napi::Value CountList(const Napi::CallbackInfo& info);

  void DefineBroadcastValue(Napi::Object self);
  bool WriteSignals(Napi::Env env, size_t count);
  std::optional<EventValue> ToValue(const Napi::Value& value, bool is_json);
  void ForgetLongText();

  std::optional<EventHub> hub_;
  /// The signals of the last broadcast; one entry for each slot that was ever given out.
  std::vector<uint32_t> signals_;
  /// JavaScript reads the signals from this array. A reference: it may be detached between two
  /// calls, so its memory is looked up when it is written.
  Napi::ObjectReference signal_array_;
  /// By slot: keep the attached sealers alive, to which `hub_` has pointers.
  std::vector<Napi::ObjectReference> sealers_;
  /// The text of the last value; never a long one between calls.
  std::u16string utf16_;
  std::string utf8_;
};

}  // namespace hapwire::binding
