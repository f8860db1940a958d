// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tierwise {

// MurmurHash3 x86 32-bit of `salt` followed by `unit_id`, seed 0, without building the concatenation.
uint32_t HashOf(absl::string_view salt, absl::string_view unit_id);

// Returns the bucket of `unit_id` in [0, total_weight): (uint64(hash) * total_weight) >> 32, as flagd's `fractional`
// operation does. Equal inputs give equal buckets on every platform and in every language: changing this re-randomises
// live campaigns. REQUIRES: total_weight > 0.
uint32_t BucketOf(absl::string_view salt, absl::string_view unit_id, uint32_t total_weight);

// A salt whose own part of the hash is computed once. Immutable; any number of threads may use it.
class Salt {
 public:
  explicit Salt(std::string text = "");

  const std::string& text() const { return text_; }
  // HashOf(text(), unit_id).
  uint32_t Hash(absl::string_view unit_id) const;
  // BucketOf(text(), unit_id, total_weight). REQUIRES: total_weight > 0.
  uint32_t Bucket(absl::string_view unit_id, uint32_t total_weight) const;

 private:
  std::string text_;
  uint32_t state_;  // after the salt's whole blocks of 4 bytes
  uint32_t carry_;  // its last 0 to 3 bytes, the first one lowest
};

}  // namespace tierwise
