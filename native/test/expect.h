// The check for code that runs in fuzz targets and in unit tests: it throws. doctest reports the
// exception as the test's failure. libFuzzer reports an uncaught exception as a find.
#pragma once

#include <stdexcept>
#include <string>

namespace hapwire::testing {

[[noreturn]] inline void Fail(const char* condition, const char* file, int line) {
  throw std::logic_error(std::string(file) + ":" + std::to_string(line) + ": not so: " + condition);
}

}  // namespace hapwire::testing

/// Variadic, so that a condition may have commas in braces.
#define EXPECT(...)                                             \
  do {                                                          \
    if (!(__VA_ARGS__)) {                                       \
      hapwire::testing::Fail(#__VA_ARGS__, __FILE__, __LINE__); \
    }                                                           \
  } while (false)
