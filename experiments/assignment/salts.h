// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "tierwise/v1/campaign.pb.h"
#include "tierwise/v1/holdout.pb.h"
#include "tierwise/v1/layer.pb.h"

// Which salt and how many buckets each random step of an assignment uses. Clients that evaluate by themselves (any
// language's flagd provider, from our sync stream) compute the same buckets: none of this can ever change.
namespace tierwise {

// Buckets of layers, holdouts and traffic shares: one is a basis point.
inline constexpr uint32_t kBasisPoints = 10'000;

// In the campaign's layer: the campaign's are the buckets of its ranges.
inline const std::string& LayerSalt(const v1::Layer& layer) { return layer.salt(); }
// Held out: buckets below the share of the user's tier.
inline const std::string& HoldoutSalt(const v1::Holdout& holdout) { return holdout.salt(); }
// Enters the campaign: buckets below the traffic share.
inline std::string TrafficSalt(const v1::Campaign& campaign) { return absl::StrCat(campaign.salt(), "/traffic"); }
// The arm: buckets are the arms' total weight, each arm has as many as its weight, in the plan's order. The salt is the
// same for every tier in the same phase.
inline std::string ArmSalt(const v1::Campaign& campaign, uint32_t phase) {
  return absl::StrCat(campaign.salt(), "/", phase);
}

}  // namespace tierwise
