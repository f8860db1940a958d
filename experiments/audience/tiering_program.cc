// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/tiering_program.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "absl/strings/str_cat.h"
#include "experiments/audience/tiering_rules.h"

namespace tierwise {

TieringProgram::TieringProgram(const v1::Tiering& tiering, const AttributeSchema& schema,
                               const Definitions& definitions) {
  for (const v1::Tier& tier : tiering.tiers()) tiers_.push_back(tier.id());
  const auto index_of = [this](const std::string& tier) {
    return static_cast<int>(std::distance(tiers_.begin(), std::find(tiers_.begin(), tiers_.end(), tier)));
  };
  const v1::TierRules rules = EquivalentRules(tiering, schema);
  for (const v1::TierRule& rule : rules.rules()) {
    rules_.push_back({ConditionProgram(rule.when().tree(), schema, definitions), index_of(rule.tier())});
  }
  otherwise_ = index_of(rules.otherwise());
}

std::vector<int> TieringProgram::slots() const {
  std::set<int> slots;
  for (const Rule& rule : rules_) {
    for (const int slot : rule.when.slots()) slots.insert(slot);
  }
  return {slots.begin(), slots.end()};
}

int TieringProgram::TierOf(const UserAttributes& user, int64_t now_micros) const {
  for (const Rule& rule : rules_) {
    if (rule.when.Evaluate(user, now_micros)) return rule.tier;
  }
  return otherwise_;
}

std::string TieringProgram::Explain(const UserAttributes& user, int64_t now_micros) const {
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (rules_[i].when.Evaluate(user, now_micros)) {
      return absl::StrCat("rule ", i + 1, " of ", rules_.size(), " leads to tier ",
                          tiers_[static_cast<size_t>(rules_[i].tier)], ": ", rules_[i].when.Explain(user, now_micros));
    }
  }
  return absl::StrCat("none of ", rules_.size(), " rules holds: everyone else is in tier ",
                      tiers_[static_cast<size_t>(otherwise_)]);
}

}  // namespace tierwise
