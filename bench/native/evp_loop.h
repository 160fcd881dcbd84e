// The limit of the codec: HAP frames through OpenSSL's EVP.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

// OpenSSL's own name for EVP_CIPHER_CTX.
struct evp_cipher_ctx_st;

namespace hapwire::bench {

/// Bytes of a session key.
constexpr size_t kKeyLength = 32;

/// Seals one message, and opens its frames, any number of times.
///
/// Each frame takes the calls that EVP asks for: a nonce for the context that keeps its key, the
/// AAD, the text, the tag. Memory is allocated once. No codec can be faster. The loop
/// is not a codec: it opens the same frames again and again.
class EvpLoop {
 public:
  /// @param key kKeyLength bytes.
  /// @param message of any length but 0.
  EvpLoop(const uint8_t* key, std::vector<uint8_t> message);

  /// @return False if OpenSSL failed.
  bool Seal(size_t times);

  /// @return False if OpenSSL failed, or a frame is not authentic.
  bool Open(size_t times);

  /// The message, sealed with the nonce counter at 0.
  const std::vector<uint8_t>& first_frames() const { return first_frames_; }

  /// The message that Open wrote last.
  const std::vector<uint8_t>& last_opened() const { return opened_; }

 private:
  struct FreeContext {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  using Context = std::unique_ptr<evp_cipher_ctx_st, FreeContext>;
  static Context Keyed(const uint8_t* key, bool encrypts);

  bool SealMessage(uint8_t* frames);
  bool SealFrame(const uint8_t* text, size_t length, uint8_t* frame);
  bool OpenFrame(const uint8_t* frame, size_t length, uint64_t counter, uint8_t* text);

  Context sealing_;
  Context opening_;
  uint64_t counter_ = 0;
  std::vector<uint8_t> message_;
  std::vector<uint8_t> sealed_;
  std::vector<uint8_t> first_frames_;
  std::vector<uint8_t> opened_;
};

}  // namespace hapwire::bench
