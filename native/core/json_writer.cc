// Numbers in ECMAScript's layout, and strings from UTF-16 to escaped UTF-8.
#include "json_writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace hapwire {
namespace {

/// Sign, 17 digits, point, and exponent: `-1.2345678901234567e-308` has 24 characters.
constexpr size_t kMaxScientificLength = 32;

/// No 64-bit integer is longer: `-9223372036854775808`, `18446744073709551615`.
constexpr size_t kMaxIntegerLength = 20;

template <typename Integer>
void AppendInteger(std::string& out, Integer value) {
  char text[kMaxIntegerLength];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, static_cast<size_t>(end - text));
}

/// A positive double as the specification takes it apart: 0.`digits` times ten to the `point`.
struct Decimal {
  char digits[kMaxScientificLength] = {};
  int count = 0;
  int point = 0;
};

/// The shortest digits, and of these the closest: std::to_chars promises both, as ECMAScript does.
Decimal ToDecimal(double value) {
  char text[kMaxScientificLength];
  char* end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  const char* exponent = std::find(text, end, 'e');
  Decimal decimal;
  for (const char* c = text; c != exponent; ++c) {
    if (*c != '.') decimal.digits[decimal.count++] = *c;
  }
  const bool negative = exponent[1] == '-';  // to_chars writes a sign always: 1e+21
  int magnitude = 0;
  std::from_chars(exponent + 2, end, magnitude);
  decimal.point = (negative ? -magnitude : magnitude) + 1;
  return decimal;
}

void AppendExponential(std::string& out, const Decimal& decimal) {
  out.push_back(decimal.digits[0]);
  if (decimal.count > 1) {
    out.push_back('.');
    out.append(decimal.digits + 1, static_cast<size_t>(decimal.count - 1));
  }
  const int exponent = decimal.point - 1;
  out.append(exponent < 0 ? "e-" : "e+");
  AppendInteger(out, std::abs(exponent));
}

/// Up to here a double has a tenth of its own for each tenth, so that these digits are the
/// shortest.
constexpr double kMaxTenths = 1e14;

/// Appends a number with one decimal, as temperatures are. Faster than the shortest digits of
/// others.
/// @param value Positive, and not whole.
/// @return False, with nothing appended, if the number has more decimals.
bool AppendTenths(std::string& out, double value) {
  if (value >= kMaxTenths) return false;
  // Faster than llround(), which is a call. The next line refuses a wrong tenth.
  const auto tenths = static_cast<uint64_t>(value * 10 + 0.5);  // NOLINT(bugprone-*)
  if (static_cast<double>(tenths) / 10 != value) return false;
  AppendInteger(out, tenths / 10);
  const char decimal[] = {'.', static_cast<char>('0' + tenths % 10)};
  out.append(decimal, sizeof decimal);
  return true;
}

/// The layout of Number::toString: plain from 1e-6 up to below 1e21, else with an exponent.
void AppendDecimal(std::string& out, const Decimal& decimal) {
  const int count = decimal.count;
  const int point = decimal.point;
  if (point < -5 || point > 21) {
    AppendExponential(out, decimal);
  } else if (point <= 0) {
    out.append("0.");
    out.append(static_cast<size_t>(-point), '0');
    out.append(decimal.digits, static_cast<size_t>(count));
  } else if (point >= count) {
    out.append(decimal.digits, static_cast<size_t>(count));
    out.append(static_cast<size_t>(point - count), '0');
  } else {
    out.append(decimal.digits, static_cast<size_t>(point));
    out.push_back('.');
    out.append(decimal.digits + point, static_cast<size_t>(count - point));
  }
}

constexpr bool IsLeadSurrogate(char16_t unit) { return unit >= 0xd800 && unit <= 0xdbff; }
constexpr bool IsTrailSurrogate(char16_t unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

/// True for what stands in a JSON string as one byte, unescaped.
constexpr bool IsPlainAscii(char16_t unit) {
  return unit >= 0x20 && unit < 0x80 && unit != u'"' && unit != u'\\';
}

void AppendPlainAscii(std::string& out, std::u16string_view run) {
  const size_t start = out.size();
  out.resize(start + run.size());
  std::transform(run.begin(), run.end(), out.begin() + static_cast<std::ptrdiff_t>(start),
                 [](char16_t unit) { return static_cast<char>(unit); });
}

void AppendUnicodeEscape(std::string& out, char16_t unit) {
  constexpr char kHex[] = "0123456789abcdef";
  const char text[] = {'\\',
                       'u',
                       kHex[unit >> 12 & 0xf],
                       kHex[unit >> 8 & 0xf],
                       kHex[unit >> 4 & 0xf],
                       kHex[unit & 0xf]};
  out.append(text, sizeof text);
}

void AppendAsciiEscape(std::string& out, char16_t unit) {
  switch (unit) {
    case u'"':
      return void(out.append("\\\""));
    case u'\\':
      return void(out.append("\\\\"));
    case u'\b':
      return void(out.append("\\b"));
    case u'\f':
      return void(out.append("\\f"));
    case u'\n':
      return void(out.append("\\n"));
    case u'\r':
      return void(out.append("\\r"));
    case u'\t':
      return void(out.append("\\t"));
    default:
      AppendUnicodeEscape(out, unit);
  }
}

/// @param code A code point from U+0080 up, no surrogate.
void AppendUtf8(std::string& out, char32_t code) {
  const auto tail = [code](int shift) { return static_cast<char>(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x800) {
    out.push_back(static_cast<char>(0xc0 | code >> 6));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | code >> 12));
    out.push_back(tail(6));
  } else {
    out.push_back(static_cast<char>(0xf0 | code >> 18));
    out.push_back(tail(12));
    out.push_back(tail(6));
  }
  out.push_back(tail(0));
}

constexpr char32_t JoinSurrogates(char16_t lead, char16_t trail) {
  return 0x10000 + ((static_cast<char32_t>(lead) & 0x3ff) << 10) + (trail & 0x3ff);
}

/// Appends the first character of `text`, one that is not plain ASCII.
/// @return How many code units it took.
size_t AppendSpecial(std::string& out, std::u16string_view text) {
  const char16_t unit = text[0];
  if (unit < 0x80) {
    AppendAsciiEscape(out, unit);
  } else if (IsLeadSurrogate(unit) && text.size() > 1 && IsTrailSurrogate(text[1])) {
    AppendUtf8(out, JoinSurrogates(unit, text[1]));
    return 2;
  } else if (IsLeadSurrogate(unit) || IsTrailSurrogate(unit)) {
    AppendUnicodeEscape(out, unit);
  } else {
    AppendUtf8(out, unit);
  }
  return 1;
}

}  // namespace

void JsonWriter::Number(double value) {
  if (!std::isfinite(value)) return Null();
  if (std::abs(value) <= kMaxSafeInteger) {
    const auto integer = static_cast<int64_t>(value);
    // Whole numbers are what characteristics mostly hold, and this also makes a 0 of -0.
    if (static_cast<double>(integer) == value) return AppendInteger(out_, integer);
  }
  if (value < 0) out_.push_back('-');
  value = std::abs(value);
  if (!AppendTenths(out_, value)) AppendDecimal(out_, ToDecimal(value));
}

void JsonWriter::String(std::u16string_view value) {
  out_.push_back('"');
  while (!value.empty()) {
    const auto run = static_cast<size_t>(
        std::find_if_not(value.begin(), value.end(), IsPlainAscii) - value.begin());
    AppendPlainAscii(out_, value.substr(0, run));
    value.remove_prefix(run);
    if (!value.empty()) value.remove_prefix(AppendSpecial(out_, value));
  }
  out_.push_back('"');
}

}  // namespace hapwire
