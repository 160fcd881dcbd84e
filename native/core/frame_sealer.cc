// The sealer.
#include "frame_sealer.h"

#include <algorithm>
#include <utility>

namespace hapwire {

namespace {

size_t FrameCount(size_t length) {
  return length / kMaxFramePlaintext + (length % kMaxFramePlaintext == 0 ? 0 : 1);
}

}  // namespace

/// Walks through the chunks in pieces that lie in one chunk each, so that nothing is copied
/// together first.
class FrameSealer::Gatherer {
 public:
  explicit Gatherer(const ByteView* chunks) : chunk_(chunks) {}

  /// The next piece, at most `limit` bytes and never empty. Precondition: so many bytes are left.
  ByteView Next(size_t limit) {
    while (offset_ == chunk_->size) {
      ++chunk_;
      offset_ = 0;
    }
    const size_t size = std::min(limit, chunk_->size - offset_);
    const ByteView piece = {chunk_->data + offset_, size};
    offset_ += size;
    return piece;
  }

 private:
  const ByteView* chunk_;
  size_t offset_ = 0;
};

FrameSealer::FrameSealer(const uint8_t* key, uint64_t counter, Shared<CipherContexts> contexts)
    : aead_(Direction::kSeal, key, std::move(contexts)), counter_(counter) {}

size_t FrameSealer::SealedLength(size_t length) {
  return length + FrameCount(length) * kFrameOverhead;
}

FrameStatus FrameSealer::Seal(const ByteView* chunks, size_t count, MutableBytes output) {
  if (!aead_.ok()) return FrameStatus::kClosed;

  size_t remaining = 0;
  for (size_t i = 0; i < count; ++i) {
    if (chunks[i].size > kMaxMessageLength - remaining) return FrameStatus::kOutputTooSmall;
    remaining += chunks[i].size;
  }
  if (SealedLength(remaining) > output.size) return FrameStatus::kOutputTooSmall;
  if (!counter_.Has(FrameCount(remaining))) {
    Destroy();
    return FrameStatus::kExhausted;
  }

  Gatherer plaintext(chunks);
  uint8_t* frame = output.data;
  while (remaining > 0) {
    const size_t length = std::min(remaining, kMaxFramePlaintext);
    if (!SealFrame(plaintext, length, frame)) {
      Destroy();
      return FrameStatus::kCipher;
    }
    frame += length + kFrameOverhead;
    remaining -= length;
  }
  return FrameStatus::kOk;
}

bool FrameSealer::SealFrame(Gatherer& plaintext, size_t length, uint8_t* frame) {
  frame[0] = static_cast<uint8_t>(length);
  frame[1] = static_cast<uint8_t>(length >> 8);
  uint8_t* ciphertext = frame + kLengthFieldLength;

  if (!aead_.BeginSeal(counter_.Next(), {frame, kLengthFieldLength})) return false;
  for (size_t done = 0; done < length;) {
    const ByteView piece = plaintext.Next(length - done);
    if (!aead_.UpdateSeal(piece, ciphertext + done)) return false;
    done += piece.size;
  }
  return aead_.FinishSeal(ciphertext + length);
}

}  // namespace hapwire
