// The exports of the addon. Its state belongs to one environment of Node, so that the addon loads
// in worker threads and twice in one process.
#include <napi.h>

#include <memory>

#include "aead.h"
#include "codec.h"
#include "hub.h"
#include "message.h"

namespace hapwire::binding {

/// Contexts that an addon holds: one in each direction for 32 connections, 70 KiB.
constexpr size_t kContexts = 64;

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  // A codec may be collected later than this, and keeps the contexts.
  env.SetInstanceData(new Shared<CipherContexts>(Shared<CipherContexts>::Make(kContexts)));
  exports.Set("FrameSealer", FrameSealerObject::Define(env));
  exports.Set("FrameOpener", FrameOpenerObject::Define(env));
  exports.Set("EventHub", EventHubObject::Define(env));
  exports.Set("sealMessage", Napi::Function::New<SealMessage>(env, "sealMessage"));
  exports.Set("openMessage", Napi::Function::New<OpenMessage>(env, "openMessage"));
  exports.Set("aeadVersion", Napi::String::New(env, AeadLibraryVersion()));
  return exports;
}

}  // namespace hapwire::binding

static Napi::Object InitHapwire(Napi::Env env, Napi::Object exports) {
  return hapwire::binding::Init(env, exports);
}

NODE_API_MODULE(hapwire, InitHapwire)
