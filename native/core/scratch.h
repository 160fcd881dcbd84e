// Memory that is used again and again: emptied after each use, given back when one use made it
// large.
#pragma once

#include <cstddef>

namespace hapwire {

/// Empties a vector or a string. Frees its memory if the capacity exceeds `most_bytes`.
///
/// Not by `shrink_to_fit`, which libstdc++ makes do nothing under -fno-exceptions.
template <typename Container>
void ClearKeeping(Container& container, size_t most_bytes) {
  container.clear();
  if (container.capacity() * sizeof(typename Container::value_type) > most_bytes) {
    Container().swap(container);
  }
}

}  // namespace hapwire
