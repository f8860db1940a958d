// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "experiments/audience/condition_check.h"
#include "experiments/audience/literal_text.h"
#include "experiments/audience/tiering_program.h"
#include "experiments/base/definition_rules.h"
#include "experiments/base/nearest_name.h"

namespace tierwise {
namespace {

constexpr int kMaxTiers = 64;
constexpr int kMaxRules = 256;

void CheckTiers(const v1::Tiering& tiering, absl::string_view field, Problems& problems) {
  if (tiering.tiers().empty() || tiering.tiers_size() > kMaxTiers) {
    problems.Add(FieldPath(field, "tiers"),
                 absl::StrCat("has ", tiering.tiers_size(), " tiers, 1 to ", kMaxTiers, " are allowed"));
  }
  absl::flat_hash_set<absl::string_view> ids;
  for (int i = 0; i < tiering.tiers_size(); ++i) {
    const v1::Tier& tier = tiering.tiers(i);
    const std::string path = FieldPath(field, "tiers", i);
    CheckId(tier.id(), FieldPath(path, "id"), problems);
    CheckTexts(tier.display_name(), tier.description(), path, problems);
    if (!tier.id().empty() && !ids.insert(tier.id()).second) {
      problems.Add(FieldPath(path, "id"), absl::StrCat(PrintString(tier.id()), " is the id of another tier too"));
    }
  }
}

// The ids that tiers have and that rules lead to, and what is wrong with the latter.
class RulesChecker {
 public:
  RulesChecker(const v1::Tiering& tiering, absl::string_view field, Problems& problems)
      : tiering_(tiering), field_(field), problems_(problems) {
    for (const v1::Tier& tier : tiering.tiers()) known_.push_back(tier.id());
  }

  void Check(const Definitions& definitions) {
    const v1::TierRules& rules = tiering_.rules();
    const std::string path = FieldPath(field_, "rules");
    if (rules.rules_size() > kMaxRules) {
      problems_.Add(FieldPath(path, "rules"),
                    absl::StrCat("has ", rules.rules_size(), " rules, at most ", kMaxRules, " are allowed"));
      return;
    }
    for (int i = 0; i < rules.rules_size(); ++i) {
      const std::string rule_path = FieldPath(path, "rules", i);
      CheckTarget(rules.rules(i).tier(), FieldPath(rule_path, "tier"));
      CheckCondition(rules.rules(i).when(), definitions, FieldPath(rule_path, "when"), problems_);
    }
    CheckTarget(rules.otherwise(), FieldPath(path, "otherwise"));
    for (int i = 0; i < tiering_.tiers_size(); ++i) {
      if (!reached_.contains(tiering_.tiers(i).id())) {
        problems_.Add(FieldPath(field_, "tiers", i),
                      "is empty: no rule leads to it, nor is it the tier of everyone else");
      }
    }
  }

 private:
  void CheckTarget(const std::string& tier, absl::string_view path) {
    reached_.insert(tier);
    if (tier.empty()) {
      problems_.Add(path, "is required");
    } else if (std::find(known_.begin(), known_.end(), tier) == known_.end()) {
      problems_.Add(path, absl::StrCat("unknown tier ", PrintString(absl::string_view(tier).substr(0, 63)),
                                       DidYouMean(tier, known_)));
    }
  }

  const v1::Tiering& tiering_;
  absl::string_view field_;
  Problems& problems_;
  std::vector<absl::string_view> known_;
  absl::flat_hash_set<absl::string_view> reached_;
};

}  // namespace

void CheckTiering(const v1::Tiering& tiering, const Definitions& definitions, absl::string_view field,
                  Problems& problems) {
  CheckId(tiering.id(), FieldPath(field, "id"), problems);
  CheckTexts(tiering.display_name(), tiering.description(), field, problems);
  CheckTiers(tiering, field, problems);
  if (!tiering.has_rules()) {
    problems.Add(FieldPath(field, "rules"), "is required");
    return;
  }
  RulesChecker(tiering, field, problems).Check(definitions);
}

}  // namespace tierwise
