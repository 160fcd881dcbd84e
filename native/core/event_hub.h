// The event hub: who is subscribed to what, and each connection's queue of events that wait to be sent.
//
// A broadcast looks its characteristic up once and touches its subscribers only; the event's JSON is written once
// and shared by all queues that hold it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bytes.h"

namespace hapwire {

/// What a queued event asks of the transport. The values are shared with src/engine/contract.ts.
enum class Signal : uint32_t { kNone = 0, kWindowOpens = 1, kFlushNow = 2, kOverflow = 3 };

}  // namespace hapwire
