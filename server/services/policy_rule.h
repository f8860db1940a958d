// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "experiments/audience/condition_program.h"
#include "experiments/audience/user_attributes.h"
#include "experiments/base/definitions.h"
#include "experiments/tuning/policy_tree.h"
#include "server/services/campaign_lookup.h"
#include "tierwise/v1/offer_plan.pb.h"

namespace tierwise {

// An offer rule, ready to be asked. Immutable.
class PolicyRule {
 public:
  // Errors: InvalidArgument with the field of each unknown tier or variant, each condition that is wrong, no branch or
  // more than 100. Conditions are of the attributes that are declared as of the campaign's time.
  static absl::StatusOr<PolicyRule> Compile(const v1::OfferRule& rule, const LaunchedCampaign& launched,
                                            const AttributeSchema& schema);

  // Whether any branch looks at attributes.
  bool NeedsAttributes() const;
  // The place of the variant that a user of `tier` (its place in the tiering) gets.
  size_t ArmOf(size_t tier, const UserAttributes& user, int64_t now_micros) const;

 private:
  struct Branch {
    std::vector<bool> tiers;  // by place; empty: all
    bool has_condition = false;
    ConditionProgram condition;
    size_t arm = 0;
  };

  std::vector<Branch> branches_;
  size_t control_ = 0;
};

// The rule that a learnt tree is: branches from left to right, so that each needs the conditions of its own side only.
// `attributes` are those of the data that it was learnt from, with their types; `categories` the texts of each one's
// categories.
v1::OfferRule RuleOf(const PolicyTree& tree, const LaunchedCampaign& launched,
                     const std::vector<v1::Attribute>& attributes,
                     const std::vector<std::vector<std::string>>& categories);

}  // namespace tierwise
