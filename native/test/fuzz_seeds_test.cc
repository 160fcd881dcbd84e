// The fuzz targets without a fuzzer: the committed seeds, which every find joins, and a few inputs
// at random, so that no compiler but Clang is needed to run them.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "targets.h"

namespace {

namespace fs = std::filesystem;

using hapwire::ByteView;
using Bytes = std::vector<uint8_t>;

/// A target and the folder of its seeds.
struct Target {
  void (*run)(ByteView);
  const char* seeds;
};

constexpr Target kTargets[] = {
    {hapwire::fuzz::EventHub, "event_hub"},
    {hapwire::fuzz::FrameOpener, "frame_opener"},
    {hapwire::fuzz::FrameSealer, "frame_sealer"},
    {hapwire::fuzz::JsonWriter, "json_writer"},
};

Bytes Read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  REQUIRE(stream);
  return Bytes(std::istreambuf_iterator<char>(stream), {});
}

TEST_CASE("every seed of every target passes") {
  for (const Target& target : kTargets) {
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator(fs::path(HAPWIRE_SEEDS) / target.seeds)) {
      const std::string path = entry.path().string();
      CAPTURE(path);
      const Bytes seed = Read(entry.path());
      CHECK_NOTHROW(target.run({seed.data(), seed.size()}));
      ++count;
    }
    CHECK(count >= 3);
  }
}

TEST_CASE("inputs at random pass, the empty one too") {
  std::mt19937 random(1);
  for (const Target& target : kTargets) {
    CAPTURE(target.seeds);
    CHECK_NOTHROW(target.run({}));
    for (int round = 0; round < 300; ++round) {
      CAPTURE(round);
      Bytes input(random() % 600);
      std::generate(input.begin(), input.end(), [&] { return static_cast<uint8_t>(random()); });
      REQUIRE_NOTHROW(target.run({input.data(), input.size()}));
    }
  }
}

}  // namespace
