// FrameSealer and FrameOpener as JavaScript classes.
#pragma once

#include <napi.h>

#include <optional>
#include <vector>

#include "frame_opener.h"
#include "frame_sealer.h"

namespace hapwire::binding {

/// `new FrameSealer(key, counter)`
///
/// - `seal(chunks, output)`: 0, or a FrameStatus with its sign turned; `output` is just as long as
///   what is written
/// - `counter()`: the next counter, a BigInt
/// - `destroy()`: wipes the key
class SealerObject : public Napi::ObjectWrap<SealerObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit SealerObject(const Napi::CallbackInfo& info);

  /// The sealer in a JavaScript value; null where the value is anything else.
  static FrameSealer* From(const Napi::Value& value);

 private:
  Napi::Value Seal(const Napi::CallbackInfo& info);
  Napi::Value Counter(const Napi::CallbackInfo& info);
  void Destroy(const Napi::CallbackInfo& info);
  bool GatherChunks(const Napi::Array& chunks);

  std::optional<FrameSealer> sealer_;
  /// The chunks of the message at hand, as JavaScript's values and as bytes; kept for their memory.
  std::vector<napi_value> elements_;
  std::vector<ByteView> chunks_;
};

/// `new FrameOpener(key, counter, maxFrames)`
///
/// - `open(segment, output)`: the length of the plaintext, or a FrameStatus with its sign turned
/// - `pendingLength()`, `counter()`, `destroy()`
class OpenerObject : public Napi::ObjectWrap<OpenerObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit OpenerObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value PendingLength(const Napi::CallbackInfo& info);
  Napi::Value Counter(const Napi::CallbackInfo& info);
  void Destroy(const Napi::CallbackInfo& info);

  std::optional<FrameOpener> opener_;
};

}  // namespace hapwire::binding
