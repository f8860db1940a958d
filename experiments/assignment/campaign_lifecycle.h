// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "experiments/base/definitions.h"
#include "tierwise/v1/campaign.pb.h"

namespace tierwise {

// The transitions of a campaign's state: each returns the campaign as it is next, or FailedPrecondition, naming the
// state and the one that it needs. `now_micros` is in microseconds since the epoch. Meta is left as it is.

// DRAFT to RUNNING: the catalog version is pinned, every plan begins its phase 1, and where it has a layer its buckets
// are taken. FailedPrecondition also where the layer has too few free, the schedule is over, or
// the tiering needs cuts and has none yet. REQUIRES: `current` is
// one of `definitions`, which are valid; those of `catalog_version` are what it is launched with.
absl::StatusOr<v1::Campaign> Launch(const v1::Campaign& current, const Definitions& definitions, int64_t now_micros,
                                    int64_t catalog_version);

// RUNNING to PAUSED: it keeps its buckets.
absl::StatusOr<v1::Campaign> Pause(const v1::Campaign& current);

// PAUSED to RUNNING.
absl::StatusOr<v1::Campaign> Resume(const v1::Campaign& current);

// RUNNING or PAUSED to CONCLUDED: its buckets are free again. InvalidArgument where `conclusion` has no outcome, an
// unknown variant, or a variant without being SHIPPED; its time is ignored.
absl::StatusOr<v1::Campaign> Conclude(const v1::Campaign& current, const v1::Conclusion& conclusion,
                                      int64_t now_micros);

// Whether it was launched and is not concluded: it is RUNNING or PAUSED, and holds the buckets of its layer.
bool IsLaunched(const v1::Campaign& campaign);

// The name of a state as people write it: "DRAFT".
absl::string_view StateName(v1::CampaignState state);

}  // namespace tierwise
