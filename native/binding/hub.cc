// EventHub as a JavaScript class.
#include "hub.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <vector>

#include "arguments.h"
#include "codec.h"

namespace hapwire::binding {

namespace {

/// Text longer than this is not kept after use.
constexpr size_t kKeptText = 1024;

bool ToId(const Napi::Value& aid, const Napi::Value& iid, CharacteristicId* id) {
  return ToSafeInteger(aid, &id->aid) && ToSafeInteger(iid, &id->iid);
}

/// @param numbers Up to 2^53 - 1.
Napi::Value ToFloat64Array(Napi::Env env, const uint64_t* numbers, size_t count) {
  Napi::Float64Array array = Napi::Float64Array::New(env, count);
  // Empty in a worker thread that is being terminated.
  if (array.IsEmpty()) return {};
  for (size_t i = 0; i < count; ++i) array[i] = static_cast<double>(numbers[i]);
  return array;
}

/// @param value a Uint32Array.
bool ToSignals(const Napi::Value& value, SignalBuffer* signals) {
  void* data = nullptr;
  napi_typedarray_type type = napi_int8_array;
  if (napi_get_typedarray_info(value.Env(), value, &type, &signals->size, &data, nullptr,
                               nullptr) != napi_ok ||
      type != napi_uint32_array) {
    return false;
  }
  signals->data = static_cast<uint32_t*>(data);
  return true;
}

/// The arguments (slot, aid, iid); throws if they are anything else.
bool ToSubscription(const Napi::CallbackInfo& info, uint32_t* slot, CharacteristicId* id) {
  if (ToUint32(info[0], slot) && ToId(info[1], info[2], id)) return true;
  ThrowTypeError(info.Env(), "expected (slot, aid, iid): integers from 0 up");
  return false;
}

/// The argument (slot); throws if it is anything else.
bool ToOnlySlot(const Napi::CallbackInfo& info, uint32_t* slot) {
  if (ToUint32(info[0], slot)) return true;
  ThrowTypeError(info.Env(), "expected (slot): an integer from 0 up");
  return false;
}

}  // namespace

Napi::Function EventHubObject::Define(Napi::Env env) {
  return DefineClass(env, "EventHub",
                     {InstanceMethod<&EventHubObject::Add>("add"),
                      InstanceMethod<&EventHubObject::Remove>("remove"),
                      InstanceMethod<&EventHubObject::AttachSealer>("attachSealer"),
                      InstanceMethod<&EventHubObject::Mute>("mute"),
                      InstanceMethod<&EventHubObject::Subscribe>("subscribe"),
                      InstanceMethod<&EventHubObject::Unsubscribe>("unsubscribe"),
                      InstanceMethod<&EventHubObject::IsSubscribed>("isSubscribed"),
                      InstanceMethod<&EventHubObject::UnsubscribeAll>("unsubscribeAll"),
                      InstanceMethod<&EventHubObject::Subscriptions>("subscriptions"),
                      InstanceMethod<&EventHubObject::SetSignals>("setSignals"),
                      InstanceMethod<&EventHubObject::SendValue>("sendValue"),
                      InstanceMethod<&EventHubObject::Prepare>("prepare"),
                      InstanceMethod<&EventHubObject::TakePrepared>("takePrepared"),
                      InstanceMethod<&EventHubObject::CountList>("countList")});
}

EventHubObject::EventHubObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<EventHubObject>(info) {
  QueueLimits limits;
  uint64_t max_subscriptions = 0;
  const bool understood = ToSafeInteger(info[0], &limits.max_events) &&
                          ToSafeInteger(info[1], &limits.max_bytes) &&
                          ToSafeInteger(info[2], &max_subscriptions);
  HashSeed seed;
  const bool has_seed = RAND_bytes(reinterpret_cast<unsigned char*>(&seed), sizeof(seed)) == 1;
  // There is a hub even if the constructor throws, so that no method need check for it.
  hub_.emplace(limits, max_subscriptions, seed);
  if (!understood) {
    ThrowTypeError(info.Env(),
                   "expected (maxEvents, maxBytes, maxSubscriptions): integers from 0 up");
  } else if (!has_seed) {
    Napi::Error::New(info.Env(), "OpenSSL has no random numbers").ThrowAsJavaScriptException();
  } else {
    DefineBroadcastValue(info.This().As<Napi::Object>());
  }
}

/// Gives each hub a function of its own, which knows the hub: looking it up by `this` takes a
/// quarter of the call.
void EventHubObject::DefineBroadcastValue(Napi::Object self) {
  auto broadcast =
      Napi::Function::New<&EventHubObject::CallBroadcastValue>(self.Env(), "broadcastValue", this);
  if (broadcast.IsEmpty()) return;
  // The hub lives for as long as the function.
  broadcast.DefineProperty(Napi::PropertyDescriptor::Value("hub", self, napi_default));
  self.DefineProperty(Napi::PropertyDescriptor::Value("broadcastValue", broadcast, napi_default));
}

Napi::Value EventHubObject::CallBroadcastValue(const Napi::CallbackInfo& info) {
  return static_cast<EventHubObject*>(info.Data())->BroadcastValue(info);
}

Napi::Value EventHubObject::Add(const Napi::CallbackInfo& info) {
  const uint32_t slot = hub_->Add();
  signals_.resize(hub_->slot_count());
  sealers_.resize(hub_->slot_count());
  return Napi::Number::New(info.Env(), slot);
}

Napi::Value EventHubObject::Remove(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  if (!ToOnlySlot(info, &slot)) return {};
  const bool removed = hub_->Remove(slot);
  if (removed) sealers_[slot].Reset();
  return Napi::Boolean::New(info.Env(), removed);
}

void EventHubObject::AttachSealer(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  FrameSealer* const sealer = FrameSealerObject::From(info[1]);
  if (!ToUint32(info[0], &slot) || sealer == nullptr) {
    ThrowTypeError(info.Env(), "expected (slot, sealer: FrameSealer of this addon)");
    return;
  }
  // First the hub, so that it never has a pointer to a sealer that may be gone.
  if (!hub_->AttachSealer(slot, sealer)) return;
  sealers_[slot] = Napi::Persistent(info[1].As<Napi::Object>());
}

void EventHubObject::Mute(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  if (ToOnlySlot(info, &slot)) hub_->Mute(slot);
}

Napi::Value EventHubObject::Subscribe(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  CharacteristicId id;
  if (!ToSubscription(info, &slot, &id)) return {};
  return Napi::Number::New(info.Env(), static_cast<uint32_t>(hub_->Subscribe(slot, id)));
}

Napi::Value EventHubObject::Unsubscribe(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  CharacteristicId id;
  if (!ToSubscription(info, &slot, &id)) return {};
  return Napi::Boolean::New(info.Env(), hub_->Unsubscribe(slot, id));
}

Napi::Value EventHubObject::IsSubscribed(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  CharacteristicId id;
  if (!ToSubscription(info, &slot, &id)) return {};
  return Napi::Boolean::New(info.Env(), hub_->IsSubscribed(slot, id));
}

void EventHubObject::UnsubscribeAll(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  if (ToOnlySlot(info, &slot)) hub_->UnsubscribeAll(slot);
}

Napi::Value EventHubObject::Subscriptions(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  if (!ToOnlySlot(info, &slot)) return {};
  const std::vector<CharacteristicId> ids = hub_->Subscriptions(slot);
  std::vector<uint64_t> numbers;
  numbers.reserve(ids.size() * 2);
  for (const CharacteristicId& id : ids) {
    numbers.push_back(id.aid);
    numbers.push_back(id.iid);
  }
  return ToFloat64Array(info.Env(), numbers.data(), numbers.size());
}

void EventHubObject::SetSignals(const Napi::CallbackInfo& info) {
  SignalBuffer signals;
  if (!ToSignals(info[0], &signals) || signals.size < hub_->slot_count()) {
    ThrowTypeError(info.Env(), "expected (array): a Uint32Array with an entry for each slot");
    return;
  }
  signal_array_ = Napi::Persistent(info[0].As<Napi::Object>());
}

Napi::Value EventHubObject::BroadcastValue(const Napi::CallbackInfo& info) {
  CharacteristicId id;
  uint32_t flags = 0;
  uint32_t except_slot = 0;
  if (!ToUint32(info[3], &flags) || !ToUint32(info[4], &except_slot)) {
    ThrowTypeError(info.Env(), "expected (aid, iid, value, flags, exceptSlot)");
    return {};
  }
  if (!ToId(info[0], info[1], &id)) return Napi::Number::New(info.Env(), 0);
  const std::optional<EventValue> value = ToValue(info[2], (flags & kIsJson) != 0);
  if (!value) return Napi::Number::New(info.Env(), kNeedsJson);
  const size_t count = hub_->Broadcast(id, *value, (flags & kImmediate) != 0, except_slot,
                                       {signals_.data(), signals_.size()});
  ForgetLongText();
  if (count > 0 && !WriteSignals(info.Env(), count)) return {};
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

/// Most broadcasts have no signal, and looking at the array costs more than queueing does.
bool EventHubObject::WriteSignals(Napi::Env env, size_t count) {
  SignalBuffer signals;
  if (signal_array_.IsEmpty() || !ToSignals(signal_array_.Value(), &signals) ||
      signals.size < count) {
    ThrowTypeError(env, "the array of signals is missing or too small");
    return false;
  }
  std::copy_n(signals_.data(), count, signals.data);
  return true;
}

Napi::Value EventHubObject::SendValue(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  CharacteristicId id;
  uint32_t flags = 0;
  if (!ToUint32(info[0], &slot) || !ToUint32(info[4], &flags)) {
    ThrowTypeError(info.Env(), "expected (slot, aid, iid, value, flags)");
    return {};
  }
  if (!ToId(info[1], info[2], &id)) return Napi::Number::New(info.Env(), 0);
  const std::optional<EventValue> value = ToValue(info[3], (flags & kIsJson) != 0);
  if (!value) return Napi::Number::New(info.Env(), kNeedsJson);
  const Signal signal = hub_->Send(slot, id, *value, (flags & kImmediate) != 0);
  ForgetLongText();
  return Napi::Number::New(info.Env(), static_cast<uint32_t>(signal));
}

Napi::Value EventHubObject::Prepare(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  if (!ToOnlySlot(info, &slot)) return {};
  return Napi::Number::New(info.Env(), static_cast<double>(hub_->Prepare(slot)));
}

Napi::Value EventHubObject::TakePrepared(const Napi::CallbackInfo& info) {
  MutableBytes output;
  if (!ToBytes(info[0], &output)) {
    ThrowTypeError(info.Env(), "expected (output: Buffer)");
    return {};
  }
  const FrameStatus status = hub_->Take(output);
  if (status == FrameStatus::kOutputTooSmall) {
    ThrowTypeError(info.Env(), "output: expected as many bytes as prepare() returned");
    return {};
  }
  return Napi::Number::New(info.Env(), -static_cast<int>(status));
}

Napi::Value EventHubObject::CountList(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  if (!ToOnlySlot(info, &slot)) return {};
  const QueueCounts counts = hub_->Counts(slot);
  const std::array<uint64_t, 8> list = {
      counts.queued,    counts.duplicates, counts.collapsed,      counts.unsubscribed,
      counts.delivered, counts.messages,   counts.pending_events, counts.pending_bytes};
  return ToFloat64Array(info.Env(), list.data(), list.size());
}

/// Reads a JavaScript value. Strings are views of this object's memory.
/// @return Nothing if the caller must write the value as JSON.
std::optional<EventValue> EventHubObject::ToValue(const Napi::Value& value, bool is_json) {
  switch (value.Type()) {
    case napi_undefined:
      return EventValue::Undefined();
    case napi_null:
      return EventValue::Null();
    case napi_boolean:
      return EventValue::Bool(value.As<Napi::Boolean>().Value());
    case napi_number:
      return EventValue::Number(value.As<Napi::Number>().DoubleValue());
    case napi_string:
      if (is_json) {
        utf8_ = value.As<Napi::String>().Utf8Value();
        return EventValue::RawJson(utf8_);
      }
      utf16_ = value.As<Napi::String>().Utf16Value();
      return EventValue::String(utf16_);
    default:
      return std::nullopt;
  }
}

void EventHubObject::ForgetLongText() {
  if (utf16_.size() > kKeptText) std::u16string().swap(utf16_);
  if (utf8_.size() > kKeptText) std::string().swap(utf8_);
}

}  // namespace hapwire::binding
