// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "experiments/audience/attribute_type_name.h"
#include "experiments/audience/condition_check.h"
#include "experiments/audience/literal_text.h"
#include "experiments/audience/tiering_program.h"
#include "experiments/base/definition_rules.h"
#include "experiments/base/nearest_name.h"

namespace tierwise {
namespace {

constexpr int kMaxTiers = 64;
constexpr int kMaxRules = 256;
constexpr int kMaxGroups = 64;
constexpr uint32_t kMaxScore = 5;
constexpr uint32_t kBasisPoints = 10'000;
constexpr int64_t kSecondsOfDay = 86'400;
constexpr int64_t kMaxPolicySeconds = 400 * kSecondsOfDay;
constexpr int64_t kMinEverySeconds = 60;
constexpr double kMaxHysteresis = 0.5;
constexpr uint32_t kMaxConfirmations = 10;

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

// Checks how a user's tier is found: what the method needs, and that every tier is led to.
class MethodChecker {
 public:
  MethodChecker(const v1::Tiering& tiering, const Definitions& definitions, absl::string_view field, Problems& problems)
      : tiering_(tiering), definitions_(definitions), field_(field), problems_(problems) {
    for (const v1::Tier& tier : tiering.tiers()) known_.push_back(tier.id());
  }

  void CheckRules() {
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
      CheckCondition(rules.rules(i).when(), definitions_, FieldPath(rule_path, "when"), problems_);
    }
    CheckTarget(rules.otherwise(), FieldPath(path, "otherwise"));
    CheckAllReached("no rule leads to it, nor is it the tier of everyone else");
  }

  void CheckQuantiles() {
    const v1::TierQuantiles& quantiles = tiering_.quantiles();
    const std::string path = FieldPath(field_, "quantiles");
    CheckNumeric(quantiles.attribute(), FieldPath(path, "attribute"));
    const bool has_missing_tier = !quantiles.missing_tier().empty();
    if (has_missing_tier) CheckTarget(quantiles.missing_tier(), FieldPath(path, "missing_tier"));
    const int shares = quantiles.up_to_bp_size();
    const int tiers = tiering_.tiers_size();
    const bool fits = shares > 0 && (shares == tiers || (has_missing_tier && shares == tiers - 1));
    if (!fits) {
      problems_.Add(FieldPath(path, "up_to_bp"),
                    absl::StrCat("has ", shares, " shares for ", tiers,
                                 " tiers: one for each tier, or for each but the one named in missing_tier"));
    }
    uint32_t before = 0;
    for (int i = 0; i < shares; ++i) {
      const uint32_t share = quantiles.up_to_bp(i);
      const std::string at = FieldPath(path, "up_to_bp", i);
      if (share > kBasisPoints) {
        problems_.Add(at, absl::StrCat("is ", share, ", 1 to ", kBasisPoints, " is allowed"));
      } else if (share <= before) {
        problems_.Add(at, absl::StrCat("is ", share, " after ", before, "; shares say how far each tier reaches from ",
                                       "the top, so each is larger than the one before"));
      } else if (i == shares - 1 && share != kBasisPoints) {
        problems_.Add(at, absl::StrCat("is ", share, "; the last one must be ", kBasisPoints, ", all users"));
      }
      before = share;
    }
  }

  void CheckRfm() {
    const v1::TierRfm& rfm = tiering_.rfm();
    const std::string path = FieldPath(field_, "rfm");
    CheckNumeric(rfm.recency(), FieldPath(path, "recency"));
    CheckNumeric(rfm.frequency(), FieldPath(path, "frequency"));
    CheckNumeric(rfm.monetary(), FieldPath(path, "monetary"));
    if (rfm.groups().empty() || rfm.groups_size() > kMaxGroups) {
      problems_.Add(FieldPath(path, "groups"),
                    absl::StrCat("has ", rfm.groups_size(), " groups, 1 to ", kMaxGroups, " are allowed"));
    }
    for (int i = 0; i < rfm.groups_size(); ++i) {
      const v1::RfmGroup& group = rfm.groups(i);
      const std::string at = FieldPath(path, "groups", i);
      CheckTarget(group.tier(), FieldPath(at, "tier"));
      CheckScores(group.min_recency(), group.max_recency(), "recency", at);
      CheckScores(group.min_frequency(), group.max_frequency(), "frequency", at);
      CheckScores(group.min_monetary(), group.max_monetary(), "monetary", at);
    }
    CheckTarget(rfm.otherwise(), FieldPath(path, "otherwise"));
    CheckAllReached("no group leads to it, nor is it the tier of everyone else");
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

  void CheckAllReached(absl::string_view why_not) {
    for (int i = 0; i < tiering_.tiers_size(); ++i) {
      if (reached_.contains(tiering_.tiers(i).id())) continue;
      problems_.Add(FieldPath(field_, "tiers", i), absl::StrCat("is empty: ", why_not));
    }
  }

  void CheckNumeric(const std::string& id, absl::string_view path) {
    if (id.empty()) return problems_.Add(path, "is required");
    const v1::Attribute* const attribute = definitions_.FindAttribute(id);
    if (attribute == nullptr) {
      const std::vector<Definitions::Pointer> attributes = definitions_.InCollection("attributes");
      std::vector<absl::string_view> ids;
      for (const Definitions::Pointer& definition : attributes) ids.push_back(definition->attribute().id());
      problems_.Add(path, absl::StrCat("unknown attribute ", PrintString(absl::string_view(id).substr(0, 63)),
                                       DidYouMean(id, ids)));
    } else if (attribute->type() != v1::ATTRIBUTE_TYPE_INT && attribute->type() != v1::ATTRIBUTE_TYPE_DOUBLE) {
      problems_.Add(path, absl::StrCat(id, " is ", TypeName(attribute->type()), "; INT or DOUBLE is needed"));
    }
  }

  void CheckScores(uint32_t min, uint32_t max, absl::string_view score, absl::string_view path) {
    for (const auto& [bound, value] : {std::pair{"min_", min}, std::pair{"max_", max}}) {
      if (value <= kMaxScore) continue;
      problems_.Add(FieldPath(path, absl::StrCat(bound, score)),
                    absl::StrCat("is ", value, ", 1 to ", kMaxScore, " is allowed, or 0 for no bound"));
    }
    if (max > 0 && min > max) {
      problems_.Add(FieldPath(path, absl::StrCat("min_", score)),
                    absl::StrCat("is ", min, ", above max_", score, ", which is ", max));
    }
  }

  const v1::Tiering& tiering_;
  const Definitions& definitions_;
  absl::string_view field_;
  Problems& problems_;
  std::vector<absl::string_view> known_;
  absl::flat_hash_set<absl::string_view> reached_;
};

bool IsBetween(const google::protobuf::Duration& duration, int64_t min_seconds, int64_t max_seconds) {
  const bool is_valid = duration.nanos() > -1'000'000'000 && duration.nanos() < 1'000'000'000;
  const bool is_over = duration.seconds() > max_seconds || (duration.seconds() == max_seconds && duration.nanos() > 0);
  const bool is_under = duration.seconds() < min_seconds || (duration.seconds() == min_seconds && duration.nanos() < 0);
  return is_valid && !is_over && !is_under;
}

void CheckPolicy(const v1::Tiering& tiering, absl::string_view field, Problems& problems) {
  const v1::RefreshPolicy& policy = tiering.refresh();
  const std::string path = FieldPath(field, "refresh");
  if (policy.has_every() && !IsBetween(policy.every(), kMinEverySeconds, kMaxPolicySeconds)) {
    problems.Add(FieldPath(path, "every"), "is not from 1 minute to 400 days");
  }
  if (policy.has_min_dwell() && !IsBetween(policy.min_dwell(), 0, kMaxPolicySeconds)) {
    problems.Add(FieldPath(path, "min_dwell"), "is not from 0 to 400 days");
  }
  if (!(policy.hysteresis() >= 0 && policy.hysteresis() <= kMaxHysteresis)) {
    problems.Add(FieldPath(path, "hysteresis"),
                 absl::StrCat("is ", policy.hysteresis(), ", 0 to ", kMaxHysteresis, " is allowed"));
  } else if (policy.hysteresis() > 0 && tiering.has_rules()) {
    problems.Add(FieldPath(path, "hysteresis"), "is for tierings by quantiles and RFM; rules have no cuts to move");
  }
  if (policy.confirmations() > kMaxConfirmations) {
    problems.Add(FieldPath(path, "confirmations"),
                 absl::StrCat("is ", policy.confirmations(), ", 1 to ", kMaxConfirmations, " is allowed"));
  }
}

}  // namespace

void CheckTiering(const v1::Tiering& tiering, const Definitions& definitions, absl::string_view field,
                  Problems& problems) {
  CheckId(tiering.id(), FieldPath(field, "id"), problems);
  CheckTexts(tiering.display_name(), tiering.description(), field, problems);
  CheckTiers(tiering, field, problems);
  MethodChecker checker(tiering, definitions, field, problems);
  switch (tiering.method_case()) {
    case v1::Tiering::kRules:
      checker.CheckRules();
      break;
    case v1::Tiering::kQuantiles:
      checker.CheckQuantiles();
      break;
    case v1::Tiering::kRfm:
      checker.CheckRfm();
      break;
    case v1::Tiering::METHOD_NOT_SET:
      problems.Add(FieldPath(field, "rules"), "is required, or one of quantiles and rfm");
      break;
  }
  CheckPolicy(tiering, field, problems);
}

}  // namespace tierwise
