// The reference frames.
#include "reference_frames.h"

#include <openssl/evp.h>

#include <memory>

namespace hapwire::fuzz {

Key KeyFrom(Input& input) {
  const uint8_t choice = input.Byte();
  Key key;
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<uint8_t>(choice + 37 * i);
  return key;
}

uint64_t CounterFrom(Input& input) {
  switch (input.Below(4)) {
    case 0:
      return input.Number(8);
    case 1:
      return UINT64_MAX - input.Below(8);
    default:
      return 0;
  }
}

Bytes ReferenceFrame(const Key& key, uint64_t counter, const Bytes& plaintext) {
  const auto length = static_cast<int>(plaintext.size());
  Bytes frame(plaintext.size() + kAroundIt);
  frame[0] = static_cast<uint8_t>(length % 256);
  frame[1] = static_cast<uint8_t>(length / 256);
  uint8_t nonce[12] = {};
  for (int i = 0; i < 8; ++i) nonce[4 + i] = static_cast<uint8_t>(counter >> (8 * i));

  const std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> context(EVP_CIPHER_CTX_new(),
                                                                           EVP_CIPHER_CTX_free);
  uint8_t* const ciphertext = frame.data() + 2;
  int written = 0;
  EXPECT(EVP_EncryptInit_ex(context.get(), EVP_chacha20_poly1305(), nullptr, key.data(), nonce));
  EXPECT(EVP_EncryptUpdate(context.get(), nullptr, &written, frame.data(), 2));
  EXPECT(length == 0 ||
         EVP_EncryptUpdate(context.get(), ciphertext, &written, plaintext.data(), length));
  EXPECT(EVP_EncryptFinal_ex(context.get(), ciphertext + length, &written));
  EXPECT(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, 16, ciphertext + length));
  return frame;
}

}  // namespace hapwire::fuzz
