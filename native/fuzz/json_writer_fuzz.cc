// The JSON writer against what ECMAScript says of its output: numbers are read back by strtod and
// judged by printf's digits, strings are decoded by a parser of their own.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "../test/expect.h"
#include "event.h"
#include "input.h"
#include "json_writer.h"
#include "targets.h"

namespace hapwire::fuzz {

namespace {

// Numbers. [ECMA-262 §6.1.6.1.20]: k digits s and a point n, such that s × 10^(n-k) is the value.

struct Digits {
  std::string s;
  int n = 0;
};

int ToInt(const char* text) { return static_cast<int>(std::strtol(text, nullptr, 10)); }

/// Reads an unsigned number in any layout, and takes the zeros off both ends.
Digits DigitsOf(const std::string& text) {
  Digits digits;
  const size_t mantissa_end = text.find('e');
  const std::string mantissa = text.substr(0, mantissa_end);
  for (const char c : mantissa) {
    EXPECT(c == '.' || (c >= '0' && c <= '9'));
    if (c != '.') digits.s.push_back(c);
  }
  const size_t point = mantissa.find('.');
  digits.n = static_cast<int>(point == std::string::npos ? mantissa.size() : point);
  if (mantissa_end != std::string::npos) digits.n += ToInt(text.c_str() + mantissa_end + 1);
  while (digits.s.size() > 1 && digits.s.front() == '0') {
    digits.s.erase(0, 1);
    --digits.n;
  }
  while (digits.s.size() > 1 && digits.s.back() == '0') digits.s.pop_back();
  return digits;
}

/// The layout, rule by rule as the specification numbers them.
std::string LayoutOf(const Digits& digits) {
  const std::string& s = digits.s;
  const int k = static_cast<int>(s.size());
  const int n = digits.n;
  if (k <= n && n <= 21) return s + std::string(static_cast<size_t>(n - k), '0');
  if (0 < n && n <= 21)
    return s.substr(0, static_cast<size_t>(n)) + "." + s.substr(static_cast<size_t>(n));
  if (-6 < n && n <= 0) return "0." + std::string(static_cast<size_t>(-n), '0') + s;
  const std::string exponent = (n - 1 < 0 ? "e-" : "e+") + std::to_string(std::abs(n - 1));
  return s.substr(0, 1) + (k == 1 ? "" : "." + s.substr(1)) + exponent;
}

/// The `count` digits nearest to the value: the first of them is not 0.
Digits NearestDigits(double value, size_t count) {
  char text[64];
  EXPECT(std::snprintf(text, sizeof text, "%.*e", static_cast<int>(count) - 1, value) > 0);
  Digits digits;
  for (const char* c = text; *c != 'e'; ++c) {
    if (*c != '.') digits.s.push_back(*c);
  }
  digits.n = ToInt(std::strchr(text, 'e') + 1) + 1;
  return digits;
}

/// The double that s × 10^(n-k) + `units` × 10^(n-k) is read as.
double ReadBack(const Digits& digits, int units) {
  const uint64_t s = std::strtoull(digits.s.c_str(), nullptr, 10) + static_cast<uint64_t>(units);
  const int exponent = digits.n - static_cast<int>(digits.s.size());
  return std::strtod((std::to_string(s) + "e" + std::to_string(exponent)).c_str(), nullptr);
}

/// Of all digits with one fewer, the nearest ones on both sides of the value are candidates. (On
/// both sides, because below a power of two doubles stand closer than above it.)
void CheckShortest(double value, const Digits& digits) {
  if (digits.s.size() == 1) return;
  const Digits fewer = NearestDigits(value, digits.s.size() - 1);
  for (const int units : {-1, 0, 1}) EXPECT(ReadBack(fewer, units) != value);
}

void CheckClosest(double value, const Digits& digits) {
  const Digits nearest = NearestDigits(value, digits.s.size());
  EXPECT((nearest.s == digits.s && nearest.n == digits.n) || ReadBack(nearest, 0) != value);
}

void CheckNumber(double value) {
  std::string text;
  hapwire::JsonWriter(text).Number(value);
  if (!std::isfinite(value)) {
    EXPECT(text == "null");
    return;
  }
  if (value == 0) {
    EXPECT(text == "0");
    return;
  }
  // Not 0 here, and so equal in all bits.
  EXPECT(std::strtod(text.c_str(), nullptr) == value);
  EXPECT((text[0] == '-') == (value < 0));
  const std::string magnitude = text.substr(value < 0 ? 1 : 0);
  const Digits digits = DigitsOf(magnitude);
  EXPECT(magnitude == LayoutOf(digits));
  CheckShortest(std::abs(value), digits);
  CheckClosest(std::abs(value), digits);
}

double FromBits(uint64_t bits) {
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

double DoubleFrom(Input& input) {
  switch (input.Below(4)) {
    case 0: {  // what people write: a few digits, a small exponent
      const auto digits = static_cast<double>(static_cast<int32_t>(input.Number(4)));
      return digits / std::pow(10, input.Below(12));
    }
    case 1: {  // the neighbourhood of a power of two
      const double power = std::ldexp(1, static_cast<int>(input.Below(2098)) - 1074);
      const double end = input.Below(2) == 0 ? 0 : std::numeric_limits<double>::infinity();
      double value = power;
      for (uint32_t steps = input.Below(3); steps > 0; --steps) value = std::nextafter(value, end);
      return value;
    }
    case 2: {  // the neighbourhood of a power of ten: layouts change there
      const std::string power = "1e" + std::to_string(static_cast<int>(input.Below(64)) - 32);
      return std::strtod(power.c_str(), nullptr) * (1 + input.Below(100) / 100.0);
    }
    default:
      return FromBits(input.Number(8));
  }
}

// Strings. [ECMA-262 §25.5.4.3]

/// Reads back what the writer made of a string, and refuses all that it must not write.
class StringReader {
 public:
  explicit StringReader(std::string_view text) : text_(text) {}

  std::u16string Read() {
    EXPECT(Next() == '"');
    while (Peek() != '"') {
      if (Peek() == '\\') {
        ReadEscape();
      } else {
        ReadUtf8();
      }
    }
    EXPECT(Next() == '"' && text_.empty());
    return units_;
  }

 private:
  unsigned char Peek() const {
    EXPECT(!text_.empty());
    return static_cast<unsigned char>(text_[0]);
  }

  unsigned char Next() {
    const unsigned char next = Peek();
    text_.remove_prefix(1);
    return next;
  }

  void ReadEscape() {
    constexpr std::string_view kLetters = "\"\\bfnrt";
    constexpr std::u16string_view kUnits = u"\"\\\b\f\n\r\t";
    Next();
    const char letter = static_cast<char>(Next());
    if (letter != 'u') {
      const size_t index = kLetters.find(letter);
      EXPECT(index != std::string_view::npos);
      units_.push_back(kUnits[index]);
      escaped_lead_ = false;
      return;
    }
    const char16_t unit = ReadHex();
    EXPECT(kUnits.find(unit) == std::u16string_view::npos);
    EXPECT(unit < 0x20 || IsLead(unit) || IsTrail(unit));
    // Together they are a character, and that is not escaped.
    EXPECT(!(escaped_lead_ && IsTrail(unit)));
    units_.push_back(unit);
    escaped_lead_ = IsLead(unit);
  }

  char16_t ReadHex() {
    constexpr std::string_view kHex = "0123456789abcdef";
    char16_t unit = 0;
    for (int i = 0; i < 4; ++i) {
      const size_t digit = kHex.find(static_cast<char>(Next()));
      EXPECT(digit != std::string_view::npos);
      unit = static_cast<char16_t>(size_t{unit} * 16 + digit);
    }
    return unit;
  }

  void ReadUtf8() {
    const unsigned char first = Next();
    EXPECT(first >= 0x20);
    const int more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    EXPECT(first < 0x80 || (first >= 0xc2 && first <= 0xf4));
    char32_t code = more == 0 ? first : first & (0x3f >> more);
    for (int i = 0; i < more; ++i) {
      const unsigned char tail = Next();
      EXPECT((tail & 0xc0) == 0x80);
      code = code << 6 | (tail & 0x3f);
    }
    constexpr char32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
    EXPECT(code >= kLeast[more] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff));
    Append(code);
  }

  void Append(char32_t code) {
    escaped_lead_ = false;
    if (code < 0x10000) return units_.push_back(static_cast<char16_t>(code));
    units_.push_back(static_cast<char16_t>(0xd800 + ((code - 0x10000) >> 10)));
    units_.push_back(static_cast<char16_t>(0xdc00 + ((code - 0x10000) & 0x3ff)));
  }

  static bool IsLead(char16_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
  static bool IsTrail(char16_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

  std::string_view text_;
  std::u16string units_;
  /// True if the last character was an escaped lead surrogate.
  bool escaped_lead_ = false;
};

/// Mostly letters; the rest are units that the writer treats apart.
char16_t UnitFrom(Input& input) {
  const uint8_t choice = input.Byte();
  if (choice < 0x80) return choice;
  switch (choice % 4) {
    case 0:
      return static_cast<char16_t>(0xd800 + input.Number(2) % 0x400);
    case 1:
      return static_cast<char16_t>(0xdc00 + input.Number(2) % 0x400);
    case 2:
      return static_cast<char16_t>(choice);
    default:
      return static_cast<char16_t>(input.Number(2));
  }
}

void CheckString(std::u16string_view value) {
  std::string text;
  hapwire::JsonWriter(text).String(value);
  EXPECT(StringReader(text).Read() == value);
}

void CheckId(uint64_t id) {
  std::string text = ":";
  AppendEventJson(text, {id, ~id}, EventValue::Undefined());
  EXPECT(text == ":{\"aid\":" + std::to_string(id) + ",\"iid\":" + std::to_string(~id) + "}");
}

}  // namespace

void JsonWriter(ByteView bytes) {
  Input input(bytes);
  while (!input.empty()) {
    switch (input.Below(4)) {
      case 0: {
        // An allocation of just its size, so that AddressSanitizer sees a look behind the end.
        const uint32_t length = input.Below(64);
        std::vector<char16_t> units;
        for (uint32_t i = 0; i < length; ++i) units.push_back(UnitFrom(input));
        units.shrink_to_fit();
        CheckString({units.data(), units.size()});
        break;
      }
      case 1:
        CheckId(input.Number(8) >> input.Below(64));
        break;
      default:
        CheckNumber(DoubleFrom(input));
    }
  }
}

}  // namespace hapwire::fuzz
