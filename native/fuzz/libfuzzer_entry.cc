// Where libFuzzer enters a target; the build says which one HAPWIRE_FUZZ_TARGET is.
#include <cstddef>
#include <cstdint>

#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hapwire::fuzz::HAPWIRE_FUZZ_TARGET({data, size});
  return 0;
}
