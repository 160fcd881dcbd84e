// The fuzz targets: ordinary functions. libFuzzer calls them with its own inputs, and
// native/test/fuzz_seeds_test.cc with the seeds. Each throws if a check fails.
#pragma once

#include "bytes.h"

namespace hapwire::fuzz {

/// A stream of frames, damaged or not, cut anywhere, through the opener.
void FrameOpener(ByteView bytes);

/// A message in chunks through the sealer.
void FrameSealer(ByteView bytes);

/// Numbers, strings and ids through the JSON writer.
void JsonWriter(ByteView bytes);

/// Calls of an event hub.
void EventHub(ByteView bytes);

}  // namespace hapwire::fuzz
