// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/tiering_rules.h"

#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "experiments/audience/condition_text.h"

namespace tierwise {
namespace {

constexpr int kScoreCuts = 4;
constexpr double kTwoTo63 = 9'223'372'036'854'775'808.0;

int64_t Saturated(double value) {
  if (value >= kTwoTo63) return std::numeric_limits<int64_t>::max();
  if (value < -kTwoTo63) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

// The comparisons that cuts need. For whole numbers a cut between two of them is moved to the one that means the same.
class Comparisons {
 public:
  explicit Comparisons(const AttributeSchema& schema) : schema_(schema) {}

  v1::ConditionNode Of(const std::string& attribute, v1::ComparisonOperator comparison, double cut) const {
    v1::ConditionNode node;
    v1::ComparisonTest& test = *node.mutable_comparison();
    test.set_attribute(attribute);
    test.set_operator_(comparison);
    const std::optional<int> slot = schema_.SlotOf(attribute);
    if (slot.has_value() && schema_.TypeOf(*slot) == v1::ATTRIBUTE_TYPE_INT) {
      const bool rounds_up =
          comparison == v1::COMPARISON_OPERATOR_GREATER_OR_EQUAL || comparison == v1::COMPARISON_OPERATOR_LESS;
      test.mutable_literal()->set_int_value(Saturated(rounds_up ? std::ceil(cut) : std::floor(cut)));
    } else {
      test.mutable_literal()->set_double_value(cut);
    }
    return node;
  }

 private:
  const AttributeSchema& schema_;
};

v1::ConditionNode Presence(const std::string& attribute, bool negated) {
  v1::ConditionNode node;
  node.mutable_presence()->set_attribute(attribute);
  node.mutable_presence()->set_negated(negated);
  return node;
}

v1::ConditionNode AllOf(std::vector<v1::ConditionNode> operands) {
  v1::ConditionNode node;
  if (operands.empty()) node.set_constant(true);
  if (operands.size() == 1) return std::move(operands[0]);
  for (v1::ConditionNode& operand : operands) *node.mutable_all_of()->add_operands() = std::move(operand);
  return node;
}

void AddRule(const std::string& tier, v1::ConditionNode when, v1::TierRules& rules) {
  v1::TierRule& rule = *rules.add_rules();
  rule.set_tier(tier);
  rule.mutable_when()->set_text(PrintCondition(when));
  *rule.mutable_when()->mutable_tree() = std::move(when);
}

// A cut moved by `position` times `hysteresis` of its size: +1 makes it harder to pass.
double Moved(double cut, bool ascending, int position, double hysteresis) {
  const double by = std::abs(cut) * hysteresis * position;
  const double moved = ascending ? cut - by : cut + by;
  return std::isfinite(moved) ? moved : cut;
}

v1::TierRules QuantileRules(const v1::Tiering& tiering, const Comparisons& comparisons, const CutShift& shift) {
  const v1::TierQuantiles& quantiles = tiering.quantiles();
  v1::TierRules rules;
  rules.set_otherwise(MissingTier(tiering));
  const std::vector<std::string> ranked = RankedTiers(tiering);
  if (LacksCuts(tiering)) return rules;
  const v1::ComparisonOperator comparison =
      quantiles.ascending() ? v1::COMPARISON_OPERATOR_LESS_OR_EQUAL : v1::COMPARISON_OPERATOR_GREATER_OR_EQUAL;
  for (int i = 0; i < quantiles.cuts_size(); ++i) {
    const double cut = Moved(quantiles.cuts(i), quantiles.ascending(), shift.positions[0], shift.hysteresis);
    AddRule(ranked[static_cast<size_t>(i)], comparisons.Of(quantiles.attribute(), comparison, cut), rules);
  }
  AddRule(ranked.back(), Presence(quantiles.attribute(), false), rules);
  return rules;
}

// One of the three attributes of RFM.
struct Score {
  const std::string& attribute;
  const google::protobuf::RepeatedField<double>& cuts;
  bool ascending;
  int position;

  double CutOf(uint32_t score, double hysteresis) const {
    return Moved(cuts.Get(static_cast<int>(score) - 2), ascending, position, hysteresis);
  }
};

// Scores are a matter of their cuts: at least `min` is to have passed that of `min`, at most `max` not that of max + 1.
void AddBounds(const Score& score, uint32_t min, uint32_t max, double hysteresis, const Comparisons& comparisons,
               std::vector<v1::ConditionNode>& tests) {
  if (min >= 2) {
    const auto passes =
        score.ascending ? v1::COMPARISON_OPERATOR_LESS_OR_EQUAL : v1::COMPARISON_OPERATOR_GREATER_OR_EQUAL;
    tests.push_back(comparisons.Of(score.attribute, passes, score.CutOf(min, hysteresis)));
  }
  if (max >= 1 && max <= 4) {
    const auto fails = score.ascending ? v1::COMPARISON_OPERATOR_GREATER : v1::COMPARISON_OPERATOR_LESS;
    tests.push_back(comparisons.Of(score.attribute, fails, score.CutOf(max + 1, hysteresis)));
  }
}

v1::TierRules RfmRules(const v1::Tiering& tiering, const Comparisons& comparisons, const CutShift& shift) {
  const v1::TierRfm& rfm = tiering.rfm();
  v1::TierRules rules;
  rules.set_otherwise(rfm.otherwise());
  if (LacksCuts(tiering)) return rules;
  v1::ConditionNode missing;
  for (const std::string& attribute : {rfm.recency(), rfm.frequency(), rfm.monetary()}) {
    *missing.mutable_any_of()->add_operands() = Presence(attribute, true);
  }
  AddRule(rfm.otherwise(), std::move(missing), rules);
  const Score recency{rfm.recency(), rfm.cuts().recency(), true, shift.positions[0]};
  const Score frequency{rfm.frequency(), rfm.cuts().frequency(), false, shift.positions[1]};
  const Score monetary{rfm.monetary(), rfm.cuts().monetary(), false, shift.positions[2]};
  for (const v1::RfmGroup& group : rfm.groups()) {
    std::vector<v1::ConditionNode> tests;
    AddBounds(recency, group.min_recency(), group.max_recency(), shift.hysteresis, comparisons, tests);
    AddBounds(frequency, group.min_frequency(), group.max_frequency(), shift.hysteresis, comparisons, tests);
    AddBounds(monetary, group.min_monetary(), group.max_monetary(), shift.hysteresis, comparisons, tests);
    AddRule(group.tier(), AllOf(std::move(tests)), rules);
  }
  return rules;
}

void AddAttributes(const v1::ConditionNode& node, const Definitions& definitions, std::set<std::string>& segments,
                   std::set<std::string>& attributes) {
  switch (node.kind_case()) {
    case v1::ConditionNode::kAllOf:
    case v1::ConditionNode::kAnyOf: {
      const v1::ConditionList& list = node.has_all_of() ? node.all_of() : node.any_of();
      for (const v1::ConditionNode& operand : list.operands())
        AddAttributes(operand, definitions, segments, attributes);
      return;
    }
    case v1::ConditionNode::kNegation:
      return AddAttributes(node.negation(), definitions, segments, attributes);
    case v1::ConditionNode::kComparison:
      attributes.insert(node.comparison().attribute());
      return;
    case v1::ConditionNode::kMembership:
      attributes.insert(node.membership().attribute());
      return;
    case v1::ConditionNode::kBetween:
      attributes.insert(node.between().attribute());
      return;
    case v1::ConditionNode::kTextTest:
      attributes.insert(node.text_test().attribute());
      return;
    case v1::ConditionNode::kPresence:
      attributes.insert(node.presence().attribute());
      return;
    case v1::ConditionNode::kSegment: {
      const v1::Segment* segment = definitions.FindSegment(node.segment().segment());
      if (segment != nullptr && segments.insert(segment->id()).second) {
        AddAttributes(segment->condition().tree(), definitions, segments, attributes);
      }
      return;
    }
    case v1::ConditionNode::kConstant:
    case v1::ConditionNode::KIND_NOT_SET:
      return;
  }
}

}  // namespace

v1::TierRules EquivalentRules(const v1::Tiering& tiering, const AttributeSchema& schema) {
  return ShiftedRules(tiering, schema, {});
}

v1::TierRules ShiftedRules(const v1::Tiering& tiering, const AttributeSchema& schema, const CutShift& shift) {
  const Comparisons comparisons(schema);
  if (tiering.has_quantiles()) return QuantileRules(tiering, comparisons, shift);
  if (tiering.has_rfm()) return RfmRules(tiering, comparisons, shift);
  return tiering.rules();
}

bool LacksCuts(const v1::Tiering& tiering) {
  if (tiering.has_quantiles()) return tiering.quantiles().cuts_size() + 1 != tiering.quantiles().up_to_bp_size();
  const v1::RfmCuts& cuts = tiering.rfm().cuts();
  return tiering.has_rfm() && (cuts.recency_size() != kScoreCuts || cuts.frequency_size() != kScoreCuts ||
                               cuts.monetary_size() != kScoreCuts);
}

std::vector<std::string> RankedTiers(const v1::Tiering& tiering) {
  const bool is_missing_apart = tiering.quantiles().up_to_bp_size() < tiering.tiers_size();
  std::vector<std::string> ranked;
  for (const v1::Tier& tier : tiering.tiers()) {
    if (!is_missing_apart || tier.id() != MissingTier(tiering)) ranked.push_back(tier.id());
  }
  return ranked;
}

const std::string& MissingTier(const v1::Tiering& tiering) {
  const std::string& named = tiering.quantiles().missing_tier();
  return named.empty() ? tiering.tiers(tiering.tiers_size() - 1).id() : named;
}

std::set<std::string> AttributesOf(const v1::Condition& condition, const Definitions& definitions) {
  std::set<std::string> segments;
  std::set<std::string> attributes;
  AddAttributes(condition.tree(), definitions, segments, attributes);
  return attributes;
}

std::set<std::string> AttributesOf(const v1::Tiering& tiering, const Definitions& definitions) {
  if (tiering.has_quantiles()) return {tiering.quantiles().attribute()};
  if (tiering.has_rfm()) return {tiering.rfm().recency(), tiering.rfm().frequency(), tiering.rfm().monetary()};
  std::set<std::string> segments;
  std::set<std::string> attributes;
  for (const v1::TierRule& rule : tiering.rules().rules()) {
    AddAttributes(rule.when().tree(), definitions, segments, attributes);
  }
  return attributes;
}

}  // namespace tierwise
