#include "shared.h"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

using hapwire::Shared;

namespace {

/// Counts how many of its kind live.
class Counted {
 public:
  explicit Counted(int& living) : living_(living) { ++living_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --living_; }

  int Living() const { return living_; }

 private:
  int& living_;
};

}  // namespace

TEST_CASE("a shared object lives until its last owner is gone") {
  int living = 0;
  std::vector<Shared<Counted>> owners;
  owners.push_back(Shared<Counted>::Make(living));
  owners.push_back(owners.front());
  owners.emplace_back();
  owners.back() = owners.front();
  CHECK(owners.back()->Living() == 1);
  owners.erase(owners.begin());
  owners.pop_back();
  CHECK(living == 1);
  owners.pop_back();
  CHECK(living == 0);
}

TEST_CASE("a moved owner passes its object on") {
  int living = 0;
  auto first = Shared<Counted>::Make(living);
  Shared<Counted> second(std::move(first));
  CHECK_FALSE(first);  // NOLINT(bugprone-use-after-move): the test is about it.
  CHECK(second->Living() == 1);
  second = Shared<Counted>();
  CHECK(living == 0);
}

TEST_CASE("an owner that takes another object leaves its own") {
  int living = 0;
  int others = 0;
  auto owner = Shared<Counted>::Make(living);
  owner = Shared<Counted>::Make(others);
  CHECK(living == 0);
  CHECK(owner->Living() == 1);
}
