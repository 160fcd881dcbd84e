// The functions of libstdc++'s run time that the addon needs, without exceptions.
//
// libstdc++'s own functions throw. Linked statically, they bring in the unwinder, the demangler and
// symbols of a new glibc: _dl_find_object of 2.35, __libc_single_threaded of 2.32. Older systems
// lack these symbols, and the 90 KB of code could never run: the addon catches nothing. Here a
// failure ends the process, as an uncaught exception does.
#include <cstdlib>
#include <new>
#include <string>

#ifdef __GLIBCXX__

// The copy in libstdc++ catches and throws again.
template class std::basic_string<char>;

// Weak: if another release of libstdc++ calls more functions, its whole set takes over.
#define HAPWIRE_WEAK __attribute__((weak))

namespace std {  // NOLINT(cert-dcl58-cpp): replaced, not extended

HAPWIRE_WEAK void __throw_bad_alloc() { abort(); }
HAPWIRE_WEAK void __throw_bad_array_new_length() { abort(); }
HAPWIRE_WEAK void __throw_length_error(const char* /*what*/) { abort(); }
HAPWIRE_WEAK void __throw_logic_error(const char* /*what*/) { abort(); }
// NOLINTNEXTLINE(cert-dcl50-cpp): libstdc++ declares it so
HAPWIRE_WEAK void __throw_out_of_range_fmt(const char* /*format*/, ...) { abort(); }

}  // namespace std

void* operator new(std::size_t size) {
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}

void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t /*size*/) noexcept { std::free(memory); }

#endif
