// FrameSealer and FrameOpener as JavaScript classes.
#include "codec.h"

#include <array>
#include <memory>

#include "arguments.h"

namespace hapwire::binding {

namespace {

// A random number of our own: it tells a sealer from any other wrapped object, of this addon or of
// another.
constexpr napi_type_tag kSealerTag = {0x5f1d0c3e8a6b4297, 0xb1e47c20d95f3a68};

/// The result if all went well, else the negated status.
Napi::Value ResultOf(Napi::Env env, FrameStatus status, uint64_t result) {
  if (status != FrameStatus::kOk) return Napi::Number::New(env, -static_cast<int>(status));
  return Napi::Number::New(env, static_cast<double>(result));
}

/// The contexts of the addon in this environment.
Shared<CipherContexts> ContextsOf(Napi::Env env) {
  return *env.GetInstanceData<Shared<CipherContexts>>();
}

/// Checks (key, counter) and makes the codec; throws if one of the two fails.
template <typename Codec, typename... Limits>
void Construct(const Napi::CallbackInfo& info, std::optional<Codec>* codec, Limits... limits) {
  ByteView key;
  uint64_t counter = 0;
  if (!ToKey(info[0], &key) || !ToCounter(info[1], &counter)) {
    ThrowTypeError(info.Env(), "expected (key: Uint8Array of 32 bytes, counter: bigint)");
    return;
  }
  codec->emplace(key.data, counter, limits..., ContextsOf(info.Env()));
  if (!(*codec)->ok()) {
    Napi::Error::New(info.Env(), "OpenSSL refuses ChaCha20-Poly1305 here")
        .ThrowAsJavaScriptException();
  }
}

}  // namespace

Napi::Function FrameSealerObject::Define(Napi::Env env) {
  return DefineClass(env, "FrameSealer",
                     {InstanceMethod<&FrameSealerObject::SealFrames>("sealFrames"),
                      InstanceMethod<&FrameSealerObject::NextCounter>("nextCounter"),
                      InstanceMethod<&FrameSealerObject::Destroy>("destroy")});
}

FrameSealerObject::FrameSealerObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<FrameSealerObject>(info) {
  info.This().As<Napi::Object>().TypeTag(&kSealerTag);
  Construct(info, &sealer_);
}

FrameSealer* FrameSealerObject::From(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kSealerTag)) return nullptr;
  FrameSealerObject* object = Unwrap(value.As<Napi::Object>());
  return object != nullptr && object->sealer_ ? &*object->sealer_ : nullptr;
}

Napi::Value FrameSealerObject::SealFrames(const Napi::CallbackInfo& info) {
  MutableBytes output;
  std::array<ByteView, kMaxChunks> chunks;
  bool understood = sealer_ && info.Length() >= 1 && info.Length() - 1 <= chunks.size() &&
                    ToBytes(info[0], &output);
  const size_t count = understood ? info.Length() - 1 : 0;
  size_t length = 0;
  for (size_t i = 0; i < count && understood; ++i) {
    understood = ToBytes(info[i + 1], &chunks[i]);
    length += chunks[i].size;
  }
  if (!understood) {
    ThrowTypeError(info.Env(), "expected (output: Buffer, ...chunks: at most 16 Uint8Arrays)");
    return {};
  }
  // The caller made the output for the lengths that JavaScript sees, and a subclass of Uint8Array
  // may make them up. Bytes that are not written must not go out: the memory is not initialised.
  if (output.size != FrameSealer::SealedLength(length)) {
    ThrowTypeError(info.Env(), "output: expected just the sealed length of the chunks");
    return {};
  }
  return ResultOf(info.Env(), sealer_->Seal(chunks.data(), count, output), 0);
}

Napi::Value FrameSealerObject::NextCounter(const Napi::CallbackInfo& info) {
  return Napi::BigInt::New(info.Env(), sealer_ ? sealer_->counter() : uint64_t{0});
}

void FrameSealerObject::Destroy(const Napi::CallbackInfo&) {
  if (sealer_) sealer_->Destroy();
}

Napi::Function FrameOpenerObject::Define(Napi::Env env) {
  return DefineClass(env, "FrameOpener",
                     {InstanceMethod<&FrameOpenerObject::OpenFrames>("openFrames"),
                      InstanceMethod<&FrameOpenerObject::NextCounter>("nextCounter"),
                      InstanceMethod<&FrameOpenerObject::Destroy>("destroy")});
}

FrameOpenerObject::FrameOpenerObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<FrameOpenerObject>(info) {
  uint32_t max_frames = 0;
  if (!ToUint32(info[2], &max_frames)) {
    ThrowTypeError(info.Env(), "expected (key, counter, maxFrames: an integer from 0 up)");
    return;
  }
  Construct(info, &opener_, size_t{max_frames});
}

Napi::Value FrameOpenerObject::OpenFrames(const Napi::CallbackInfo& info) {
  MutableBytes segment;
  if (!opener_ || !ToBytes(info[0], &segment)) {
    ThrowTypeError(info.Env(), "expected (segment: Buffer, output?: Buffer)");
    return {};
  }
  MutableBytes output = segment;
  if (info.Length() > 1 && !ToBytes(info[1], &output)) {
    ThrowTypeError(info.Env(), "expected (segment: Buffer, output?: Buffer)");
    return {};
  }
  size_t written = 0;
  const FrameStatus status = opener_->Open({segment.data, segment.size}, output, &written);
  return ResultOf(info.Env(), status, written * kPendingStride + opener_->pending_length());
}

Napi::Value FrameOpenerObject::NextCounter(const Napi::CallbackInfo& info) {
  return Napi::BigInt::New(info.Env(), opener_ ? opener_->counter() : uint64_t{0});
}

void FrameOpenerObject::Destroy(const Napi::CallbackInfo&) {
  if (opener_) opener_->Destroy();
}

}  // namespace hapwire::binding
