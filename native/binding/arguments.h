// Checks arguments from JavaScript: each function returns false if the value is invalid.
#pragma once

#include <napi.h>

#include <cstdint>

#include "aead.h"
#include "bytes.h"
#include "json_writer.h"

namespace hapwire::binding {

/// @param value a Uint8Array or Buffer.
inline bool ToBytes(const Napi::Value& value, MutableBytes* bytes) {
  void* data = nullptr;
  napi_typedarray_type type = napi_int8_array;
  // Fails if the value is not a typed array: no second call is needed.
  if (napi_get_typedarray_info(value.Env(), value, &type, &bytes->size, &data, nullptr, nullptr) !=
          napi_ok ||
      type != napi_uint8_array) {
    return false;
  }
  bytes->data = static_cast<uint8_t*>(data);
  return true;
}

inline bool ToBytes(const Napi::Value& value, ByteView* bytes) {
  MutableBytes writable;
  if (!ToBytes(value, &writable)) return false;
  *bytes = {writable.data, writable.size};
  return true;
}

/// @param value a number: an integer from 0 to 2^53 - 1.
inline bool ToSafeInteger(const Napi::Value& value, uint64_t* integer) {
  double number = 0;
  if (napi_get_value_double(value.Env(), value, &number) != napi_ok) return false;
  if (!(number >= 0 && number <= kMaxSafeInteger)) return false;
  const auto whole = static_cast<int64_t>(number);
  *integer = static_cast<uint64_t>(whole);
  return static_cast<double>(whole) == number;
}

/// @param value a number: an integer that fits 32 bits without a sign.
inline bool ToUint32(const Napi::Value& value, uint32_t* integer) {
  uint64_t wide = 0;
  if (!ToSafeInteger(value, &wide) || wide > UINT32_MAX) return false;
  *integer = static_cast<uint32_t>(wide);
  return true;
}

/// @param value a BigInt from 0 to 2^64 - 1.
inline bool ToCounter(const Napi::Value& value, uint64_t* counter) {
  bool lossless = false;
  return napi_get_value_bigint_uint64(value.Env(), value, counter, &lossless) == napi_ok &&
         lossless;
}

/// @param value a Uint8Array of kKeyLength bytes.
inline bool ToKey(const Napi::Value& value, ByteView* key) {
  return ToBytes(value, key) && key->size == kKeyLength;
}

/// Leaves a TypeError pending, or the exception that is pending already: to throw a second one ends
/// the process. The caller returns at once.
inline void ThrowTypeError(Napi::Env env, const char* message) {
  if (env.IsExceptionPending()) return;
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
}

}  // namespace hapwire::binding
