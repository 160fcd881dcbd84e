// ChaCha20-Poly1305 with one key, through OpenSSL's EVP interface. [RFC 8439 §2.8]
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bytes.h"
#include "shared.h"

// OpenSSL's own name for EVP_CIPHER_CTX. Declared here, so that only aead.cc includes its headers.
struct evp_cipher_ctx_st;

namespace hapwire {

/// Bytes of a session key.
constexpr size_t kKeyLength = 32;
/// Bytes of a Poly1305 tag.
constexpr size_t kTagLength = 16;
/// Bytes of a nonce.
constexpr size_t kNonceLength = 12;

using Nonce = std::array<uint8_t, kNonceLength>;

/// The direction that an Aead works in.
enum class Direction { kSeal, kOpen };

class Aead;

/// Cipher contexts that ciphers share. A context takes more than 1 KiB, and most sessions are idle.
///
/// A cipher that finds its context keyed for another cipher sets its own key again, which costs a
/// tenth of a small frame. Used on one thread.
class CipherContexts {
 public:
  /// @param count Ciphers up to this number have a context each.
  explicit CipherContexts(size_t count) : contexts_(count) {}

 private:
  friend class Aead;

  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  struct Context {
    /// Null if no cipher has a key here.
    std::unique_ptr<evp_cipher_ctx_st, Free> evp;
    /// The cipher whose key the context has. The key goes with that cipher.
    const Aead* holder = nullptr;
  };

  /// Assigns a context to a new cipher, by turns.
  Context& Assign() { return contexts_[next_++ % contexts_.size()]; }

  /// Never resized.
  std::vector<Context> contexts_;
  size_t next_ = 0;
};

/// The cipher of one direction of a session. Wipes its key when it ends.
///
/// The key is set once; each message re-initialises the context with its nonce alone, which is a
/// third of the cost of a new context.
class Aead {
 public:
  /// @param key kKeyLength bytes, copied.
  /// @param contexts Default: a context of its own.
  Aead(Direction direction, const uint8_t* key,
       Shared<CipherContexts> contexts = Shared<CipherContexts>::Make(1));
  ~Aead() { Destroy(); }
  Aead(const Aead&) = delete;
  Aead& operator=(const Aead&) = delete;

  /// False after Destroy(), or if OpenSSL refused the cipher or the key, as a FIPS build does.
  bool ok() const { return static_cast<bool>(contexts_); }

  /// Encrypts `plaintext` to `ciphertext` (the same length; may be the same memory) and writes
  /// kTagLength bytes to `tag`.
  ///
  /// @return False if OpenSSL failed; the output is undefined then.
  bool Seal(const Nonce& nonce, ByteView aad, ByteView plaintext, uint8_t* ciphertext,
            uint8_t* tag);

  /// As Seal(), for a plaintext in pieces: BeginSeal(), UpdateSeal() for each piece, FinishSeal().
  /// Stop at the first that returns false. No other cipher may work between these calls.
  bool BeginSeal(const Nonce& nonce, ByteView aad);
  bool UpdateSeal(ByteView plaintext, uint8_t* ciphertext);
  bool FinishSeal(uint8_t* tag);

  /// Decrypts `ciphertext` to `plaintext` (the same length; may be the same memory) and checks
  /// `tag`.
  ///
  /// @return False if the tag does not match; the output must not be used then.
  bool Open(const Nonce& nonce, ByteView aad, ByteView ciphertext, const uint8_t* tag,
            uint8_t* plaintext);

  /// Wipes the key. ok() is false from here on.
  void Destroy();

 private:
  bool Begin(const Nonce& nonce);
  bool SetKey();

  const Direction direction_;
  std::array<uint8_t, kKeyLength> key_;
  /// Keeps `context_` alive. Null if there is no key.
  Shared<CipherContexts> contexts_;
  CipherContexts::Context& context_;
};

/// Overwrites memory in a way that the compiler does not remove.
void Wipe(void* memory, size_t size);

/// Returns the version of the OpenSSL in this process, such as "OpenSSL 3.0.17 1 Jul 2025".
const char* AeadLibraryVersion();

}  // namespace hapwire
