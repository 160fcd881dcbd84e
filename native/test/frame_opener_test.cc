// The opener: a stream cut anywhere, in place and into other memory, and each way it ends.
#include "frame_opener.h"

#include <doctest/doctest.h>
#include <openssl/err.h>

#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "frames.h"

namespace {

using hapwire::FrameOpener;
using hapwire::FrameStatus;
using hapwire::testing::Append;
using hapwire::testing::Bytes;
using hapwire::testing::Frame;
using hapwire::testing::FromHex;
using hapwire::testing::kKey;
using hapwire::testing::Message;
using hapwire::testing::Slice;
using hapwire::testing::View;
using hapwire::testing::Writable;

/// The memory that takes the plaintext of a segment.
enum class Output {
  kOther,
  /// The segment's own memory, if the opener allows that.
  kInPlace,
};

constexpr Output kOutputs[] = {Output::kOther, Output::kInPlace};

/// A length that Open would never leave in `written`.
constexpr size_t kUnset = 999999;

/// Frames back to back, and their plaintext.
struct Stream {
  explicit Stream(std::initializer_list<size_t> sizes, uint64_t counter = 0) {
    for (const size_t size : sizes) {
      const Bytes message = Message(size);
      Append(frames, Frame(message, counter++));
      Append(plaintext, message);
    }
  }

  Bytes frames;
  Bytes plaintext;
};

/// An opener, and all plaintext that it has handed out.
class Reader {
 public:
  explicit Reader(Output output = Output::kOther, uint64_t counter = 0)
      : opener(kKey.data(), counter), output_(output) {}

  /// Opens one segment. The memory has exactly the size that it needs, so that a sanitizer
  /// sees every write past its end.
  FrameStatus Open(Bytes segment) {
    size_t written = kUnset;
    Bytes memory(opener.pending_length() + segment.size());
    const bool in_place = output_ == Output::kInPlace && opener.pending_length() == 0;
    Bytes& output = in_place ? segment : memory;
    const FrameStatus status = opener.Open(View(segment), Writable(output), &written);
    REQUIRE(written <= output.size());
    if (status != FrameStatus::kOk) CHECK(written == 0);
    Append(plaintext, Slice(output, 0, written));
    return status;
  }

  /// Opens a stream that is cut at `cuts`; the last status.
  FrameStatus OpenCut(const Bytes& stream, const std::vector<size_t>& cuts) {
    size_t start = 0;
    for (const size_t cut : cuts) {
      const FrameStatus status = Open(Slice(stream, start, cut));
      if (status != FrameStatus::kOk) return status;
      start = cut;
    }
    return Open(Slice(stream, start, stream.size()));
  }

  FrameOpener opener;
  Bytes plaintext;

 private:
  Output output_;
};

/// Checks that an opener has ended: it holds nothing, and takes nothing.
void CheckClosed(Reader& reader) {
  CHECK_FALSE(reader.opener.ok());
  CHECK(reader.opener.pending_length() == 0);
  CHECK(reader.Open({}) == FrameStatus::kClosed);
  CHECK(reader.Open(Frame(Message(5), reader.opener.counter())) == FrameStatus::kClosed);
  CHECK(reader.opener.pending_length() == 0);
}

TEST_CASE("frames that node:crypto made open") {
  Reader reader;
  REQUIRE(reader.opener.ok());
  CHECK(reader.Open(FromHex("0700621d4a820f74decc986d027a059394b0503c65b1088055")) ==
        FrameStatus::kOk);
  CHECK(reader.Open(FromHex("0700ab5024224f511752e5bad86de1dceb6a53ff5045f421c2")) ==
        FrameStatus::kOk);
  CHECK(reader.plaintext == hapwire::testing::FromText("HAP/1.0HAP/1.0"));
  CHECK(reader.opener.counter() == 2);
}

TEST_CASE("a stream of several frames opens wherever it is split in two") {
  const Stream stream({5, 1024, 0, 1, 700, 16});
  for (const Output output : kOutputs) {
    for (size_t cut = 0; cut <= stream.frames.size(); ++cut) {
      CAPTURE(cut);
      Reader reader(output);
      REQUIRE(reader.OpenCut(stream.frames, {cut}) == FrameStatus::kOk);
      REQUIRE(reader.plaintext == stream.plaintext);
      REQUIRE(reader.opener.pending_length() == 0);
      REQUIRE(reader.opener.counter() == 6);
    }
  }
}

TEST_CASE("a stream of several frames opens wherever it is split in three") {
  const Stream stream({3, 0, 20, 1});
  for (const Output output : kOutputs) {
    for (size_t first = 0; first <= stream.frames.size(); ++first) {
      for (size_t second = first; second <= stream.frames.size(); ++second) {
        CAPTURE(first);
        CAPTURE(second);
        Reader reader(output);
        REQUIRE(reader.OpenCut(stream.frames, {first, second}) == FrameStatus::kOk);
        REQUIRE(reader.plaintext == stream.plaintext);
      }
    }
  }
}

TEST_CASE("a stream opens in segments of any one size, from a byte up") {
  const Stream stream({1024, 1, 1023, 0, 300});
  for (const Output output : kOutputs) {
    for (const size_t size : {1, 2, 3, 17, 18, 19, 500, 1041, 1042, 1043, 2000}) {
      CAPTURE(size);
      std::vector<size_t> cuts;
      for (size_t cut = size; cut < stream.frames.size(); cut += size) cuts.push_back(cut);
      Reader reader(output);
      REQUIRE(reader.OpenCut(stream.frames, cuts) == FrameStatus::kOk);
      REQUIRE(reader.plaintext == stream.plaintext);
    }
  }
}

TEST_CASE("a frame is handed out with its last byte, not before, and no other is held") {
  const Bytes frame = Frame(Message(1024), 0);
  Reader reader;
  for (size_t i = 0; i + 1 < frame.size(); ++i) {
    REQUIRE(reader.Open({frame[i]}) == FrameStatus::kOk);
    REQUIRE(reader.opener.pending_length() == i + 1);
    REQUIRE(reader.opener.counter() == 0);
  }
  CHECK(reader.plaintext.empty());
  CHECK(reader.Open({frame.back()}) == FrameStatus::kOk);
  CHECK(reader.plaintext == Message(1024));
  CHECK(reader.opener.pending_length() == 0);
  CHECK(reader.opener.counter() == 1);
}

TEST_CASE("a hundred frames in one segment, and the start of one more") {
  Bytes segment;
  Bytes plaintext;
  for (uint64_t i = 0; i < 100; ++i) {
    const Bytes message = Message(i * 11 % 1025);
    Append(segment, Frame(message, i));
    Append(plaintext, message);
  }
  const Bytes last = Frame(Message(40), 100);
  Append(segment, Slice(last, 0, 57));
  for (const Output output : kOutputs) {
    Reader reader(output);
    CHECK(reader.Open(segment) == FrameStatus::kOk);
    CHECK(reader.plaintext == plaintext);
    CHECK(reader.opener.pending_length() == 57);
    CHECK(reader.Open({last[57]}) == FrameStatus::kOk);
    CHECK(reader.plaintext.size() == plaintext.size() + 40);
  }
}

TEST_CASE("the bound on frames in a segment: met exactly it holds, passed by one it ends") {
  const Stream three({5, 0, 7});
  const Bytes fourth = Frame(Message(9), 3);
  Bytes output(2000);
  size_t written = kUnset;

  FrameOpener opener(kKey.data(), 0, 3);
  CHECK(opener.Open(View(three.frames), Writable(output), &written) == FrameStatus::kOk);
  CHECK(written == 12);
  // Each segment has its own count. A frame counts in the segment that completes it.
  Bytes segment = Slice(fourth, 0, 10);
  CHECK(opener.Open(View(segment), Writable(output), &written) == FrameStatus::kOk);
  segment = Slice(fourth, 10, fourth.size());
  Append(segment, Stream({1, 2}, 4).frames);
  SUBCASE("with a frame that was pending, met") {
    CHECK(opener.Open(View(segment), Writable(output), &written) == FrameStatus::kOk);
    CHECK(written == 12);
    CHECK(opener.counter() == 6);
  }
  SUBCASE("with a frame that was pending, passed") {
    Append(segment, Frame({}, 6));
    CHECK(opener.Open(View(segment), Writable(output), &written) == FrameStatus::kTooMany);
    CHECK(written == 0);
    CHECK_FALSE(opener.ok());
    CHECK(opener.Open({}, {}, &written) == FrameStatus::kClosed);
  }
}

TEST_CASE("an empty segment changes nothing") {
  Reader reader;
  CHECK(reader.Open({}) == FrameStatus::kOk);
  size_t written = kUnset;
  CHECK(reader.opener.Open({}, {}, &written) == FrameStatus::kOk);
  CHECK(written == 0);
  reader.Open({4});
  CHECK(reader.Open({}) == FrameStatus::kOk);
  CHECK(reader.opener.pending_length() == 1);
}

TEST_CASE("a frame of length zero is a frame: it uses a nonce, and its tag counts") {
  for (const Output output : kOutputs) {
    Reader reader(output);
    CHECK(reader.Open(Frame({}, 0)) == FrameStatus::kOk);
    CHECK(reader.plaintext.empty());
    CHECK(reader.opener.counter() == 1);
    CHECK(reader.Open(Frame({}, 0)) == FrameStatus::kAuthentication);
    CheckClosed(reader);
  }
}

/// Checks that a stream is refused for its length at its last segment, and at no earlier one.
void CheckTooLong(const std::vector<Bytes>& segments) {
  Reader reader;
  for (size_t i = 0; i + 1 < segments.size(); ++i)
    CHECK(reader.Open(segments[i]) == FrameStatus::kOk);
  CHECK(reader.Open(segments.back()) == FrameStatus::kTooLong);
  CHECK(reader.plaintext.empty());
  CheckClosed(reader);
}

TEST_CASE("a frame is too long as soon as both bytes of its length are here") {
  const Bytes frame = Frame(Message(9), 0);
  // 1,025, 1,280 and 65,535.
  for (const Bytes& length : {Bytes{0x01, 0x04}, Bytes{0x00, 0x05}, Bytes{0xff, 0xff}}) {
    CAPTURE(length[0]);
    CheckTooLong({length});
    CheckTooLong({{length[0]}, {length[1]}});

    Bytes with_more = length;
    with_more.resize(70000);
    CheckTooLong({with_more});

    Bytes behind_frame = frame;
    Append(behind_frame, length);
    CheckTooLong({behind_frame});
    CheckTooLong({Slice(frame, 0, 4), Slice(behind_frame, 4, behind_frame.size())});
  }
}

TEST_CASE("the longest length is not too long") {
  Reader reader;
  CHECK(reader.Open({0x00, 0x04}) == FrameStatus::kOk);
  CHECK(reader.opener.pending_length() == 2);
}

TEST_CASE("one bit of a frame that differs ends it, nothing handed out") {
  const Bytes frame = Frame(Message(40), 0);
  for (const Output output : kOutputs) {
    for (size_t i = 0; i < frame.size() * 8; ++i) {
      CAPTURE(i);
      Bytes stream = frame;
      stream[i / 8] ^= static_cast<uint8_t>(1 << (i % 8));
      const size_t length = stream[0] + size_t{256} * stream[1];
      // Enough for the length to be complete, whatever it is now.
      stream.resize(frame.size() + 1024);
      Reader reader(output);
      REQUIRE(reader.Open(stream) ==
              (length > 1024 ? FrameStatus::kTooLong : FrameStatus::kAuthentication));
      REQUIRE(reader.plaintext.empty());
      CheckClosed(reader);
    }
  }
  CHECK(ERR_peek_error() == 0);  // OpenSSL counts a wrong tag as no error
}

TEST_CASE("one byte of a frame that differs ends it, however the frame is split") {
  const Bytes frame = Frame(Message(6), 0);
  for (size_t at = 2; at < frame.size(); ++at) {
    Bytes stream = frame;
    stream[at] ^= 0x80;
    for (size_t cut = 1; cut < stream.size(); ++cut) {
      CAPTURE(at);
      CAPTURE(cut);
      Reader reader;
      REQUIRE(reader.OpenCut(stream, {cut}) == FrameStatus::kAuthentication);
      REQUIRE(reader.plaintext.empty());
      CheckClosed(reader);
    }
  }
}

TEST_CASE("a bad frame behind good ones: nothing of the segment is handed out") {
  for (const Output output : kOutputs) {
    Bytes segment = Stream({10, 200, 30}).frames;
    segment.back() ^= 1;
    Reader reader(output);
    CHECK(reader.Open(segment) == FrameStatus::kAuthentication);
    CHECK(reader.plaintext.empty());
    CheckClosed(reader);
  }
}

TEST_CASE("keeps the plaintext that it handed out before a bad frame") {
  Reader reader;
  CHECK(reader.Open(Frame(Message(10), 0)) == FrameStatus::kOk);
  CHECK(reader.Open(Frame(Message(10), 7)) == FrameStatus::kAuthentication);
  CHECK(reader.plaintext == Message(10));
  CheckClosed(reader);
}

TEST_CASE("a frame that is replayed, skipped, swapped or of another key does not open") {
  const Bytes first = Frame(Message(10), 0);
  const Bytes second = Frame(Message(20), 1);

  SUBCASE("replayed") {
    Reader reader;
    CHECK(reader.Open(first) == FrameStatus::kOk);
    CHECK(reader.Open(first) == FrameStatus::kAuthentication);
    CheckClosed(reader);
  }
  SUBCASE("replayed in one segment") {
    Bytes segment = first;
    Append(segment, first);
    Reader reader;
    CHECK(reader.Open(segment) == FrameStatus::kAuthentication);
    CHECK(reader.plaintext.empty());
    CheckClosed(reader);
  }
  SUBCASE("skipped") {
    Reader reader;
    CHECK(reader.Open(second) == FrameStatus::kAuthentication);
    CheckClosed(reader);
  }
  SUBCASE("of another key") {
    auto key = kKey;
    key[0] ^= 1;
    Reader reader;
    CHECK(reader.Open(Frame(Message(10), 0, key)) == FrameStatus::kAuthentication);
    CheckClosed(reader);
  }
}

TEST_CASE("with memory that is too small nothing is done") {
  const Stream stream({100, 50});
  const Bytes head = Slice(stream.frames, 0, 30);
  const Bytes tail = Slice(stream.frames, 30, stream.frames.size());
  Reader reader;
  size_t written = kUnset;

  Bytes small(head.size() - 1, 0xcc);
  CHECK(reader.opener.Open(View(head), Writable(small), &written) == FrameStatus::kOutputTooSmall);
  CHECK(written == 0);
  CHECK(reader.opener.pending_length() == 0);
  REQUIRE(reader.Open(head) == FrameStatus::kOk);

  // Memory of the segment's size does not suffice if bytes are pending.
  for (const size_t size : {size_t{0}, size_t{29}, tail.size(), tail.size() + 29}) {
    CAPTURE(size);
    small.assign(size, 0xcc);
    written = kUnset;
    CHECK(reader.opener.Open(View(tail), Writable(small), &written) ==
          FrameStatus::kOutputTooSmall);
    CHECK(written == 0);
    CHECK(small == Bytes(size, 0xcc));
    CHECK(reader.opener.pending_length() == 30);
    CHECK(reader.opener.counter() == 0);
  }
  CHECK(reader.Open(tail) == FrameStatus::kOk);
  CHECK(reader.plaintext == stream.plaintext);
}

TEST_CASE("the last counter opens one frame, and the next is refused") {
  const Bytes message = Message(10);
  const Bytes last = Frame(message, UINT64_MAX);
  SUBCASE("one after the other") {
    Reader reader(Output::kOther, UINT64_MAX);
    CHECK(reader.Open(last) == FrameStatus::kOk);
    CHECK(reader.plaintext == message);
    CHECK(reader.Open(Frame(message, 0)) == FrameStatus::kExhausted);
    CheckClosed(reader);
  }
  SUBCASE("in one segment") {
    Bytes segment = last;
    Append(segment, last);
    Reader reader(Output::kInPlace, UINT64_MAX);
    CHECK(reader.Open(segment) == FrameStatus::kExhausted);
    CHECK(reader.plaintext.empty());
    CheckClosed(reader);
  }
  SUBCASE("the second split") {
    Bytes segment = last;
    Append(segment, {0x00});
    Reader reader(Output::kOther, UINT64_MAX);
    CHECK(reader.Open(segment) == FrameStatus::kOk);
    CHECK(reader.plaintext == message);
    CHECK(reader.Open(Bytes(17)) == FrameStatus::kExhausted);
    CheckClosed(reader);
  }
}

TEST_CASE("the counter may start anywhere, and carries over 32 bits") {
  const Stream stream({10, 20, 30}, 0xfffffffe);
  Reader reader(Output::kOther, 0xfffffffe);
  CHECK(reader.Open(stream.frames) == FrameStatus::kOk);
  CHECK(reader.plaintext == stream.plaintext);
  CHECK(reader.opener.counter() == 0x100000001);
}

TEST_CASE("a destroyed opener is closed, destroyed twice too") {
  Reader reader;
  CHECK(reader.Open(Slice(Frame(Message(100), 0), 0, 50)) == FrameStatus::kOk);
  reader.opener.Destroy();
  CheckClosed(reader);
  reader.opener.Destroy();
  CheckClosed(reader);
}

}  // namespace
