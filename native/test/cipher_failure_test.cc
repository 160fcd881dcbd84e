// What the core does when OpenSSL fails, which with sound arguments it does not: its functions are
// replaced by ones that fail when a test says so.
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "aead.h"
#include "frame_opener.h"
#include "frame_sealer.h"
#include "frames.h"

namespace {

using hapwire::Aead;
using hapwire::CipherContexts;
using hapwire::Direction;
using hapwire::FrameOpener;
using hapwire::FrameSealer;
using hapwire::FrameStatus;
using hapwire::testing::Bytes;
using hapwire::testing::Key;
using hapwire::testing::kKey;
using hapwire::testing::Message;
using hapwire::testing::NonceOf;
using hapwire::testing::View;
using hapwire::testing::Writable;

/// True while keys are refused.
bool refuse_keys = false;

/// How many calls that encrypt, the AAD's included, go well before all fail; -1 if no call fails.
int good_updates = -1;

/// Sets which calls fail, until the end of the scope.
struct Failing {
  Failing(bool keys, int updates) {
    refuse_keys = keys;
    good_updates = updates;
  }
  ~Failing() {
    refuse_keys = false;
    good_updates = -1;
  }
  Failing(const Failing&) = delete;
  Failing& operator=(const Failing&) = delete;
};

/// OpenSSL's own function of this name.
template <typename Function>
Function* Original(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// The executable's functions come before those of the shared library.

int EVP_CipherInit_ex(EVP_CIPHER_CTX* context, const EVP_CIPHER* cipher, ENGINE* engine,
                      const unsigned char* key, const unsigned char* nonce, int encrypt) {
  static auto* const original = Original<decltype(EVP_CipherInit_ex)>("EVP_CipherInit_ex");
  if (refuse_keys) {
    ERR_raise(ERR_LIB_EVP, EVP_R_UNSUPPORTED_CIPHER);  // as in FIPS mode
    return 0;
  }
  return original(context, cipher, engine, key, nonce, encrypt);
}

int EVP_EncryptUpdate(EVP_CIPHER_CTX* context, unsigned char* out, int* written,
                      const unsigned char* in, int size) {
  static auto* const original = Original<decltype(EVP_EncryptUpdate)>("EVP_EncryptUpdate");
  if (good_updates == 0) return 0;
  if (good_updates > 0) --good_updates;
  return original(context, out, written, in, size);
}

namespace {

TEST_CASE("without the cipher there is no sealer and no opener") {
  const Failing failing(true, -1);
  const Bytes message = Message(10);
  const hapwire::ByteView chunk = View(message);
  Bytes output(100);
  size_t written = 1;

  FrameSealer sealer(kKey.data(), 0);
  CHECK_FALSE(sealer.ok());
  CHECK(sealer.Seal(&chunk, 1, Writable(output)) == FrameStatus::kClosed);
  FrameOpener opener(kKey.data(), 0);
  CHECK_FALSE(opener.ok());
  CHECK(opener.Open(chunk, Writable(output), &written) == FrameStatus::kClosed);
  CHECK(written == 0);
}

TEST_CASE("a refused cipher leaves no error in OpenSSL's queue, and keeps those that were there") {
  const Failing failing(true, -1);
  CHECK_FALSE(FrameSealer(kKey.data(), 0).ok());
  CHECK(ERR_peek_error() == 0);

  ERR_raise(ERR_LIB_EVP, EVP_R_BAD_DECRYPT);
  CHECK_FALSE(FrameSealer(kKey.data(), 0).ok());
  CHECK(ERR_GET_REASON(ERR_get_error()) == EVP_R_BAD_DECRYPT);
  CHECK(ERR_get_error() == 0);
}

TEST_CASE("a cipher that fails to take a context over does not use the key that was there") {
  const Bytes message = Message(100);
  Bytes output(message.size());
  Bytes tag(hapwire::kTagLength);
  Key other_key = kKey;
  other_key[0] ^= 1;
  const auto contexts = hapwire::Shared<CipherContexts>::Make(1);
  Aead sealer(Direction::kSeal, kKey.data(), contexts);
  const Aead other(Direction::kSeal, other_key.data(), contexts);
  {
    const Failing failing(true, -1);
    CHECK_FALSE(sealer.Seal(NonceOf(0), {}, View(message), output.data(), tag.data()));
  }
  REQUIRE(sealer.Seal(NonceOf(1), {}, View(message), output.data(), tag.data()));
  Aead opener(Direction::kOpen, kKey.data());
  CHECK(opener.Open(NonceOf(1), {}, View(output), tag.data(), output.data()));
}

TEST_CASE("a failure while sealing closes the sealer, its nonce used up") {
  const Bytes message = Message(1500);
  const hapwire::ByteView chunk = View(message);
  Bytes output(FrameSealer::SealedLength(message.size()));
  FrameSealer sealer(kKey.data(), 0);
  uint64_t nonces = 0;

  SUBCASE("at the AAD") {
    const Failing failing(false, 0);
    CHECK(sealer.Seal(&chunk, 1, Writable(output)) == FrameStatus::kCipher);
    nonces = 1;
  }
  SUBCASE("at the plaintext") {
    const Failing failing(false, 1);
    CHECK(sealer.Seal(&chunk, 1, Writable(output)) == FrameStatus::kCipher);
    nonces = 1;
  }
  SUBCASE("in the second frame") {
    const Failing failing(false, 3);
    CHECK(sealer.Seal(&chunk, 1, Writable(output)) == FrameStatus::kCipher);
    nonces = 2;
  }
  CHECK_FALSE(sealer.ok());
  CHECK(sealer.counter() == nonces);
  CHECK(sealer.Seal(&chunk, 1, Writable(output)) == FrameStatus::kClosed);
}

}  // namespace
