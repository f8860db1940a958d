// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "tierwise/v1/event.pb.h"

namespace tierwise {

// Keeps what is known about users. Thread-safe.
class ProfileStore {
 public:
  virtual ~ProfileStore() = default;

  // Merges each profile into the user's stored one (see tierwise.v1.Profile); in order, the later wins. Returns when it
  // would survive kill -9. All or none. REQUIRES: the profiles were checked.
  virtual absl::Status Upsert(const std::vector<v1::Profile>& profiles, absl::Time received) = 0;

  // One entry for each user asked for, in that order; unset where nothing is known.
  virtual absl::StatusOr<std::vector<std::optional<v1::Profile>>> Get(absl::Span<const std::string> user_ids) = 0;
};

}  // namespace tierwise
