// SPDX-License-Identifier: Apache-2.0
#include "server/services/policy_rule.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiments/assignment/field_checks.h"
#include "experiments/audience/condition_check.h"
#include "experiments/audience/literal_text.h"
#include "experiments/base/definition_rules.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/base/tier_plans.h"

namespace tierwise {
namespace {

constexpr int kMaxBranches = 100;

std::vector<absl::string_view> TiersOf(const v1::Tiering& tiering) {
  std::vector<absl::string_view> tiers;
  for (const v1::Tier& tier : tiering.tiers()) tiers.push_back(tier.id());
  return tiers;
}

size_t PlaceOf(absl::string_view id, const std::vector<absl::string_view>& ids) {
  return static_cast<size_t>(std::find(ids.begin(), ids.end(), id) - ids.begin());
}

}  // namespace

absl::StatusOr<PolicyRule> PolicyRule::Compile(const v1::OfferRule& rule, const LaunchedCampaign& launched,
                                               const AttributeSchema& schema) {
  const std::vector<absl::string_view> tiers = TiersOf(launched.tiering);
  std::vector<absl::string_view> variants;
  for (const v1::Variant& variant : launched.campaign.variants()) variants.push_back(variant.id());
  PolicyRule compiled;
  compiled.control_ = static_cast<size_t>(ControlIndex(launched.campaign));
  Problems problems;
  CheckCount(rule.branches_size(), 1, kMaxBranches, "branches", "rule.branches", problems);
  for (int i = 0; i < std::min(rule.branches_size(), kMaxBranches); ++i) {
    const v1::OfferBranch& branch = rule.branches(i);
    const std::string field = FieldPath("rule", "branches", i);
    Branch& out = compiled.branches_.emplace_back();
    if (CheckKnown(branch.variant(), variants, "variant", FieldPath(field, "variant"), problems)) {
      out.arm = PlaceOf(branch.variant(), variants);
    }
    if (!branch.tiers().empty()) out.tiers.assign(tiers.size(), false);
    for (int t = 0; t < branch.tiers_size(); ++t) {
      if (CheckKnown(branch.tiers(t), tiers, "tier", FieldPath(field, "tiers", t), problems)) {
        out.tiers[PlaceOf(branch.tiers(t), tiers)] = true;
      }
    }
    if (branch.when().empty()) continue;
    v1::Condition condition;
    condition.set_text(branch.when());
    Problems found;
    NormalizeCondition(condition, FieldPath(field, "when"), found);
    if (found.empty()) CheckCondition(condition, *launched.definitions, FieldPath(field, "when"), found);
    if (found.empty()) {
      out.has_condition = true;
      out.condition = ConditionProgram(condition.tree(), schema, *launched.definitions);
    }
    problems.AddAll("", found);
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  return compiled;
}

bool PolicyRule::NeedsAttributes() const {
  return std::any_of(branches_.begin(), branches_.end(), [](const Branch& branch) { return branch.has_condition; });
}

size_t PolicyRule::ArmOf(size_t tier, const UserAttributes& user, int64_t now_micros) const {
  for (const Branch& branch : branches_) {
    if (!branch.tiers.empty() && !branch.tiers[tier]) continue;
    if (branch.has_condition && !branch.condition.Evaluate(user, now_micros)) continue;
    return branch.arm;
  }
  return control_;
}

namespace {

// Writes a tree's leaves as branches. What a user who answers "no" did not answer needs no condition: an earlier branch
// took everyone else.
class RuleWriter {
 public:
  RuleWriter(const PolicyTree& tree, const LaunchedCampaign& launched, const std::vector<v1::Attribute>& attributes,
             const std::vector<std::vector<std::string>>& categories)
      : tree_(tree), launched_(launched), attributes_(attributes), categories_(categories) {}

  v1::OfferRule Write() && {
    Visit(0);
    return std::move(rule_);
  }

 private:
  void Visit(size_t place) {
    const PolicyNode& node = tree_.nodes[place];
    if (node.is_leaf) return AddBranch(node.arm);
    const bool is_tier = node.question.attribute == attributes_.size();
    if (is_tier) {
      const std::string outer =
          std::exchange(tier_, launched_.tiering.tiers(static_cast<int>(node.question.limit)).id());
      // Inside of another tier's side the question has one answer only.
      if (outer.empty() || outer == tier_) Visit(node.yes);
      tier_ = outer;
    } else {
      conditions_.push_back(ConditionOf(node.question));
      Visit(node.yes);
      conditions_.pop_back();
    }
    Visit(node.no);
  }

  void AddBranch(size_t arm) {
    v1::OfferBranch& branch = *rule_.add_branches();
    if (!tier_.empty()) branch.add_tiers(tier_);
    branch.set_when(absl::StrJoin(conditions_, " and "));
    branch.set_variant(launched_.campaign.variants(static_cast<int>(arm)).id());
  }

  std::string ConditionOf(const PolicyQuestion& question) const {
    const v1::Attribute& attribute = attributes_[question.attribute];
    switch (attribute.type()) {
      case v1::ATTRIBUTE_TYPE_BOOL:
        return absl::StrCat(attribute.id(), " == false");
      case v1::ATTRIBUTE_TYPE_STRING:
        return absl::StrCat(attribute.id(),
                            " == ", PrintString(categories_[question.attribute][static_cast<size_t>(question.limit)]));
      case v1::ATTRIBUTE_TYPE_INT:
        return absl::StrCat(attribute.id(), " <= ", static_cast<int64_t>(std::floor(question.limit)));
      default:
        return absl::StrCat(attribute.id(), " <= ", PrintDouble(question.limit));
    }
  }

  const PolicyTree& tree_;
  const LaunchedCampaign& launched_;
  const std::vector<v1::Attribute>& attributes_;
  const std::vector<std::vector<std::string>>& categories_;
  std::string tier_;
  std::vector<std::string> conditions_;
  v1::OfferRule rule_;
};

}  // namespace

v1::OfferRule RuleOf(const PolicyTree& tree, const LaunchedCampaign& launched,
                     const std::vector<v1::Attribute>& attributes,
                     const std::vector<std::vector<std::string>>& categories) {
  return RuleWriter(tree, launched, attributes, categories).Write();
}

}  // namespace tierwise
