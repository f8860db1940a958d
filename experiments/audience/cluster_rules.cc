// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/cluster_rules.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "experiments/audience/condition_check.h"
#include "experiments/audience/literal_text.h"

namespace tierwise {
namespace {

// Up to here every whole number is a double.
constexpr double kMaxExactWhole = 9'007'199'254'740'992.0;

std::string LiteralText(double threshold, v1::AttributeType type) {
  if (type == v1::ATTRIBUTE_TYPE_TIMESTAMP) return PrintTime(absl::FromUnixMicros(static_cast<int64_t>(threshold)));
  const bool is_whole = threshold == std::floor(threshold) && std::abs(threshold) <= kMaxExactWhole;
  return is_whole ? absl::StrCat(static_cast<int64_t>(threshold)) : PrintDouble(threshold);
}

// What leads to a node: a value at least and one below, by column.
struct Bounds {
  std::optional<double> at_least;
  std::optional<double> below;
};

// Collects a rule for each leaf.
class RuleCollector {
 public:
  RuleCollector(const ClusterTree& tree, absl::Span<const TreeColumn> columns, absl::Span<const std::string> attributes)
      : tree_(tree), columns_(columns), attributes_(attributes) {}

  struct Rule {
    int label;
    std::string when;
  };

  std::vector<Rule> Collect() {
    Visit(0, std::vector<Bounds>(columns_.size()));
    std::stable_sort(rules_.begin(), rules_.end(), [](const Rule& a, const Rule& b) { return a.label < b.label; });
    return std::move(rules_);
  }

 private:
  void Visit(size_t index, const std::vector<Bounds>& bounds) {
    const ClusterTree::Node& node = tree_.nodes()[index];
    if (node.label >= 0) {
      rules_.push_back({node.label, TextOf(bounds)});
      return;
    }
    // Deeper tests of a column are the stricter ones.
    std::vector<Bounds> inner = bounds;
    inner[node.column].at_least = node.threshold;
    Visit(node.at_least, inner);
    inner[node.column].at_least = bounds[node.column].at_least;
    inner[node.column].below = node.threshold;
    Visit(node.below, inner);
  }

  std::string TextOf(const std::vector<Bounds>& bounds) const {
    std::vector<std::string> tests;
    for (size_t c = 0; c < bounds.size(); ++c) {
      const auto add = [&](const std::optional<double>& bound, absl::string_view comparison) {
        if (!bound.has_value()) return;
        tests.push_back(absl::StrCat(attributes_[c], comparison, LiteralText(*bound, columns_[c].type)));
      };
      add(bounds[c].at_least, " >= ");
      add(bounds[c].below, " < ");
    }
    return tests.empty() ? "true" : absl::StrJoin(tests, " and ");
  }

  const ClusterTree& tree_;
  const absl::Span<const TreeColumn> columns_;
  const absl::Span<const std::string> attributes_;
  std::vector<Rule> rules_;
};

}  // namespace

v1::TierRules RulesOf(const ClusterTree& tree, absl::Span<const TreeColumn> columns,
                      absl::Span<const std::string> attributes, absl::Span<const std::string> tiers, int otherwise) {
  v1::TierRules rules;
  Problems none;
  for (const RuleCollector::Rule& found : RuleCollector(tree, columns, attributes).Collect()) {
    if (found.label == otherwise) continue;
    v1::TierRule& rule = *rules.add_rules();
    rule.set_tier(tiers[static_cast<size_t>(found.label)]);
    rule.mutable_when()->set_text(found.when);
    NormalizeCondition(*rule.mutable_when(), "when", none);
  }
  rules.set_otherwise(tiers[static_cast<size_t>(otherwise)]);
  return rules;
}

int LabelOf(const ClusterTree& tree, absl::Span<const TreeColumn> columns, size_t user) {
  size_t index = 0;
  while (tree.nodes()[index].label < 0) {
    const ClusterTree::Node& node = tree.nodes()[index];
    index = columns[node.column].values[user] >= node.threshold ? node.at_least : node.below;
  }
  return tree.nodes()[index].label;
}

}  // namespace tierwise
