// The event hub against the naive model, with small bounds, so that queues collapse and overflow
// within a few calls.
#include "../test/hub_model.h"
#include "input.h"
#include "targets.h"

namespace hapwire::fuzz {

namespace {

constexpr QueueLimits kBounds[] = {
    {4096, 1 << 20}, {1, 1 << 20}, {2, 1 << 20}, {6, 1 << 20},
    {12, 1 << 20},   {64, 100},    {64, 400},    {0, 0},
};

}  // namespace

void EventHub(ByteView bytes) {
  Input input(bytes);
  const QueueLimits bounds = kBounds[input.Below(sizeof(kBounds) / sizeof(kBounds[0]))];
  testing::HubComparison comparison(input, bounds);
  while (!input.empty()) comparison.Step();
}

}  // namespace hapwire::fuzz
