// The sealer against reference frames: messages in chunks of any size, empty ones too.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../test/expect.h"
#include "frame_sealer.h"
#include "input.h"
#include "reference_frames.h"
#include "targets.h"

namespace hapwire::fuzz {

namespace {

constexpr uint32_t kMostChunks = 16;

std::vector<Bytes> ChunksFrom(Input& input) {
  std::vector<Bytes> chunks(input.Below(kMostChunks + 1));
  for (Bytes& chunk : chunks) {
    const uint32_t choice = input.Below(256);
    chunk.resize(choice < 200 ? choice : input.Below(3000));
    for (size_t i = 0; i < chunk.size(); ++i) chunk[i] = static_cast<uint8_t>(choice + i * 11);
  }
  return chunks;
}

std::vector<ByteView> ViewsOf(const std::vector<Bytes>& chunks) {
  std::vector<ByteView> views;
  views.reserve(chunks.size());
  for (const Bytes& chunk : chunks) views.push_back({chunk.data(), chunk.size()});
  return views;
}

std::vector<Bytes> CutIntoFrames(const std::vector<Bytes>& chunks) {
  Bytes message;
  for (const Bytes& chunk : chunks) Append(message, chunk);
  std::vector<Bytes> pieces;
  for (size_t start = 0; start < message.size(); start += kMostInAFrame) {
    const auto begin = message.begin() + static_cast<std::ptrdiff_t>(start);
    const size_t length = std::min(message.size() - start, kMostInAFrame);
    pieces.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(length));
  }
  return pieces;
}

/// The sealer, and how many nonces it has used.
class Comparison {
 public:
  Comparison(const Key& key, uint64_t counter)
      : key_(key), counter_(counter), sealer_(key.data(), counter) {}

  /// Seals one message into memory of just the size for it, or `short_by` bytes less.
  void Seal(const std::vector<Bytes>& chunks, size_t short_by) {
    const std::vector<Bytes> pieces = CutIntoFrames(chunks);
    size_t size = 0;
    size_t length = 0;
    for (const Bytes& piece : pieces) {
      length += piece.size();
      size += piece.size() + kAroundIt;
    }
    EXPECT(hapwire::FrameSealer::SealedLength(length) == size);
    short_by = std::min(short_by, size);

    const std::vector<ByteView> views = ViewsOf(chunks);
    Bytes output(size - short_by, 0xcc);
    const FrameStatus status =
        sealer_.Seal(views.data(), views.size(), {output.data(), output.size()});
    EXPECT(status == Expected(pieces.size(), short_by));
    if (status == FrameStatus::kOk) {
      EXPECT(output == FramesOf(pieces));
    } else {
      EXPECT(output == Bytes(size - short_by, 0xcc));
      closed_ = closed_ || status == FrameStatus::kExhausted;
    }
    EXPECT(sealer_.ok() == !closed_);
  }

 private:
  FrameStatus Expected(size_t frames, size_t short_by) const {
    if (closed_) return FrameStatus::kClosed;
    if (short_by > 0) return FrameStatus::kOutputTooSmall;
    return used_ + frames > Available() ? FrameStatus::kExhausted : FrameStatus::kOk;
  }

  /// How many nonces there are from the first one on, as far as a test can reach.
  size_t Available() const {
    return counter_ < UINT64_MAX - 1000000 ? 1000000 : UINT64_MAX - counter_ + 1;
  }

  Bytes FramesOf(const std::vector<Bytes>& pieces) {
    Bytes frames;
    for (const Bytes& piece : pieces)
      Append(frames, ReferenceFrame(key_, counter_ + used_++, piece));
    return frames;
  }

  const Key key_;
  const uint64_t counter_;
  size_t used_ = 0;
  bool closed_ = false;
  hapwire::FrameSealer sealer_;
};

}  // namespace

void FrameSealer(ByteView bytes) {
  Input input(bytes);
  const Key key = KeyFrom(input);
  Comparison comparison(key, CounterFrom(input));
  while (!input.empty()) {
    const size_t short_by = input.Below(16) == 1 ? 1 + input.Below(40) : 0;
    comparison.Seal(ChunksFrom(input), short_by);
  }
}

}  // namespace hapwire::fuzz
