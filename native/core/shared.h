// An object that several owners keep.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

namespace hapwire {

/// Owns an object together with its copies: the last one destroys it. Used on one thread.
///
/// std::shared_ptr counts atomically. Its code needs symbols that glibc 2.28 and musl do not have.
template <typename T>
class Shared {
 public:
  template <typename... Arguments>
  static Shared Make(Arguments&&... arguments) {
    return Shared(std::make_unique<Box>(std::forward<Arguments>(arguments)...).release());
  }

  /// Owns nothing.
  Shared() = default;
  Shared(const Shared& other) : box_(other.box_) {
    if (box_ != nullptr) ++box_->owners;
  }
  Shared(Shared&& other) noexcept : box_(std::exchange(other.box_, nullptr)) {}
  Shared& operator=(Shared other) noexcept {
    std::swap(box_, other.box_);
    return *this;
  }
  ~Shared() {
    if (box_ != nullptr && --box_->owners == 0) const std::unique_ptr<Box> last(box_);
  }

  explicit operator bool() const { return box_ != nullptr; }
  T* operator->() const { return &box_->object; }

 private:
  struct Box {
    template <typename... Arguments>
    explicit Box(Arguments&&... arguments) : object(std::forward<Arguments>(arguments)...) {}

    T object;
    size_t owners = 1;
  };

  explicit Shared(Box* box) : box_(box) {}

  Box* box_ = nullptr;
};

}  // namespace hapwire
