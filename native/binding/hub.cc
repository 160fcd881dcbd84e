// EventHub as a JavaScript class.
#include "hub.h"

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
  // Empty in a worker thread that is being terminated: there is no memory behind it then.
  if (array.IsEmpty()) return {};
  for (size_t i = 0; i < count; ++i) array[i] = static_cast<double>(numbers[i]);
  return array;
}

/// The arguments (slot, aid, iid); throws where they are not.
bool ToSubscription(const Napi::CallbackInfo& info, uint32_t* slot, CharacteristicId* id) {
  if (ToUint32(info[0], slot) && ToId(info[1], info[2], id)) return true;
  ThrowTypeError(info.Env(), "expected (slot, aid, iid): integers from 0 up");
  return false;
}

/// The argument (slot); throws where it is not.
bool ToOnlySlot(const Napi::CallbackInfo& info, uint32_t* slot) {
  if (ToUint32(info[0], slot)) return true;
  ThrowTypeError(info.Env(), "expected (slot): an integer from 0 up");
  return false;
}

}  // namespace

Napi::Function HubObject::Define(Napi::Env env) {
  return DefineClass(
      env, "EventHub",
      {InstanceMethod<&HubObject::Add>("add"), InstanceMethod<&HubObject::Remove>("remove"),
       InstanceMethod<&HubObject::Subscribe>("subscribe"),
       InstanceMethod<&HubObject::Unsubscribe>("unsubscribe"),
       InstanceMethod<&HubObject::IsSubscribed>("isSubscribed"),
       InstanceMethod<&HubObject::UnsubscribeAll>("unsubscribeAll"),
       InstanceMethod<&HubObject::Subscriptions>("subscriptions"),
       InstanceMethod<&HubObject::CopySignals>("copySignals"),
       InstanceMethod<&HubObject::Send>("send"), InstanceMethod<&HubObject::Prepare>("prepare"),
       InstanceMethod<&HubObject::Take>("take"),
       InstanceMethod<&HubObject::ReleasePrepared>("releasePrepared"),
       InstanceMethod<&HubObject::Counts>("counts")});
}

HubObject::HubObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<HubObject>(info) {
  QueueLimits limits;
  const bool understood =
      ToSafeInteger(info[0], &limits.max_events) && ToSafeInteger(info[1], &limits.max_bytes);
  // The hub stands even where the arguments do not, so that no method need ask for it.
  hub_.emplace(limits);
  if (understood) {
    DefineBroadcast(info.This().As<Napi::Object>());
  } else {
    ThrowTypeError(info.Env(), "expected (maxEvents, maxBytes): integers from 0 up");
  }
}

/// A function of this hub's own, which knows it: to find it by `this` takes a quarter of the call.
void HubObject::DefineBroadcast(Napi::Object self) {
  auto broadcast = Napi::Function::New<&HubObject::CallBroadcast>(self.Env(), "broadcast", this);
  if (broadcast.IsEmpty()) return;
  // The hub lives for as long as the function.
  broadcast.DefineProperty(Napi::PropertyDescriptor::Value("hub", self, napi_default));
  self.DefineProperty(Napi::PropertyDescriptor::Value("broadcast", broadcast, napi_default));
}

Napi::Value HubObject::CallBroadcast(const Napi::CallbackInfo& info) {
  return static_cast<HubObject*>(info.Data())->Broadcast(info);
}

Napi::Value HubObject::Add(const Napi::CallbackInfo& info) {
  const uint32_t slot = hub_->Add();
  signals_.resize(hub_->slot_count());
  return Napi::Number::New(info.Env(), slot);
}

Napi::Value HubObject::Remove(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  if (!ToOnlySlot(info, &slot)) return {};
  return Napi::Boolean::New(info.Env(), hub_->Remove(slot));
}

Napi::Value HubObject::Subscribe(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  CharacteristicId id;
  if (!ToSubscription(info, &slot, &id)) return {};
  return Napi::Boolean::New(info.Env(), hub_->Subscribe(slot, id));
}

Napi::Value HubObject::Unsubscribe(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  CharacteristicId id;
  if (!ToSubscription(info, &slot, &id)) return {};
  return Napi::Boolean::New(info.Env(), hub_->Unsubscribe(slot, id));
}

Napi::Value HubObject::IsSubscribed(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  CharacteristicId id;
  if (!ToSubscription(info, &slot, &id)) return {};
  return Napi::Boolean::New(info.Env(), hub_->IsSubscribed(slot, id));
}

void HubObject::UnsubscribeAll(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  if (ToOnlySlot(info, &slot)) hub_->UnsubscribeAll(slot);
}

Napi::Value HubObject::Subscriptions(const Napi::CallbackInfo& info) {
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

Napi::Value HubObject::Broadcast(const Napi::CallbackInfo& info) {
  signal_count_ = 0;
  CharacteristicId id;
  uint32_t flags = 0;
  uint32_t except_slot = EventHub::kNoSlot;
  const bool is_plain = info.Length() <= 3;
  if (!ToId(info[0], info[1], &id) ||
      !(is_plain || (ToUint32(info[3], &flags) && ToUint32(info[4], &except_slot)))) {
    ThrowTypeError(info.Env(),
                   "expected (aid, iid, value) or (aid, iid, value, flags, exceptSlot)");
    return {};
  }
  const std::optional<EventValue> value = ToValue(info[2], (flags & kIsJson) != 0);
  if (!value) return {};
  signal_count_ = hub_->Broadcast(id, *value, (flags & kImmediate) != 0, except_slot,
                                  {signals_.data(), signals_.size()});
  ForgetLongText();
  if (signal_count_ == 0) return {};
  return Napi::Number::New(info.Env(), static_cast<double>(signal_count_));
}

void HubObject::CopySignals(const Napi::CallbackInfo& info) {
  if (!info[0].IsTypedArray() ||
      info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array ||
      info[0].As<Napi::Uint32Array>().ElementLength() < signal_count_) {
    ThrowTypeError(info.Env(), "expected (array): a Uint32Array of sufficient size");
    return;
  }
  std::copy_n(signals_.data(), signal_count_, info[0].As<Napi::Uint32Array>().Data());
}

Napi::Value HubObject::Send(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  CharacteristicId id;
  uint32_t flags = 0;
  if (!ToUint32(info[0], &slot) || !ToId(info[1], info[2], &id) || !ToUint32(info[4], &flags)) {
    ThrowTypeError(info.Env(), "expected (slot, aid, iid, value, flags)");
    return {};
  }
  const std::optional<EventValue> value = ToValue(info[3], (flags & kIsJson) != 0);
  if (!value) return {};
  const Signal signal = hub_->Send(slot, id, *value, (flags & kImmediate) != 0);
  ForgetLongText();
  return Napi::Number::New(info.Env(), static_cast<uint32_t>(signal));
}

Napi::Value HubObject::Prepare(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  if (!ToOnlySlot(info, &slot)) return {};
  return Napi::Number::New(info.Env(), static_cast<double>(hub_->Prepare(slot)));
}

Napi::Value HubObject::Take(const Napi::CallbackInfo& info) {
  MutableBytes output;
  FrameSealer* const sealer = SealerObject::From(info[1]);
  const ByteView message = hub_->Prepared();
  if (!ToBytes(info[0], &output) || (sealer == nullptr && !info[1].IsUndefined()) ||
      output.size < message.size) {
    ThrowTypeError(info.Env(),
                   "expected (output: Buffer of sufficient size, sealer: FrameSealer | undefined)");
    return {};
  }
  FrameStatus status = FrameStatus::kOk;
  if (sealer != nullptr) {
    status = sealer->Seal(&message, 1, output);
  } else {
    std::copy(message.data, message.data + message.size, output.data);
  }
  return Napi::Number::New(info.Env(), -static_cast<int>(status));
}

void HubObject::ReleasePrepared(const Napi::CallbackInfo&) { hub_->ReleasePrepared(); }

Napi::Value HubObject::Counts(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  if (!ToOnlySlot(info, &slot)) return {};
  const QueueCounts counts = hub_->Counts(slot);
  const std::array<uint64_t, 8> list = {
      counts.queued,    counts.duplicates, counts.collapsed,      counts.unsubscribed,
      counts.delivered, counts.messages,   counts.pending_events, counts.pending_bytes};
  return ToFloat64Array(info.Env(), list.data(), list.size());
}

/// What a JavaScript value is as JSON; throws where it is of a kind that the caller should have
/// written as JSON. Strings are views of this object's memory.
std::optional<EventValue> HubObject::ToValue(const Napi::Value& value, bool is_json) {
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
      ThrowTypeError(value.Env(),
                     "value: expected undefined, null, a boolean, a number or a string");
      return std::nullopt;
  }
}

void HubObject::ForgetLongText() {
  if (utf16_.size() > kKeptText) std::u16string().swap(utf16_);
  if (utf8_.size() > kKeptText) std::string().swap(utf8_);
}

}  // namespace hapwire::binding
