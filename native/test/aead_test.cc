// The cipher, with the vector of RFC 8439, and the nonce counter.
#include "aead.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "frames.h"
#include "nonce_counter.h"

namespace {

using hapwire::Aead;
using hapwire::CipherContexts;
using hapwire::Direction;
using hapwire::Nonce;
using hapwire::NonceCounter;
using hapwire::testing::Bytes;
using hapwire::testing::FromHex;
using hapwire::testing::FromText;
using hapwire::testing::Key;
using hapwire::testing::kKey;
using hapwire::testing::Message;
using hapwire::testing::NonceOf;
using hapwire::testing::Slice;
using hapwire::testing::View;

/// [RFC 8439 §2.8.2]
struct Vector {
  const Bytes plaintext = FromText(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
      "sunscreen would be it.");
  const Bytes aad = FromHex("50515253c0c1c2c3c4c5c6c7");
  const Nonce nonce = {0x07, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47};
  const Bytes ciphertext = FromHex(
      "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da"
      "92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585"
      "808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116");
  const Bytes tag = FromHex("1ae10b594f09e26a7e902ecbd0600691");

  /// Opens a message under the vector's key and nonce.
  bool Open(const Bytes& its_aad, const Bytes& its_ciphertext, const Bytes& its_tag) const {
    Aead aead(Direction::kOpen, kKey.data());
    Bytes output(its_ciphertext.size());
    return aead.Open(nonce, View(its_aad), View(its_ciphertext), its_tag.data(), output.data());
  }
};

/// Calls `check` with each copy of `bytes` in which one bit differs.
template <typename Check>
void ForEachFlippedBit(const Bytes& bytes, Check check) {
  for (size_t i = 0; i < bytes.size() * 8; ++i) {
    Bytes copy = bytes;
    copy[i / 8] ^= static_cast<uint8_t>(1 << (i % 8));
    CAPTURE(i);
    check(copy);
  }
}

TEST_CASE("the vector of RFC 8439 seals") {
  const Vector vector;
  Aead aead(Direction::kSeal, kKey.data());
  REQUIRE(aead.ok());
  Bytes tag(hapwire::kTagLength);
  Bytes output(vector.plaintext.size());

  SUBCASE("into other memory") {
    CHECK(aead.Seal(vector.nonce, View(vector.aad), View(vector.plaintext), output.data(),
                    tag.data()));
  }
  SUBCASE("in place") {
    output = vector.plaintext;
    CHECK(aead.Seal(vector.nonce, View(vector.aad), View(output), output.data(), tag.data()));
  }
  CHECK(output == vector.ciphertext);
  CHECK(tag == vector.tag);
}

TEST_CASE("the vector of RFC 8439 seals in pieces, wherever it is cut") {
  const Vector vector;
  Aead aead(Direction::kSeal, kKey.data());
  for (size_t cut = 0; cut <= vector.plaintext.size(); ++cut) {
    CAPTURE(cut);
    const Bytes head = Slice(vector.plaintext, 0, cut);
    const Bytes tail = Slice(vector.plaintext, cut, vector.plaintext.size());
    Bytes output(vector.plaintext.size());
    Bytes tag(hapwire::kTagLength);
    REQUIRE(aead.BeginSeal(vector.nonce, View(vector.aad)));
    REQUIRE(aead.UpdateSeal(View(head), output.data()));
    REQUIRE(aead.UpdateSeal({}, nullptr));
    REQUIRE(aead.UpdateSeal(View(tail), output.data() + cut));
    REQUIRE(aead.FinishSeal(tag.data()));
    REQUIRE(output == vector.ciphertext);
    REQUIRE(tag == vector.tag);
  }
}

TEST_CASE("the vector of RFC 8439 opens") {
  const Vector vector;
  Aead aead(Direction::kOpen, kKey.data());
  REQUIRE(aead.ok());
  Bytes output(vector.ciphertext.size());

  SUBCASE("into other memory") {
    CHECK(aead.Open(vector.nonce, View(vector.aad), View(vector.ciphertext), vector.tag.data(),
                    output.data()));
  }
  SUBCASE("in place") {
    output = vector.ciphertext;
    CHECK(
        aead.Open(vector.nonce, View(vector.aad), View(output), vector.tag.data(), output.data()));
  }
  CHECK(output == vector.plaintext);
}

TEST_CASE("one bit that differs, and it does not open") {
  const Vector vector;
  REQUIRE(vector.Open(vector.aad, vector.ciphertext, vector.tag));
  ForEachFlippedBit(vector.tag, [&](const Bytes& tag) {
    REQUIRE_FALSE(vector.Open(vector.aad, vector.ciphertext, tag));
  });
  ForEachFlippedBit(vector.ciphertext, [&](const Bytes& ciphertext) {
    REQUIRE_FALSE(vector.Open(vector.aad, ciphertext, vector.tag));
  });
  ForEachFlippedBit(vector.aad, [&](const Bytes& aad) {
    REQUIRE_FALSE(vector.Open(aad, vector.ciphertext, vector.tag));
  });
}

TEST_CASE("more or less of a message does not open") {
  const Vector vector;
  Bytes longer = vector.ciphertext;
  longer.push_back(0);
  CHECK_FALSE(vector.Open(vector.aad, longer, vector.tag));
  CHECK_FALSE(vector.Open(vector.aad, Slice(vector.ciphertext, 0, 113), vector.tag));
  CHECK_FALSE(vector.Open({}, vector.ciphertext, vector.tag));
}

TEST_CASE("another key or another nonce does not open") {
  const Vector vector;
  auto key = kKey;
  key[31] ^= 1;
  Aead other(Direction::kOpen, key.data());
  Bytes output(vector.ciphertext.size());
  CHECK_FALSE(other.Open(vector.nonce, View(vector.aad), View(vector.ciphertext), vector.tag.data(),
                         output.data()));

  Nonce nonce = vector.nonce;
  nonce[0] ^= 1;
  Aead same(Direction::kOpen, kKey.data());
  CHECK_FALSE(same.Open(nonce, View(vector.aad), View(vector.ciphertext), vector.tag.data(),
                        output.data()));
}

TEST_CASE("a context opens after it refused") {
  const Vector vector;
  Aead aead(Direction::kOpen, kKey.data());
  Bytes output(vector.ciphertext.size());
  const Bytes wrong_tag(hapwire::kTagLength);
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(aead.Open(vector.nonce, View(vector.aad), View(vector.ciphertext), wrong_tag.data(),
                          output.data()));
    CHECK(aead.Open(vector.nonce, View(vector.aad), View(vector.ciphertext), vector.tag.data(),
                    output.data()));
  }
  CHECK(output == vector.plaintext);
}

TEST_CASE("one context seals one message after the other, the key set once") {
  Aead sealer(Direction::kSeal, kKey.data());
  Aead opener(Direction::kOpen, kKey.data());
  const Bytes plaintext = Message(1024);
  for (uint64_t counter = 0; counter < 20; ++counter) {
    Bytes bytes = plaintext;
    Bytes tag(hapwire::kTagLength);
    REQUIRE(sealer.Seal(NonceOf(counter), {}, View(bytes), bytes.data(), tag.data()));
    REQUIRE(bytes != plaintext);
    REQUIRE(opener.Open(NonceOf(counter), {}, View(bytes), tag.data(), bytes.data()));
    REQUIRE(bytes == plaintext);
  }
}

TEST_CASE("ciphers that share a context work by turns, each under its own key") {
  Key other_key = kKey;
  other_key[0] ^= 1;
  const auto contexts = hapwire::Shared<CipherContexts>::Make(1);
  Aead sealer(Direction::kSeal, kKey.data(), contexts);
  Aead opener(Direction::kOpen, kKey.data(), contexts);
  Aead other_sealer(Direction::kSeal, other_key.data(), contexts);
  const Bytes plaintext = Message(100);
  Bytes tag(hapwire::kTagLength);
  Bytes other_tag(hapwire::kTagLength);
  for (uint64_t counter = 0; counter < 3; ++counter) {
    Bytes bytes = plaintext;
    Bytes other_bytes = plaintext;
    REQUIRE(sealer.Seal(NonceOf(counter), {}, View(bytes), bytes.data(), tag.data()));
    REQUIRE(other_sealer.Seal(NonceOf(counter), {}, View(other_bytes), other_bytes.data(),
                              other_tag.data()));
    CHECK(bytes != other_bytes);
    REQUIRE(opener.Open(NonceOf(counter), {}, View(bytes), tag.data(), bytes.data()));
    CHECK(bytes == plaintext);
    CHECK_FALSE(
        opener.Open(NonceOf(counter), {}, View(other_bytes), other_tag.data(), other_bytes.data()));
  }
}

TEST_CASE("a cipher goes on after another with its context has ended") {
  const auto contexts = hapwire::Shared<CipherContexts>::Make(1);
  const Bytes plaintext = Message(100);
  Bytes bytes(plaintext.size());
  Bytes tag(hapwire::kTagLength);
  Aead sealer(Direction::kSeal, kKey.data(), contexts);
  { const Aead last(Direction::kOpen, kKey.data(), contexts); }
  REQUIRE(sealer.Seal(NonceOf(0), {}, View(plaintext), bytes.data(), tag.data()));
  REQUIRE(Aead(Direction::kOpen, kKey.data(), contexts)
              .Open(NonceOf(0), {}, View(bytes), tag.data(), bytes.data()));
  CHECK(bytes == plaintext);
}

TEST_CASE("nothing but a tag: an empty message") {
  const Vector vector;
  Aead sealer(Direction::kSeal, kKey.data());
  Bytes tag(hapwire::kTagLength);
  REQUIRE(sealer.Seal(vector.nonce, View(vector.aad), {}, nullptr, tag.data()));
  CHECK(vector.Open(vector.aad, {}, tag));
  CHECK_FALSE(vector.Open({}, {}, tag));
}

TEST_CASE("a destroyed cipher does nothing") {
  const Vector vector;
  Aead aead(Direction::kSeal, kKey.data());
  aead.Destroy();
  CHECK_FALSE(aead.ok());
  Bytes output(vector.plaintext.size());
  Bytes tag(hapwire::kTagLength);
  CHECK_FALSE(aead.BeginSeal(vector.nonce, View(vector.aad)));
  CHECK_FALSE(
      aead.Seal(vector.nonce, View(vector.aad), View(vector.plaintext), output.data(), tag.data()));
  CHECK_FALSE(aead.Open(vector.nonce, View(vector.aad), View(vector.ciphertext), vector.tag.data(),
                        output.data()));
  CHECK(output == Bytes(vector.plaintext.size()));
  aead.Destroy();
}

TEST_CASE("Wipe writes zeros, and only to its range") {
  Bytes bytes(8, 0xaa);
  hapwire::Wipe(bytes.data() + 1, 6);
  CHECK(bytes == FromHex("aa000000000000aa"));
}

TEST_CASE("the library names itself") {
  CHECK(std::string(hapwire::AeadLibraryVersion()).rfind("OpenSSL ", 0) == 0);
}

TEST_CASE("a nonce is 4 zero bytes and the counter, little-endian") {
  const auto first_of = [](uint64_t counter) { return NonceCounter(counter).Next(); };
  CHECK(first_of(0) == Nonce{});
  CHECK(first_of(1) == Nonce{0, 0, 0, 0, 1});
  CHECK(first_of(0x0102030405060708) == Nonce{0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1});
  CHECK(first_of(UINT64_MAX) == Nonce{0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
}

TEST_CASE("the counter goes up by one, and carries over 32 bits") {
  NonceCounter counter(0xfffffffe);
  CHECK(counter.Next() == Nonce{0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff});
  CHECK(counter.Next() == Nonce{0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff});
  CHECK(counter.next() == 0x100000000);
  CHECK(counter.Next() == Nonce{0, 0, 0, 0, 0, 0, 0, 0, 1});
  CHECK(counter.Next() == Nonce{0, 0, 0, 0, 1, 0, 0, 0, 1});
}

TEST_CASE("the last nonce is given once, and then none ever") {
  NonceCounter counter(UINT64_MAX - 1);
  CHECK(counter.Has(2));
  CHECK_FALSE(counter.Has(3));
  counter.Next();
  CHECK(counter.next() == UINT64_MAX);
  CHECK(counter.Has(1));
  CHECK_FALSE(counter.Has(2));
  CHECK(counter.Next() == NonceOf(UINT64_MAX));
  CHECK_FALSE(counter.Has(1));
  CHECK_FALSE(counter.Has(2));
  CHECK_FALSE(counter.Has(UINT64_MAX));
}

TEST_CASE("Has answers for every count without overflow") {
  CHECK(NonceCounter(0).Has(0));
  CHECK(NonceCounter(0).Has(UINT64_MAX));
  CHECK(NonceCounter(1).Has(UINT64_MAX));
  CHECK_FALSE(NonceCounter(2).Has(UINT64_MAX));
  CHECK(NonceCounter(UINT64_MAX).Has(0));
  CHECK(NonceCounter(UINT64_MAX).Has(1));
  CHECK_FALSE(NonceCounter(UINT64_MAX).Has(2));

  NonceCounter exhausted(UINT64_MAX);
  exhausted.Next();
  CHECK(exhausted.Has(0));
}

}  // namespace
