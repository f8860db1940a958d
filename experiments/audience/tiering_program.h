// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "experiments/audience/condition_program.h"
#include "experiments/base/problems.h"
#include "tierwise/v1/tiering.pb.h"

namespace tierwise {

// Adds to `problems` everything that is wrong with a tiering whose conditions are normalized: ids, unknown or repeated
// tiers, a missing catch-all, tiers that nothing leads to, conditions (see CheckCondition), attributes of quantiles and
// scores that are not declared or no numbers, shares, bounds of scores, the refresh policy. What is output only is not
// looked at. Fields are relative to `field`.
void CheckTiering(const v1::Tiering& tiering, const Definitions& definitions, absl::string_view field,
                  Problems& problems);

// A tiering by any method compiled, as the rules that it is equivalent to (EquivalentRules): every user is in exactly
// one tier. Immutable; any number of threads may use it.
class TieringProgram {
 public:
  // REQUIRES: CheckTiering found nothing wrong.
  TieringProgram(const v1::Tiering& tiering, const AttributeSchema& schema, const Definitions& definitions);

  // Ids of the tiers, in the tiering's order.
  const std::vector<std::string>& tiers() const { return tiers_; }
  // Those of the attributes that a tier depends on, ascending.
  std::vector<int> slots() const;
  // Index into tiers(). Allocates nothing.
  int TierOf(const UserAttributes& user, int64_t now_micros) const;
  // Which rule decided, for Explain.
  std::string Explain(const UserAttributes& user, int64_t now_micros) const;

 private:
  struct Rule {
    ConditionProgram when;
    int tier;
  };
  std::vector<std::string> tiers_;
  std::vector<Rule> rules_;
  int otherwise_ = 0;
};

}  // namespace tierwise
