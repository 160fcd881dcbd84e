// Free memory of the heap, given back to the system.
#pragma once

#include <cstddef>

#if defined(__linux__)
// Declared here, not by <malloc.h>: only glibc has it, and one binary serves musl too.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int malloc_trim(size_t pad) __attribute__((weak));
#endif

namespace hapwire {

/// Gives free memory of the whole heap back to the system. Takes milliseconds: only after thousands
/// of small blocks were freed.
///
/// glibc keeps small free blocks in lists of their own. By itself it cuts only the end of the heap,
/// above a threshold that Node's own large blocks have raised to 64 MiB. Other C libraries need no
/// call.
inline void ReturnFreeMemory() {
#if defined(__linux__)
  if (malloc_trim != nullptr) static_cast<void>(malloc_trim(0));
#endif
}

}  // namespace hapwire
