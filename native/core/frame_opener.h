// The opener: one direction of a secured session, frames in, plaintext out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "aead.h"
#include "bytes.h"
#include "frame.h"
#include "nonce_counter.h"

namespace hapwire {

/// Owns the key, the cipher context, the nonce counter and the incomplete frame of what comes in.
///
/// The stream may be cut anywhere: a frame can arrive one byte at a time, and a segment can hold
/// many frames.
class FrameOpener {
 public:
  /// @param key kKeyLength bytes, copied.
  /// @param counter The counter of the first frame.
  /// @param max_frames How many frames one segment may complete.
  /// @param contexts Default: a context of its own.
  FrameOpener(const uint8_t* key, uint64_t counter, size_t max_frames = SIZE_MAX,
              Shared<CipherContexts> contexts = Shared<CipherContexts>::Make(1));
  ~FrameOpener();

  FrameOpener(const FrameOpener&) = delete;
  FrameOpener& operator=(const FrameOpener&) = delete;

  /// False if OpenSSL lacks the cipher.
  bool ok() const { return aead_.ok(); }

  /// The counter of the next frame.
  uint64_t counter() const { return counter_.next(); }

  /// Bytes of the incomplete frame that is held, less than kMaxFrameLength.
  size_t pending_length() const { return pending_length_; }

  /// Opens all frames that `segment` completes. Keeps the rest, at most one incomplete frame.
  ///
  /// @param segment the next bytes of the stream.
  /// @param output at least pending_length() + segment.size bytes. If no bytes are pending, this
  ///   may be the segment's own memory: a plaintext is shorter than its frame.
  /// @param written how many bytes of plaintext stand in `output`; 0 unless kOk.
  /// @return kOk; kOutputTooSmall with nothing done; or kTooLong, kTooMany, kExhausted and
  ///   kAuthentication (OpenSSL's failures included), after which the key is wiped, nothing of
  ///   `output` may be used, and only kClosed follows.
  FrameStatus Open(ByteView segment, MutableBytes output, size_t* written);

  /// Wipes the key and the incomplete frame.
  void Destroy();

 private:
  FrameStatus OpenAll(ByteView segment, uint8_t* output, size_t* written);
  FrameStatus CompletePending(ByteView* segment, uint8_t* output, size_t* written);
  FrameStatus OpenFrame(const uint8_t* frame, size_t length, uint8_t* output, size_t* written);
  size_t FillPending(ByteView* segment, size_t target);

  Aead aead_;
  NonceCounter counter_;
  const size_t max_frames_;
  /// Frames that the segment at hand has completed so far.
  size_t frames_ = 0;
  /// Made for the first frame that a segment cuts: most connections never need the memory, which
  /// is as large as the rest of a connection here. Invariant between calls: the first
  /// pending_length_ bytes are the start of one incomplete frame. If both bytes of its length field
  /// are there, the length is at most kMaxFramePlaintext.
  std::unique_ptr<std::array<uint8_t, kMaxFrameLength>> pending_;
  size_t pending_length_ = 0;
};

}  // namespace hapwire
