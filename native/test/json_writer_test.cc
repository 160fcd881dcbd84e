// JSON byte for byte as JSON.stringify writes it. The expected texts are from Node.
#include "json_writer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "event.h"

namespace {

using hapwire::AppendEventJson;
using hapwire::EventValue;
using hapwire::JsonWriter;

std::string Number(double value) {
  std::string out;
  JsonWriter(out).Number(value);
  return out;
}

std::string String(std::u16string_view value) {
  std::string out;
  JsonWriter(out).String(value);
  return out;
}

TEST_CASE("a number is laid out as ECMAScript's Number::toString does") {
  struct Row {
    double value;
    const char* json;
  };
  const Row rows[] = {
      {0, "0"},
      {-0.0, "0"},
      {1, "1"},
      {-1, "-1"},
      {9, "9"},
      {10, "10"},
      {42, "42"},
      {100, "100"},
      {123456789, "123456789"},
      {0.1, "0.1"},
      {-0.1, "-0.1"},
      {0.5, "0.5"},
      {1.5, "1.5"},
      {22.5, "22.5"},
      {0.30000000000000004, "0.30000000000000004"},
      {3.141592653589793, "3.141592653589793"},
      {100.25, "100.25"},
      {1e5, "100000"},
      {1e20, "100000000000000000000"},
      {1e21, "1e+21"},
      {-1e21, "-1e+21"},
      {1.5e21, "1.5e+21"},
      {123456789012345680000.0, "123456789012345680000"},
      {1234567890123456800000.0, "1.2345678901234568e+21"},
      {999999999999999900000.0, "999999999999999900000"},
      {1e22, "1e+22"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {-1.7976931348623157e308, "-1.7976931348623157e+308"},
      {2.2250738585072014e-308, "2.2250738585072014e-308"},
      {2.225073858507201e-308, "2.225073858507201e-308"},
      {5e-324, "5e-324"},
      {-5e-324, "-5e-324"},
      {1e-6, "0.000001"},
      {1.5e-6, "0.0000015"},
      {1e-7, "1e-7"},
      {-1e-7, "-1e-7"},
      {1.5e-7, "1.5e-7"},
      {9.999999999999999e-7, "0.000001"},
      {0.000001234, "0.000001234"},
      {1.234e-7, "1.234e-7"},
      {0.00001, "0.00001"},
      {123e-20, "1.23e-18"},
      {9007199254740991.0, "9007199254740991"},
      {9007199254740992.0, "9007199254740992"},
      {9007199254740994.0, "9007199254740994"},
      {-9007199254740991.0, "-9007199254740991"},
      {-9007199254740993.0, "-9007199254740992"},
      {123456789012345678.0, "123456789012345680"},
      {1152921504606846976.0, "1152921504606847000"},
      {9223372036854775807.0, "9223372036854776000"},
      {9223372036854775808.0, "9223372036854776000"},
      {18446744073709551616.0, "18446744073709552000"},
      {4294967295.0, "4294967295"},
      {4294967296.0, "4294967296"},
      {2147483648.0, "2147483648"},
      {-2147483648.0, "-2147483648"},
      {4503599627370495.5, "4503599627370495.5"},
      {4503599627370496.5, "4503599627370496"},
      {1e23, "1e+23"},
      {8.41e21, "8.41e+21"},
      {9.5367431640625e-7, "9.5367431640625e-7"},
      {2.98023223876953125e-8, "2.9802322387695312e-8"},
      {1.0000000000000002, "1.0000000000000002"},
      {0.9999999999999999, "0.9999999999999999"},
      {4.35, "4.35"},
      {0.000035, "0.000035"},
      {1e100, "1e+100"},
      {5e-5, "0.00005"},
      {1.2e300, "1.2e+300"},
      {20.3, "20.3"},
      {-273.15, "-273.15"},
      {0.07, "0.07"},
      {33.333333333333336, "33.333333333333336"},
  };
  for (const Row& row : rows) CHECK(Number(row.value) == row.json);
}

TEST_CASE("a number that is not finite is null") {
  CHECK(Number(std::numeric_limits<double>::quiet_NaN()) == "null");
  CHECK(Number(-std::numeric_limits<double>::quiet_NaN()) == "null");
  CHECK(Number(std::numeric_limits<double>::infinity()) == "null");
  CHECK(Number(-std::numeric_limits<double>::infinity()) == "null");
}

TEST_CASE("every tenth has one decimal, and its neighbours have all theirs") {
  for (int tenths = 1; tenths < 20000; ++tenths) {
    if (tenths % 10 == 0) continue;
    const std::string text = std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
    const double value = tenths / 10.0;
    CHECK(Number(value) == text);
    CHECK(Number(-value) == "-" + text);
    for (const double limit : {0.0, 1e9}) {
      const double neighbour = std::nextafter(value, limit);
      CHECK(Number(neighbour).size() > text.size());
      CHECK(std::stod(Number(neighbour)) == neighbour);
    }
  }
  CHECK(Number(99999999999999.9) == "99999999999999.9");
  CHECK(Number(100000000000000.5) == "100000000000000.5");
  CHECK(Number(562949953421312.1) == "562949953421312.1");
}

TEST_CASE("ids have all digits of 64 bits") {
  std::string out = "[";
  AppendEventJson(out, {0, 9007199254740991u}, EventValue::Undefined());
  AppendEventJson(out, {UINT64_MAX, UINT64_MAX}, EventValue::Bool(false));
  CHECK(out ==
        "[{\"aid\":0,\"iid\":9007199254740991}"
        "{\"aid\":18446744073709551615,\"iid\":18446744073709551615,\"value\":false}");
}

TEST_CASE("null and booleans") {
  std::string out = "[";
  JsonWriter json(out);
  json.Null();
  json.Bool(true);
  json.Bool(false);
  CHECK(out == "[nulltruefalse");
}

TEST_CASE("a string without anything special is quoted") {
  CHECK(String(u"") == "\"\"");
  CHECK(String(u"Living Room / 1") == "\"Living Room / 1\"");
  CHECK(String(u" !#[]~\x7f") == "\" !#[]~\x7f\"");
}

TEST_CASE("quotes, backslashes and control characters are escaped") {
  CHECK(String(u"\"") == R"("\"")");
  CHECK(String(u"\\") == R"("\\")");
  CHECK(String(u"\b\f\n\r\t") == R"("\b\f\n\r\t")");
  CHECK(String(std::u16string(1, u'\0')) == R"("\u0000")");
  CHECK(String(u"\x01\x0b\x0e\x1f") == R"("\u0001\u000b\u000e\u001f")");
  CHECK(String(u"a\"b\\c\nd") == R"("a\"b\\c\nd")");
}

TEST_CASE("characters beyond ASCII become UTF-8, at the edges of each length") {
  CHECK(String(u"\u0080\u07ff") == "\"\xc2\x80\xdf\xbf\"");
  CHECK(String(u"\u0800\ud7ff\ue000\uffff") ==
        "\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"");
  CHECK(String(u"\U00010000\U0010ffff") == "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"");
  CHECK(String(u"K\u00fcche \U0001f4a1 an") ==
        "\"K\xc3\xbc"
        "che \xf0\x9f\x92\xa1 an\"");
}

TEST_CASE("line and paragraph separators stand as they are") {
  CHECK(String(u"\u2028\u2029") == "\"\xe2\x80\xa8\xe2\x80\xa9\"");
}

TEST_CASE("a lone surrogate is escaped, a pair is not") {
  const char16_t lead = 0xd83d;
  const char16_t trail = 0xdca1;
  CHECK(String(std::u16string{lead}) == R"("\ud83d")");
  CHECK(String(std::u16string{trail}) == R"("\udca1")");
  CHECK(String(std::u16string{trail, lead}) == R"("\udca1\ud83d")");
  CHECK(String(std::u16string{lead, u'x'}) == R"("\ud83dx")");
  CHECK(String(std::u16string{lead, lead, trail}) == "\"\\ud83d\xf0\x9f\x92\xa1\"");
  CHECK(String(std::u16string{lead, trail, trail}) == "\"\xf0\x9f\x92\xa1\\udca1\"");
  // The view ends within the pair: the units behind the view are not read.
  CHECK(String(std::u16string_view(u"\U0001f4a1", 1)) == R"("\ud83d")");
  CHECK(String(std::u16string{0xd800, 0xdbff, 0xdfff, 0xdc00}) ==
        "\"\\ud800\xf4\x8f\xbf\xbf\\udc00\"");
}

}  // namespace
