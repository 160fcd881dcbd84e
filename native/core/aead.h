// ChaCha20-Poly1305 with one key, through OpenSSL's EVP interface. [RFC 8439 §2.8]
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "bytes.h"

// OpenSSL's own name for EVP_CIPHER_CTX, declared here so that only aead.cc includes its headers.
struct evp_cipher_ctx_st;

namespace hapwire {

/// Bytes of a session key.
constexpr size_t kKeyLength = 32;
/// Bytes of a Poly1305 tag.
constexpr size_t kTagLength = 16;
/// Bytes of a nonce.
constexpr size_t kNonceLength = 12;

using Nonce = std::array<uint8_t, kNonceLength>;

/// Which way an Aead works; a context is keyed for one of them.
enum class Direction { kSeal, kOpen };

/// The cipher of one direction of a session.
///
/// The key is set once; each message re-initialises the context with its nonce alone, which is a
/// third of the cost of a new context. OpenSSL cleanses the key when the context is freed.
class Aead {
 public:
  /// @param key kKeyLength bytes, copied into the context.
  Aead(Direction direction, const uint8_t* key);

  /// False where OpenSSL refused the cipher or the key (it has no ChaCha20-Poly1305, as in a FIPS
  /// build).
  bool ok() const { return context_ != nullptr; }

  /// Encrypts `plaintext` to `ciphertext` (the same length; may be the same memory) and writes
  /// kTagLength bytes to `tag`.
  ///
  /// @return false where OpenSSL failed; the output is undefined then.
  bool Seal(const Nonce& nonce, ByteView aad, ByteView plaintext, uint8_t* ciphertext,
            uint8_t* tag);

  /// As Seal, for a plaintext in several pieces: BeginSeal; where that succeeded, UpdateSeal for
  /// each piece; FinishSeal.
  bool BeginSeal(const Nonce& nonce, ByteView aad);
  bool UpdateSeal(ByteView plaintext, uint8_t* ciphertext);
  bool FinishSeal(uint8_t* tag);

  /// Decrypts `ciphertext` to `plaintext` (the same length; may be the same memory) and checks
  /// `tag`.
  ///
  /// @return false where the tag does not match; the output must not be used then.
  bool Open(const Nonce& nonce, ByteView aad, ByteView ciphertext, const uint8_t* tag,
            uint8_t* plaintext);

  /// Wipes the key. ok() is false from here on.
  void Destroy() { context_.reset(); }

 private:
  struct FreeContext {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  std::unique_ptr<evp_cipher_ctx_st, FreeContext> context_;
};

/// Overwrites memory in a way that the compiler does not remove.
void Wipe(void* memory, size_t size);

/// The version of the OpenSSL in this process, such as "OpenSSL 3.0.17 1 Jul 2025".
const char* AeadLibraryVersion();

}  // namespace hapwire
