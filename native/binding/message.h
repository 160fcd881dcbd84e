// The AEAD of one message by itself, as two JavaScript functions: for HomeKit Data Stream, whose
// frames have a key and a nonce of HAP-NodeJS's keeping.
#pragma once

#include <napi.h>

namespace hapwire::binding {

/// `sealMessage(key, nonce, aad, text, output)`: writes the ciphertext and the tag to `output`,
/// which is kTagLength longer than `text`.
///
/// @return False if OpenSSL failed.
Napi::Value SealMessage(const Napi::CallbackInfo& info);

/// `openMessage(key, nonce, aad, text, tag, output)`: writes the plaintext to `output`, which is as
/// long as `text`.
///
/// @return False if the tag does not match; `output` must not be used then.
Napi::Value OpenMessage(const Napi::CallbackInfo& info);

}  // namespace hapwire::binding
