// The loop.
#include "evp_loop.h"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "avx_state.h"

namespace hapwire::bench {

namespace {

// The frame: 2 bytes of length, little-endian, which are the AAD | ciphertext | 16 bytes of tag.
constexpr size_t kMaxPlaintext = 1024;
constexpr size_t kLengthFieldLength = 2;
constexpr size_t kTagLength = 16;
constexpr size_t kOverhead = kLengthFieldLength + kTagLength;

using Nonce = std::array<uint8_t, 12>;

/// Four zero bytes, then the counter, little-endian.
Nonce NonceOf(uint64_t counter) {
  Nonce nonce = {};
  for (size_t i = 4; i < nonce.size(); ++i) {
    nonce[i] = static_cast<uint8_t>(counter);
    counter >>= 8;
  }
  return nonce;
}

size_t SealedLength(size_t length) {
  return length + (length + kMaxPlaintext - 1) / kMaxPlaintext * kOverhead;
}

/// Cleans the AVX state after a final, as the addon does.
bool Final(int result) {
  CleanAvxState();
  return result == 1;
}

}  // namespace

void EvpLoop::FreeContext::operator()(evp_cipher_ctx_st* context) const {
  EVP_CIPHER_CTX_free(context);
}

EvpLoop::Context EvpLoop::Keyed(const uint8_t* key, bool encrypts) {
  Context context(EVP_CIPHER_CTX_new());
  if (EVP_CipherInit_ex(context.get(), EVP_chacha20_poly1305(), nullptr, key, nullptr,
                        encrypts ? 1 : 0) != 1) {
    context.reset();
  }
  return context;
}

EvpLoop::EvpLoop(const uint8_t* key, std::vector<uint8_t> message)
    : sealing_(Keyed(key, true)),
      opening_(Keyed(key, false)),
      message_(std::move(message)),
      sealed_(SealedLength(message_.size())),
      first_frames_(sealed_.size()),
      opened_(message_.size()) {
  SealMessage(first_frames_.data());
}

bool EvpLoop::Seal(size_t times) {
  for (size_t i = 0; i < times; ++i) {
    if (!SealMessage(sealed_.data())) return false;
  }
  return true;
}

bool EvpLoop::Open(size_t times) {
  for (size_t i = 0; i < times; ++i) {
    const uint8_t* frame = first_frames_.data();
    uint64_t counter = 0;
    for (size_t done = 0; done < opened_.size(); done += kMaxPlaintext) {
      const size_t length = std::min(opened_.size() - done, kMaxPlaintext);
      if (!OpenFrame(frame, length, counter++, opened_.data() + done)) return false;
      frame += length + kOverhead;
    }
  }
  return true;
}

bool EvpLoop::SealMessage(uint8_t* frames) {
  for (size_t done = 0; done < message_.size(); done += kMaxPlaintext) {
    const size_t length = std::min(message_.size() - done, kMaxPlaintext);
    if (!SealFrame(message_.data() + done, length, frames)) return false;
    frames += length + kOverhead;
  }
  return true;
}

bool EvpLoop::SealFrame(const uint8_t* text, size_t length, uint8_t* frame) {
  frame[0] = static_cast<uint8_t>(length);
  frame[1] = static_cast<uint8_t>(length >> 8);
  uint8_t* ciphertext = frame + kLengthFieldLength;
  const Nonce nonce = NonceOf(counter_++);
  EVP_CIPHER_CTX* context = sealing_.get();
  int written = 0;
  uint8_t nothing[1];
  return context != nullptr &&
         EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
         EVP_EncryptUpdate(context, nullptr, &written, frame, kLengthFieldLength) == 1 &&
         EVP_EncryptUpdate(context, ciphertext, &written, text, static_cast<int>(length)) == 1 &&
         Final(EVP_EncryptFinal_ex(context, nothing, &written)) &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagLength, ciphertext + length) == 1;
}

bool EvpLoop::OpenFrame(const uint8_t* frame, size_t length, uint64_t counter, uint8_t* text) {
  const uint8_t* ciphertext = frame + kLengthFieldLength;
  // EVP takes the tag through an interface that knows no const.
  std::array<uint8_t, kTagLength> tag = {};
  std::copy_n(ciphertext + length, kTagLength, tag.begin());
  const Nonce nonce = NonceOf(counter);
  EVP_CIPHER_CTX* context = opening_.get();
  int written = 0;
  uint8_t nothing[1];
  return context != nullptr &&
         EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagLength, tag.data()) == 1 &&
         EVP_DecryptUpdate(context, nullptr, &written, frame, kLengthFieldLength) == 1 &&
         EVP_DecryptUpdate(context, text, &written, ciphertext, static_cast<int>(length)) == 1 &&
         Final(EVP_DecryptFinal_ex(context, nothing, &written));
}

}  // namespace hapwire::bench
