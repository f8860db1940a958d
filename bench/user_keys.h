// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace tierwise::bench {

// A key like that of a hashed user id (splitmix64's finalizer).
inline uint64_t KeyOfNumber(uint64_t number) {
  number += 0x9E3779B97F4A7C15;
  number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9;
  number = (number ^ (number >> 27)) * 0x94D049BB133111EB;
  return number ^ (number >> 31);
}

}  // namespace tierwise::bench
