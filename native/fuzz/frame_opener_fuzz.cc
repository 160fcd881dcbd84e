// The opener against a model that knows no cipher: a frame opens if it equals, byte for byte, the
// next frame that was sealed.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../test/expect.h"
#include "frame_opener.h"
#include "input.h"
#include "reference_frames.h"
#include "targets.h"

namespace hapwire::fuzz {

namespace {

/// A length that Open would never leave in `written`.
constexpr size_t kUnset = 999999;
constexpr uint32_t kMostFrames = 12;

/// What the sender sealed, frame by frame.
struct Sealed {
  std::vector<Bytes> plaintexts;
  std::vector<Bytes> frames;
};

Bytes PlaintextFrom(Input& input) {
  // A frame is mostly short here, that many fit the time; or its length is one at the edges.
  constexpr uint32_t kEdges[] = {0, 1, 1023, kMostInAFrame};
  const uint32_t choice = input.Below(256);
  const uint32_t length = choice < 4 ? kEdges[choice] : choice < 32 ? input.Below(1025) : choice;
  const uint8_t first = input.Byte();
  Bytes plaintext(length);
  for (size_t i = 0; i < length; ++i) plaintext[i] = static_cast<uint8_t>(first + i * 7);
  return plaintext;
}

/// Seals frames. Stops early if the counter ends.
Sealed SealedFrom(Input& input, const Key& key, uint64_t counter) {
  Sealed sealed;
  const uint32_t count = input.Below(kMostFrames + 1);
  for (uint32_t i = 0; i < count && counter + i >= counter; ++i) {
    sealed.plaintexts.push_back(PlaintextFrom(input));
    sealed.frames.push_back(ReferenceFrame(key, counter + i, sealed.plaintexts.back()));
  }
  return sealed;
}

/// Does to the stream what an attacker, a lossy proxy or nobody does.
void Damage(Input& input, const Sealed& sealed, Bytes& stream) {
  const auto place = [&](size_t end) {
    return stream.begin() + static_cast<std::ptrdiff_t>(input.Below(static_cast<uint32_t>(end)));
  };
  switch (input.Below(8)) {
    case 0:
      if (!stream.empty()) *place(stream.size()) ^= static_cast<uint8_t>(1 << input.Below(8));
      return;
    case 1:
      if (!stream.empty()) stream.erase(place(stream.size()));
      return;
    case 2: {
      const auto at = place(stream.size() + 1);
      stream.insert(at, input.Byte());
      return;
    }
    case 3:  // a frame once more, at the end
      if (!sealed.frames.empty()) {
        Append(stream, sealed.frames[input.Below(static_cast<uint32_t>(sealed.frames.size()))]);
      }
      return;
    case 4:
      for (uint32_t count = input.Below(64); count > 0; --count) stream.push_back(input.Byte());
      return;
    default:
      return;
  }
}

/// How many frames one segment may complete: mostly more than there are.
size_t MaxFramesFrom(Input& input) {
  const uint32_t choice = input.Below(16);
  return choice < 4 ? choice : SIZE_MAX;
}

/// Opens by comparing.
class Model {
 public:
  Model(const Sealed& sealed, uint64_t counter, size_t max_frames)
      : sealed_(sealed), counter_(counter), max_frames_(max_frames) {}

  /// What a segment gives. Its plaintext is appended to `plaintext`, unless it fails.
  FrameStatus Open(const Bytes& segment, Bytes* plaintext) {
    if (closed_) return FrameStatus::kClosed;
    Append(pending_, segment);
    Bytes opened;
    const FrameStatus status = OpenAll(&opened);
    if (status == FrameStatus::kOk) {
      Append(*plaintext, opened);
    } else {
      Close();
    }
    return status;
  }

  void Close() {
    closed_ = true;
    pending_.clear();
  }

  bool closed() const { return closed_; }
  size_t pending_length() const { return pending_.size(); }
  /// The counter of the next frame; of no meaning if the last counter is used up.
  uint64_t counter() const { return counter_ + next_; }
  bool exhausted() const { return next_ > 0 && counter() == 0; }

 private:
  FrameStatus OpenAll(Bytes* plaintext) {
    for (size_t frames = 0; pending_.size() >= 2; ++frames) {
      const size_t length = pending_[0] + size_t{256} * pending_[1];
      if (length > kMostInAFrame) return FrameStatus::kTooLong;
      if (pending_.size() < length + kAroundIt) break;
      if (frames == max_frames_) return FrameStatus::kTooMany;
      if (exhausted()) return FrameStatus::kExhausted;
      const auto end = pending_.begin() + static_cast<std::ptrdiff_t>(length + kAroundIt);
      const Bytes frame(pending_.begin(), end);
      pending_.erase(pending_.begin(), end);
      const size_t index = next_++;
      if (index >= sealed_.frames.size() || sealed_.frames[index] != frame) {
        return FrameStatus::kAuthentication;
      }
      Append(*plaintext, sealed_.plaintexts[index]);
    }
    return FrameStatus::kOk;
  }

  const Sealed& sealed_;
  const uint64_t counter_;
  const size_t max_frames_;
  size_t next_ = 0;
  Bytes pending_;
  bool closed_ = false;
};

/// Gives the opener and the model the same segments.
class Comparison {
 public:
  Comparison(Input& input, const Key& key, uint64_t counter, const Sealed& sealed,
             size_t max_frames)
      : input_(input),
        opener_(key.data(), counter, max_frames),
        model_(sealed, counter, max_frames) {
    EXPECT(opener_.ok());
  }

  void Open(const Bytes& segment) {
    const uint32_t choice = input_.Below(64);
    if (choice == 1) TryTooSmall(segment);
    if (choice == 2) {
      opener_.Destroy();
      model_.Close();
    }
    Bytes expected;
    const FrameStatus status = model_.Open(segment, &expected);

    // Exactly the size that is required, so that AddressSanitizer sees every write past its end.
    Bytes in(segment);
    Bytes other(opener_.pending_length() + in.size());
    const bool in_place = choice % 2 == 0 && opener_.pending_length() == 0;
    Bytes& out = in_place ? in : other;
    size_t written = kUnset;
    EXPECT(opener_.Open({in.data(), in.size()}, {out.data(), out.size()}, &written) == status);
    EXPECT(written == expected.size());
    EXPECT(std::equal(expected.begin(), expected.end(), out.begin()));
    EXPECT(in_place || in == segment);
    CompareState();
  }

  void CompareState() {
    EXPECT(opener_.ok() == !model_.closed());
    EXPECT(opener_.pending_length() == model_.pending_length());
    EXPECT(model_.exhausted() || opener_.counter() == model_.counter());
  }

 private:
  /// With a byte too few, nothing may happen.
  void TryTooSmall(const Bytes& segment) {
    const size_t needed = opener_.pending_length() + segment.size();
    if (needed == 0 || model_.closed()) return;
    Bytes out(needed - 1, 0xcc);
    size_t written = kUnset;
    EXPECT(opener_.Open({segment.data(), segment.size()}, {out.data(), out.size()}, &written) ==
           FrameStatus::kOutputTooSmall);
    EXPECT(written == 0);
    EXPECT(out == Bytes(needed - 1, 0xcc));
    CompareState();
  }

  Input& input_;
  hapwire::FrameOpener opener_;
  Model model_;
};

/// The length of the next segment: some bytes, some frames, or all the rest.
size_t SegmentLength(Input& input, size_t remaining) {
  if (input.empty()) return remaining;
  const uint32_t choice = input.Below(256);
  const size_t length = choice < 200 ? choice : input.Below(4096);
  return std::min(length, remaining);
}

}  // namespace

void FrameOpener(ByteView bytes) {
  Input input(bytes);
  const Key key = KeyFrom(input);
  const uint64_t counter = CounterFrom(input);
  const Sealed sealed = SealedFrom(input, key, counter);
  Bytes stream;
  for (const Bytes& frame : sealed.frames) Append(stream, frame);
  Damage(input, sealed, stream);

  Comparison comparison(input, key, counter, sealed, MaxFramesFrom(input));
  for (auto next = stream.begin(); next != stream.end();) {
    const auto remaining = static_cast<size_t>(stream.end() - next);
    const auto end = next + static_cast<std::ptrdiff_t>(SegmentLength(input, remaining));
    comparison.Open(Bytes(next, end));
    next = end;
  }
  comparison.Open({});
}

}  // namespace hapwire::fuzz
