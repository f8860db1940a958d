// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/event_copies.h"

#include <algorithm>
#include <bit>

namespace tierwise {
namespace {

constexpr size_t kMinSlots = 64;
// Fibonacci hashing (Knuth vol. 3, 6.4).
constexpr uint64_t kSpread = 0x9E3779B97F4A7C15;

}  // namespace

void EventCopies::Begin(size_t events) {
  const size_t needed = std::max(kMinSlots, std::bit_ceil(2 * events));
  if (++user_ == 0 || slots_.size() < needed) {
    slots_.assign(std::max(needed, slots_.size()), Slot());
    shift_ = 64 - std::countr_zero(slots_.size());
    user_ = 1;
  }
  any_ = false;
  previous_.resize(events);
}

void EventCopies::Add(size_t index, uint64_t event) {
  previous_[index] = kNone;
  for (size_t at = (event * kSpread) >> shift_;; at = (at + 1) % slots_.size()) {
    Slot& slot = slots_[at];
    if (slot.user == user_ && slot.event != event) continue;
    if (slot.user == user_) {
      previous_[index] = slot.last;
      any_ = true;
    }
    slot = {event, static_cast<uint32_t>(index), user_};
    return;
  }
}

}  // namespace tierwise
