// The hash of characteristics: whoever does not know its seed cannot fill one bucket.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <unordered_set>
#include <vector>

#include "event.h"

namespace {

using hapwire::CharacteristicHash;
using hapwire::CharacteristicId;
using hapwire::HashSeed;

constexpr size_t kIds = 20000;
/// The largest bucket of kIds ids in as many buckets is about 8 if chance decides; a bucket of this
/// size has less than one chance in 10^9.
constexpr size_t kLargeBucket = 20;

/// Ids of a pattern that a controller can choose without the seed.
using Pattern = CharacteristicId (*)(uint64_t k);

constexpr Pattern kPatterns[] = {
    // As accessories have them.
    [](uint64_t k) {
      return CharacteristicId{1 + k / 100, 1 + k % 100};
    },
    // A lattice that filled one bucket of the hash without a seed.
    [](uint64_t k) {
      return CharacteristicId{1 + k * 2971215073, 1 + k * 50920843};
    },
    // The low or the high bits alone.
    [](uint64_t k) {
      return CharacteristicId{1, k};
    },
    [](uint64_t k) {
      return CharacteristicId{k << 38, 1};
    },
    [](uint64_t k) {
      return CharacteristicId{(k % 256) << 45, (k / 256) << 45};
    },
    [](uint64_t k) {
      return CharacteristicId{k << 32, k << 32};
    },
    // Sums, differences and products that are equal.
    [](uint64_t k) {
      return CharacteristicId{k, kIds - k};
    },
    [](uint64_t k) {
      return CharacteristicId{k, k};
    },
};

size_t LargestBucket(Pattern pattern, HashSeed seed) {
  std::unordered_set<CharacteristicId, CharacteristicHash> ids(kIds, CharacteristicHash(seed));
  for (uint64_t k = 0; k < kIds; ++k) ids.insert(pattern(k));
  CHECK(ids.size() == kIds);
  size_t largest = 0;
  for (size_t bucket = 0; bucket < ids.bucket_count(); ++bucket) {
    largest = std::max(largest, ids.bucket_size(bucket));
  }
  return largest;
}

TEST_CASE("no pattern of ids fills a bucket, whatever the seed") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 10; ++round) {
    const HashSeed seed{random(), random()};
    for (const Pattern& pattern : kPatterns) {
      CAPTURE(round);
      CAPTURE(&pattern - kPatterns);
      CHECK(LargestBucket(pattern, seed) < kLargeBucket);
    }
  }
}

TEST_CASE("ids that share a bucket under one seed do not share one under another") {
  constexpr size_t kBuckets = 1 << 14;
  const CharacteristicHash known(HashSeed{1, 2});
  std::vector<CharacteristicId> colliding;
  for (uint64_t iid = 0; colliding.size() < 200; ++iid) {
    if (known({1, iid}) % kBuckets == 0) colliding.push_back({1, iid});
  }
  const CharacteristicHash other(HashSeed{3, 4});
  std::vector<size_t> sizes(kBuckets);
  for (const CharacteristicId& id : colliding) ++sizes[other(id) % kBuckets];
  CHECK(*std::max_element(sizes.begin(), sizes.end()) < 5);
}

}  // namespace
