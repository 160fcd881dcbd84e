// Writes JSON byte for byte as JSON.stringify does.
#pragma once

#include <string>
#include <string_view>

namespace hapwire {

/// The largest integer that a JavaScript number holds exactly, with all below it: 2^53 - 1.
constexpr double kMaxSafeInteger = 9007199254740991.0;

/// Appends JSON values to a buffer of UTF-8 bytes, each as ECMAScript's `JSON.stringify` writes it.
/// [PROTOCOL: events]
///
/// It holds no state of its own: commas, colons and brackets are the caller's, through Raw().
class JsonWriter {
 public:
  /// @param out Appended to. Must outlive the writer.
  explicit JsonWriter(std::string& out) : out_(out) {}

  /// Appends bytes that are JSON already.
  void Raw(std::string_view json) { out_.append(json); }

  void Null() { out_.append("null"); }
  void Bool(bool value) { out_.append(value ? "true" : "false"); }

  /// The shortest digits that read back as the same double, laid out as Number::toString does
  /// [ECMA-262 §6.1.6.1.20]; -0 is `0`, and NaN and the infinities are `null`.
  void Number(double value);

  /// A string in quotes, from UTF-16 code units to UTF-8. Quotes, backslashes, control characters
  /// and lone surrogates are escaped [ECMA-262 §25.5.4.3]; all else stands as it is.
  void String(std::u16string_view value);

 private:
  std::string& out_;
};

}  // namespace hapwire
