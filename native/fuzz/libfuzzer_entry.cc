// The function that libFuzzer calls. The build sets the target as HAPWIRE_FUZZ_TARGET.
#include <cstddef>
#include <cstdint>

#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hapwire::fuzz::HAPWIRE_FUZZ_TARGET({data, size});
  return 0;
}
