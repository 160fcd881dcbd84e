// What the addon exports. It keeps no state of its own, so that it loads in worker threads and
// twice in one process.
#include <napi.h>

#include "aead.h"
#include "codec.h"
#include "hub.h"
#include "message.h"

namespace hapwire::binding {

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
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
