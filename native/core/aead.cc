// ChaCha20-Poly1305 through EVP. The only file that knows OpenSSL.
#include "aead.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "avx_state.h"

namespace hapwire {

namespace {

// Frames are at most 1,024 bytes and messages at most INT_MAX, so that the conversion to EVP's int
// is exact.
int Length(size_t size) { return static_cast<int>(size); }

}  // namespace

void CipherContexts::Free::operator()(evp_cipher_ctx_st* context) const {
  // Cleanses the key.
  EVP_CIPHER_CTX_free(context);
}

Aead::Aead(Direction direction, const uint8_t* key, Shared<CipherContexts> contexts)
    : direction_(direction), contexts_(std::move(contexts)), context_(contexts_->Assign()) {
  std::copy(key, key + kKeyLength, key_.begin());
  // A refusal leaves an error in the queue of the thread, which Node would report for a later call
  // of its own.
  ERR_set_mark();
  const bool has_key = SetKey();
  ERR_pop_to_mark();
  if (!has_key) Destroy();
}

void Aead::Destroy() {
  if (!contexts_) return;
  if (context_.holder == this) context_ = {};
  Wipe(key_.data(), key_.size());
  contexts_ = {};
}

/// Takes the context over from the cipher that has its key there. If this fails, no cipher has its
/// key there.
bool Aead::SetKey() {
  const EVP_CIPHER* cipher = nullptr;
  if (context_.evp == nullptr) {
    context_.evp.reset(EVP_CIPHER_CTX_new());
    cipher = EVP_chacha20_poly1305();
  }
  const int encrypt = direction_ == Direction::kSeal ? 1 : 0;
  const bool has_key =
      context_.evp != nullptr &&
      EVP_CipherInit_ex(context_.evp.get(), cipher, nullptr, key_.data(), nullptr, encrypt) == 1;
  if (has_key) {
    context_.holder = this;
  } else {
    context_ = {};
  }
  return has_key;
}

/// Begins a message.
bool Aead::Begin(const Nonce& nonce) {
  return ok() && (context_.holder == this || SetKey()) &&
         EVP_CipherInit_ex(context_.evp.get(), nullptr, nullptr, nullptr, nonce.data(), -1) == 1;
}

bool Aead::Seal(const Nonce& nonce, ByteView aad, ByteView plaintext, uint8_t* ciphertext,
                uint8_t* tag) {
  return BeginSeal(nonce, aad) && UpdateSeal(plaintext, ciphertext) && FinishSeal(tag);
}

bool Aead::BeginSeal(const Nonce& nonce, ByteView aad) {
  int written = 0;
  return Begin(nonce) && (aad.size == 0 ||  // EVP would take no data for the end of it
                          EVP_EncryptUpdate(context_.evp.get(), nullptr, &written, aad.data,
                                            Length(aad.size)) == 1);
}

bool Aead::UpdateSeal(ByteView plaintext, uint8_t* ciphertext) {
  int written = 0;
  return plaintext.size == 0 || EVP_EncryptUpdate(context_.evp.get(), ciphertext, &written,
                                                  plaintext.data, Length(plaintext.size)) == 1;
}

bool Aead::FinishSeal(uint8_t* tag) {
  // A stream cipher has nothing left to write at the end, but EVP wants an address.
  uint8_t nothing[1];
  int written = 0;
  const bool is_final = EVP_EncryptFinal_ex(context_.evp.get(), nothing, &written) == 1;
  CleanAvxState();
  return is_final && EVP_CIPHER_CTX_ctrl(context_.evp.get(), EVP_CTRL_AEAD_GET_TAG,
                                         Length(kTagLength), tag) == 1;
}

bool Aead::Open(const Nonce& nonce, ByteView aad, ByteView ciphertext, const uint8_t* tag,
                uint8_t* plaintext) {
  uint8_t expected[kTagLength];
  for (size_t i = 0; i < kTagLength; ++i) expected[i] = tag[i];

  uint8_t nothing[1];
  int written = 0;
  const bool is_authentic =
      Begin(nonce) &&
      EVP_CIPHER_CTX_ctrl(context_.evp.get(), EVP_CTRL_AEAD_SET_TAG, Length(kTagLength),
                          expected) == 1 &&
      (aad.size == 0 ||
       EVP_DecryptUpdate(context_.evp.get(), nullptr, &written, aad.data, Length(aad.size)) == 1) &&
      (ciphertext.size == 0 || EVP_DecryptUpdate(context_.evp.get(), plaintext, &written,
                                                 ciphertext.data, Length(ciphertext.size)) == 1) &&
      EVP_DecryptFinal_ex(context_.evp.get(), nothing, &written) == 1;  // compares in constant time
  CleanAvxState();
  return is_authentic;
}

void Wipe(void* memory, size_t size) { OPENSSL_cleanse(memory, size); }

const char* AeadLibraryVersion() { return OpenSSL_version(OPENSSL_VERSION); }

}  // namespace hapwire
