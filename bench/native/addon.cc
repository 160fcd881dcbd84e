// EvpLoop as a JavaScript class, for the benchmarks alone: one caller gives its arguments.
#include <napi.h>

#include <optional>
#include <utility>
#include <vector>

#include "evp_loop.h"

namespace hapwire::bench {

namespace {

class EvpLoopObject : public Napi::ObjectWrap<EvpLoopObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "EvpLoop",
        {InstanceMethod<&EvpLoopObject::Seal>("seal"), InstanceMethod<&EvpLoopObject::Open>("open"),
         InstanceMethod<&EvpLoopObject::FirstFrames>("firstFrames"),
         InstanceMethod<&EvpLoopObject::LastOpened>("lastOpened")});
  }

  /// Arguments: (key: Buffer of 32 bytes, message: Buffer).
  explicit EvpLoopObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<EvpLoopObject>(info) {
    if (!info[0].IsBuffer() || !info[1].IsBuffer()) {
      Fail(info, "expected (key: Buffer, message: Buffer)");
      return;
    }
    const auto key = info[0].As<Napi::Buffer<uint8_t>>();
    const auto message = info[1].As<Napi::Buffer<uint8_t>>();
    if (key.Length() != kKeyLength || message.Length() == 0) {
      Fail(info, "expected a key of 32 bytes and a message");
      return;
    }
    loop_.emplace(key.Data(),
                  std::vector<uint8_t>(message.Data(), message.Data() + message.Length()));
  }

  Napi::Value Seal(const Napi::CallbackInfo& info) {
    if (!loop_ || !loop_->Seal(TimesOf(info))) Fail(info, "OpenSSL failed to seal");
    return info.Env().Undefined();
  }

  Napi::Value Open(const Napi::CallbackInfo& info) {
    if (!loop_ || !loop_->Open(TimesOf(info))) Fail(info, "OpenSSL failed to open");
    return info.Env().Undefined();
  }

  Napi::Value FirstFrames(const Napi::CallbackInfo& info) {
    if (!loop_) return info.Env().Undefined();
    return CopyOf(info, loop_->first_frames());
  }

  Napi::Value LastOpened(const Napi::CallbackInfo& info) {
    if (!loop_) return info.Env().Undefined();
    return CopyOf(info, loop_->last_opened());
  }

 private:
  static size_t TimesOf(const Napi::CallbackInfo& info) {
    return info[0].IsNumber() ? info[0].As<Napi::Number>().Uint32Value() : 0;
  }

  static Napi::Value CopyOf(const Napi::CallbackInfo& info, const std::vector<uint8_t>& bytes) {
    return Napi::Buffer<uint8_t>::Copy(info.Env(), bytes.data(), bytes.size());
  }

  static void Fail(const Napi::CallbackInfo& info, const char* why) {
    Napi::Error::New(info.Env(), why).ThrowAsJavaScriptException();
  }

  std::optional<EvpLoop> loop_;
};

}  // namespace

}  // namespace hapwire::bench

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("EvpLoop", hapwire::bench::EvpLoopObject::Define(env));
  return exports;
}

NODE_API_MODULE(evp_loop, Init)
