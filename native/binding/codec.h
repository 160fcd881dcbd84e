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
/// - `sealFrames(output, ...chunks)`: returns 0 or a negated FrameStatus. `output` has exactly the
///   sealed length of the chunks, of which there are at most kMaxChunks.
/// - `nextCounter()`: the next counter, a BigInt. Not an accessor: Node-API does not check the
/// receiver
///   of one.
/// - `destroy()`: wipes the key
class FrameSealerObject : public Napi::ObjectWrap<FrameSealerObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit FrameSealerObject(const Napi::CallbackInfo& info);

  /// The sealer in a JavaScript value; null if the value is anything else. It lives as long as the
  /// JavaScript object.
  static FrameSealer* From(const Napi::Value& value);

 private:
  /// The chunks are arguments, not an array. Reading an array's elements costs more than a small
  /// frame's cipher, and an element that is a getter could detach another chunk's memory.
  static constexpr size_t kMaxChunks = 16;

  Napi::Value SealFrames(const Napi::CallbackInfo& info);
  Napi::Value NextCounter(const Napi::CallbackInfo& info);
  void Destroy(const Napi::CallbackInfo& info);

  /// Empty only if the constructor threw.
  std::optional<FrameSealer> sealer_;
};

/// `new FrameOpener(key, counter, maxFrames)`
///
/// - `openFrames(segment, output?)`: returns `length * kPendingStride + pending` or a negated
///   FrameStatus. Writes `length` bytes of plaintext to `output`, else in place. `pending` counts
///   the bytes of an incomplete frame that the opener holds now.
/// - `nextCounter()`, `destroy()`
class FrameOpenerObject : public Napi::ObjectWrap<FrameOpenerObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit FrameOpenerObject(const Napi::CallbackInfo& info);

 private:
  /// More than can be pending. Two results in one number: a second call would cost as much as the
  /// first. 64 bits on any processor: 2 MiB of plaintext times this is more than 32 can hold.
  static constexpr uint64_t kPendingStride = 2048;

  Napi::Value OpenFrames(const Napi::CallbackInfo& info);
  Napi::Value NextCounter(const Napi::CallbackInfo& info);
  void Destroy(const Napi::CallbackInfo& info);

  std::optional<FrameOpener> opener_;
};

}  // namespace hapwire::binding
