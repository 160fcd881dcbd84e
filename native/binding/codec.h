// FrameSealer and FrameOpener as JavaScript classes.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "frame_opener.h"
#include "frame_sealer.h"

namespace hapwire::binding {

/// `new FrameSealer(key, counter)`
///
/// - `seal(output, ...chunks)`: 0, or a FrameStatus with its sign turned; `output` is just as long
///   as what is written, and there are at most kMaxChunks
/// - `counter()`: the next counter, a BigInt
/// - `destroy()`: wipes the key
class SealerObject : public Napi::ObjectWrap<SealerObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit SealerObject(const Napi::CallbackInfo& info);

  /// The sealer in a JavaScript value; null where the value is anything else.
  static FrameSealer* From(const Napi::Value& value);

 private:
  /// The chunks are arguments, not an array: to read an array's elements costs more than a small
  /// frame's cipher, and one that is a getter could take the memory of another away.
  static constexpr size_t kMaxChunks = 16;

  Napi::Value Seal(const Napi::CallbackInfo& info);
  Napi::Value Counter(const Napi::CallbackInfo& info);
  void Destroy(const Napi::CallbackInfo& info);

  std::optional<FrameSealer> sealer_;
};

/// `new FrameOpener(key, counter, maxFrames)`
///
/// - `open(segment, output?)`: `length * kPendingStride + pending`, or a FrameStatus with its sign
///   turned. The plaintext is written to `output`, else in place; `length` bytes of it. `pending`
///   is how many bytes of an incomplete frame are held now.
/// - `counter()`, `destroy()`
class OpenerObject : public Napi::ObjectWrap<OpenerObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit OpenerObject(const Napi::CallbackInfo& info);

 private:
  /// More than can be pending. Two results in one number: a second call would cost as much as the
  /// first. 64 bits on any processor: 2 MiB of plaintext times this is more than 32 can hold.
  static constexpr uint64_t kPendingStride = 2048;

  Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Counter(const Napi::CallbackInfo& info);
  void Destroy(const Napi::CallbackInfo& info);

  std::optional<FrameOpener> opener_;
};

}  // namespace hapwire::binding
