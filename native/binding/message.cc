// sealMessage and openMessage.
#include "message.h"

#include <algorithm>
#include <climits>

#include "aead.h"
#include "arguments.h"

namespace hapwire::binding {

namespace {

/// What both functions begin with.
struct Message {
  ByteView key;
  Nonce nonce;
  ByteView aad;
  ByteView text;
};

/// The arguments (key, nonce, aad, text). EVP counts in int.
bool ToMessage(const Napi::CallbackInfo& info, Message* message) {
  ByteView nonce;
  if (!ToKey(info[0], &message->key) || !ToBytes(info[1], &nonce) || nonce.size != kNonceLength ||
      !ToBytes(info[2], &message->aad) || message->aad.size > INT_MAX ||
      !ToBytes(info[3], &message->text) || message->text.size > INT_MAX) {
    return false;
  }
  std::copy(nonce.data, nonce.data + nonce.size, message->nonce.begin());
  return true;
}

}  // namespace

Napi::Value SealMessage(const Napi::CallbackInfo& info) {
  Message message;
  MutableBytes output;
  if (!ToMessage(info, &message) || !ToBytes(info[4], &output) ||
      output.size != message.text.size + kTagLength) {
    ThrowTypeError(info.Env(), "expected (key, nonce, aad, text, output: 16 bytes longer)");
    return {};
  }
  Aead aead(Direction::kSeal, message.key.data);
  return Napi::Boolean::New(info.Env(), aead.Seal(message.nonce, message.aad, message.text,
                                                  output.data, output.data + message.text.size));
}

Napi::Value OpenMessage(const Napi::CallbackInfo& info) {
  Message message;
  ByteView tag;
  MutableBytes output;
  if (!ToMessage(info, &message) || !ToBytes(info[4], &tag) || tag.size != kTagLength ||
      !ToBytes(info[5], &output) || output.size != message.text.size) {
    ThrowTypeError(info.Env(), "expected (key, nonce, aad, text, tag, output: as long as text)");
    return {};
  }
  Aead aead(Direction::kOpen, message.key.data);
  return Napi::Boolean::New(
      info.Env(), aead.Open(message.nonce, message.aad, message.text, tag.data, output.data));
}

}  // namespace hapwire::binding
