// The opener.
#include "frame_opener.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace hapwire {

namespace {

size_t ReadLength(const uint8_t* frame) {
  return static_cast<size_t>(frame[0]) | (static_cast<size_t>(frame[1]) << 8);
}

}  // namespace

FrameOpener::FrameOpener(const uint8_t* key, uint64_t counter, size_t max_frames,
                         Shared<CipherContexts> contexts)
    : aead_(Direction::kOpen, key, std::move(contexts)),
      counter_(counter),
      max_frames_(max_frames) {}

FrameOpener::~FrameOpener() { Destroy(); }

void FrameOpener::Destroy() {
  aead_.Destroy();
  if (pending_ != nullptr) Wipe(pending_->data(), pending_->size());
  pending_.reset();
  pending_length_ = 0;
}

FrameStatus FrameOpener::Open(ByteView segment, MutableBytes output, size_t* written) {
  *written = 0;
  if (!aead_.ok()) return FrameStatus::kClosed;
  if (output.size < pending_length_ || output.size - pending_length_ < segment.size) {
    return FrameStatus::kOutputTooSmall;
  }

  frames_ = 0;
  const FrameStatus status = OpenAll(segment, output.data, written);
  if (status != FrameStatus::kOk) {
    *written = 0;
    Destroy();
  }
  return status;
}

FrameStatus FrameOpener::OpenAll(ByteView segment, uint8_t* output, size_t* written) {
  if (pending_length_ > 0) {
    const FrameStatus status = CompletePending(&segment, output, written);
    if (status != FrameStatus::kOk || pending_length_ > 0) return status;
  }

  while (segment.size >= kLengthFieldLength) {
    const size_t length = ReadLength(segment.data);
    if (length > kMaxFramePlaintext) return FrameStatus::kTooLong;
    if (segment.size < length + kFrameOverhead) break;

    const FrameStatus status = OpenFrame(segment.data, length, output, written);
    if (status != FrameStatus::kOk) return status;
    segment.data += length + kFrameOverhead;
    segment.size -= length + kFrameOverhead;
  }
  FillPending(&segment, segment.size);
  return FrameStatus::kOk;
}

/// Adds to the incomplete frame. Opens the frame if it is complete; otherwise it stays pending.
FrameStatus FrameOpener::CompletePending(ByteView* segment, uint8_t* output, size_t* written) {
  if (FillPending(segment, kLengthFieldLength) < kLengthFieldLength) return FrameStatus::kOk;

  const size_t length = ReadLength(pending_->data());
  if (length > kMaxFramePlaintext) return FrameStatus::kTooLong;
  const size_t frame_length = length + kFrameOverhead;
  if (FillPending(segment, frame_length) < frame_length) return FrameStatus::kOk;

  pending_length_ = 0;
  return OpenFrame(pending_->data(), length, output, written);
}

/// Moves bytes from the front of the segment until `target` bytes are pending, or the segment is
/// empty.
///
/// @return how many are pending.
size_t FrameOpener::FillPending(ByteView* segment, size_t target) {
  const size_t wanted = target > pending_length_ ? target - pending_length_ : 0;
  const size_t size = std::min(wanted, segment->size);
  if (size == 0) return pending_length_;
  if (pending_ == nullptr) pending_ = std::make_unique<std::array<uint8_t, kMaxFrameLength>>();
  std::memcpy(pending_->data() + pending_length_, segment->data, size);
  pending_length_ += size;
  segment->data += size;
  segment->size -= size;
  return pending_length_;
}

/// Opens one whole frame and appends its plaintext to the output.
FrameStatus FrameOpener::OpenFrame(const uint8_t* frame, size_t length, uint8_t* output,
                                   size_t* written) {
  if (frames_ == max_frames_) return FrameStatus::kTooMany;
  if (!counter_.Has(1)) return FrameStatus::kExhausted;
  ++frames_;

  const uint8_t aad[kLengthFieldLength] = {frame[0], frame[1]};
  const uint8_t* ciphertext = frame + kLengthFieldLength;
  const uint8_t* tag = ciphertext + length;
  uint8_t* plaintext = output + *written;

  // EVP takes the same memory for input and output, but no overlap. If the output is the segment
  // itself, the plaintext's place lies before the ciphertext. The ciphertext moves there first,
  // which leaves the tag behind it intact.
  const bool overlaps = plaintext < tag && ciphertext < plaintext + length;
  if (overlaps) {
    std::memmove(plaintext, ciphertext, length);
    ciphertext = plaintext;
  }
  if (!aead_.Open(counter_.Next(), {aad, sizeof(aad)}, {ciphertext, length}, tag, plaintext)) {
    return FrameStatus::kAuthentication;
  }
  *written += length;
  return FrameStatus::kOk;
}

}  // namespace hapwire
