// The upper halves of the vector registers on x64.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

namespace hapwire {

#if defined(__x86_64__) && defined(__GNUC__)

/// As CleanAvxState, for a CPU with AVX.
inline __attribute__((target("avx"))) void ZeroUpper() { _mm256_zeroupper(); }

/// Clears the upper halves of the vector registers; call it after each EVP final.
///
/// OpenSSL's Poly1305 for AVX-512 IFMA leaves them dirty, and some CPUs then run SSE code slower.
/// On a CPU without AVX-512 IFMA it costs one branch.
inline void CleanAvxState() {
  if (__builtin_cpu_supports("avx512ifma")) ZeroUpper();
}

#else

inline void CleanAvxState() {}

#endif

}  // namespace hapwire
