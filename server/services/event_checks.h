// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/time/time.h"
#include "experiments/assignment/snapshot.h"
#include "experiments/base/problems.h"
#include "tierwise/v1/event.pb.h"

namespace tierwise {

// What is wrong with one item of a batch, if anything is; the first problem found. `now` bounds times: at most an hour
// ahead.
std::optional<Problem> CheckEvent(const v1::Event& event, absl::Time now);
std::optional<Problem> CheckProfile(const v1::Profile& profile, const AttributeSchema& schema);

// The part of an exposure that needs no catalog: ids, time, propensity.
std::optional<Problem> CheckExposure(const v1::Exposure& exposure, absl::Time now);

}  // namespace tierwise
