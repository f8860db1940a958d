// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "experiments/base/definitions.h"
#include "tierwise/v1/campaign.pb.h"

namespace tierwise {

// What launched campaigns refer to: tierings and segments as of the version that they pinned, attributes, metrics and
// layers as of now. Not thread-safe.
class PinnedDefinitions {
 public:
  // Both must outlive this; `pinned` is by catalog version.
  PinnedDefinitions(const Definitions& now, const std::map<int64_t, Definitions>& pinned);

  // Valid as long as this is. Internal where the version that `campaign` pinned is not there.
  absl::StatusOr<const Definitions*> ScopeOf(const v1::Campaign& campaign);
  // Whether `campaign` was adaptive when it was launched: that can only be cleared.
  bool WasAdaptive(const v1::Campaign& campaign) const;

 private:
  const Definitions& now_;
  const std::map<int64_t, Definitions>& pinned_;
  Definitions unpinned_;  // the part of now_ that no campaign pins
  std::map<int64_t, Definitions> scopes_;
};

// The segments that the audience and the tiering of `campaign` refer to, directly or through other segments, by name.
std::vector<Definitions::Pointer> SegmentsOf(const v1::Campaign& campaign, const Definitions& definitions);

}  // namespace tierwise
