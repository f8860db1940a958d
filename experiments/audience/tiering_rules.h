// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "experiments/audience/attribute_schema.h"
#include "experiments/base/definitions.h"
#include "tierwise/v1/tiering.pb.h"

namespace tierwise {

// A tiering by any method as rules: QUANTILES and RFM by comparing with their cuts, so that what evaluates tierings
// knows rules only. Without cuts, everyone is in the tier of those who have no value. Conditions have both forms.
// REQUIRES: CheckTiering found nothing wrong; `schema` is that of the definitions.
v1::TierRules EquivalentRules(const v1::Tiering& tiering, const AttributeSchema& schema);

// The same for cuts that lie elsewhere. `position` is 0 for the cuts as they are, +1 for those that are harder to pass
// (each moved by `hysteresis` times its own size), -1 for those that are easier; for RFM one of recency, frequency and
// monetary each, for QUANTILES the first. RULES have no cuts: they stay as they are.
struct CutShift {
  int positions[3] = {0, 0, 0};
  double hysteresis = 0;
};
v1::TierRules ShiftedRules(const v1::Tiering& tiering, const AttributeSchema& schema, const CutShift& shift);

// Whether the tiering needs cuts, and has none yet: it must be refreshed before a campaign can use it.
bool LacksCuts(const v1::Tiering& tiering);

// Ids of QUANTILES' tiers that have a share, best first: all, or all but the one of users without a value.
std::vector<std::string> RankedTiers(const v1::Tiering& tiering);
// Id of the tier of users without a value. REQUIRES: QUANTILES.
const std::string& MissingTier(const v1::Tiering& tiering);

// Ids of the attributes that a user's tier depends on, or that `condition` reads, through segments too.
std::set<std::string> AttributesOf(const v1::Tiering& tiering, const Definitions& definitions);
std::set<std::string> AttributesOf(const v1::Condition& condition, const Definitions& definitions);

}  // namespace tierwise
