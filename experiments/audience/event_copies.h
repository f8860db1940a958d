// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace tierwise {

// Which of one user's events are copies of earlier ones: have the same id. Made once and used for one user after the
// other, it allocates only for a user with more events than any before. Not thread-safe.
class EventCopies {
 public:
  static constexpr size_t kNone = std::numeric_limits<size_t>::max();

  // Starts on the next user. REQUIRES: events < 2^32.
  void Begin(size_t events);
  // REQUIRES: for each of the user's events, from 0 on.
  void Add(size_t index, uint64_t event);

  bool any() const { return any_; }
  // The last copy before event `index`, or kNone. REQUIRES: any(), and `index` was added.
  size_t Previous(size_t index) const { return previous_[index]; }

 private:
  struct Slot {
    uint64_t event = 0;
    uint32_t last = 0;  // index of its last copy so far
    uint32_t user = 0;  // another number than user_: free
  };

  std::vector<Slot> slots_;  // a power of two, at most half in use; empty or of at least 2 slots
  int shift_ = 0;            // 64 less the bits of a slot's index
  uint32_t user_ = 0;        // counts users
  bool any_ = false;
  std::vector<size_t> previous_;
};

}  // namespace tierwise
