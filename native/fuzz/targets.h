// The fuzz targets: ordinary functions, which libFuzzer calls with what it makes up and
// native/test/fuzz_seeds_test.cc with the seeds. Each throws where something is not as it must be.
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
