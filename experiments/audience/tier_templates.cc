// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/tier_templates.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiments/audience/condition_text.h"
#include "experiments/audience/literal_text.h"
#include "experiments/base/definition_rules.h"
#include "experiments/base/nearest_name.h"
#include "experiments/base/problems.h"

namespace tierwise {
namespace {

constexpr size_t kMaxEventBytes = 128;
constexpr int64_t kDaySeconds = 86'400;
constexpr int64_t kYearSeconds = 365 * kDaySeconds;
// Little enough to follow real changes, enough for users at a cut not to go to and fro.
constexpr double kHysteresis = 0.05;

struct NamedTier {
  const char* id;
  const char* display_name;
  const char* description;
};

v1::Definition Derived(absl::string_view id, absl::string_view display_name, v1::AttributeType type,
                       v1::Aggregate aggregate, absl::string_view event) {
  v1::Definition definition;
  v1::Attribute& attribute = *definition.mutable_attribute();
  attribute.set_id(std::string(id));
  attribute.set_display_name(std::string(display_name));
  attribute.set_type(type);
  attribute.mutable_derivation()->set_aggregate(aggregate);
  attribute.mutable_derivation()->add_events(std::string(event));
  return definition;
}

v1::Definition OfOneYear(v1::Definition derived) {
  derived.mutable_attribute()->mutable_derivation()->mutable_window()->set_seconds(kYearSeconds);
  return derived;
}

v1::Definition Spend(absl::string_view event) {
  return OfOneYear(Derived("spend_12m", "Spend of 12 months", v1::ATTRIBUTE_TYPE_DOUBLE, v1::AGGREGATE_SUM, event));
}

template <size_t kCount>
v1::Definition TieringOf(absl::string_view id, absl::string_view display_name, const NamedTier (&tiers)[kCount]) {
  v1::Definition definition;
  v1::Tiering& tiering = *definition.mutable_tiering();
  tiering.set_id(std::string(id));
  tiering.set_display_name(std::string(display_name));
  for (const NamedTier& named : tiers) {
    v1::Tier& tier = *tiering.add_tiers();
    tier.set_id(named.id);
    tier.set_display_name(named.display_name);
    tier.set_description(named.description);
  }
  tiering.mutable_refresh()->mutable_every()->set_seconds(kDaySeconds);
  return definition;
}

std::vector<v1::Definition> Value(absl::string_view event) {
  constexpr NamedTier kTiers[] = {
      {"head", "Head", "The best 10 % by spend of 12 months"},
      {"waist", "Waist", "The next 40 %: room to grow"},
      {"tail", "Tail", "The rest, those who spent nothing among them"},
  };
  v1::Definition tiering = TieringOf("value", "Value", kTiers);
  v1::TierQuantiles& quantiles = *tiering.mutable_tiering()->mutable_quantiles();
  quantiles.set_attribute("spend_12m");
  for (const uint32_t share : {1'000U, 5'000U, 10'000U}) quantiles.add_up_to_bp(share);
  tiering.mutable_tiering()->mutable_refresh()->set_hysteresis(kHysteresis);
  return {Spend(event), tiering};
}

std::vector<v1::Definition> LifeCycle(absl::string_view event) {
  constexpr NamedTier kTiers[] = {
      {"new", "New", "First seen within 30 days"},
      {"active", "Active", "Seen within 30 days"},
      {"won_back", "Won back", "Back within the last 30 days, after 90 days away"},
      {"cooling", "Cooling", "Last seen 30 to 90 days ago"},
      {"dormant", "Dormant", "Not seen for 90 days"},
      {"prospect", "Prospect", "Known, but without any such event yet"},
  };
  v1::Definition tiering = TieringOf("life-cycle", "Life cycle", kTiers);
  v1::TierRules& rules = *tiering.mutable_tiering()->mutable_rules();
  for (const char* stage : {"new", "active", "won_back", "cooling", "dormant"}) {
    v1::TierRule& rule = *rules.add_rules();
    rule.set_tier(stage);
    v1::ComparisonTest& test = *rule.mutable_when()->mutable_tree()->mutable_comparison();
    test.set_attribute("life_cycle");
    test.set_operator_(v1::COMPARISON_OPERATOR_EQUAL);
    test.mutable_literal()->set_string_value(stage);
    rule.mutable_when()->set_text(PrintCondition(rule.when().tree()));
  }
  rules.set_otherwise("prospect");
  return {Derived("life_cycle", "Stage of the life cycle", v1::ATTRIBUTE_TYPE_STRING, v1::AGGREGATE_LIFE_CYCLE, event),
          tiering};
}

// The scores, from and to, of recency, frequency and monetary; the first group that fits decides.
struct NamedGroup {
  const char* tier;
  std::array<uint32_t, 2> recency, frequency, monetary;
};

constexpr NamedGroup kGroups[] = {
    {"champions", {5, 5}, {4, 5}, {4, 5}},           {"loyal", {3, 5}, {4, 5}, {0, 0}},
    {"cant-lose", {1, 2}, {5, 5}, {0, 0}},           {"cant-lose", {1, 2}, {3, 4}, {5, 5}},
    {"new-customers", {5, 5}, {1, 1}, {0, 0}},       {"promising", {4, 4}, {1, 1}, {0, 0}},
    {"potential-loyalists", {4, 5}, {2, 3}, {0, 0}}, {"need-attention", {3, 3}, {3, 3}, {0, 0}},
    {"about-to-sleep", {3, 3}, {1, 2}, {0, 0}},      {"at-risk", {1, 2}, {3, 4}, {0, 0}},
    {"hibernating", {2, 2}, {1, 2}, {0, 0}},         {"lost", {1, 1}, {1, 2}, {0, 0}},
};

std::vector<v1::Definition> Rfm(absl::string_view event) {
  constexpr NamedTier kTiers[] = {
      {"champions", "Champions", "Bought just now, often, and for much"},
      {"loyal", "Loyal", "Buy often, and not long ago"},
      {"potential-loyalists", "Potential loyalists", "Bought not long ago, and more than once"},
      {"new-customers", "New customers", "Bought just now, once"},
      {"promising", "Promising", "Bought not long ago, once"},
      {"need-attention", "Need attention", "Middling in recency and frequency"},
      {"about-to-sleep", "About to sleep", "Bought some time ago, and seldom"},
      {"cant-lose", "Can't lose them", "Bought most often or for most, but long ago"},
      {"at-risk", "At risk", "Bought often, but long ago"},
      {"hibernating", "Hibernating", "Bought long ago, and seldom"},
      {"lost", "Lost", "Bought longest ago, and seldom"},
      {"prospects", "Prospects", "Known, but never bought"},
  };
  v1::Definition tiering = TieringOf("rfm", "Recency, frequency, monetary", kTiers);
  v1::TierRfm& rfm = *tiering.mutable_tiering()->mutable_rfm();
  rfm.set_recency("recency_days");
  rfm.set_frequency("orders_12m");
  rfm.set_monetary("spend_12m");
  for (const NamedGroup& named : kGroups) {
    v1::RfmGroup& group = *rfm.add_groups();
    group.set_tier(named.tier);
    group.set_min_recency(named.recency[0]);
    group.set_max_recency(named.recency[1]);
    group.set_min_frequency(named.frequency[0]);
    group.set_max_frequency(named.frequency[1]);
    group.set_min_monetary(named.monetary[0]);
    group.set_max_monetary(named.monetary[1]);
  }
  rfm.set_otherwise("prospects");
  tiering.mutable_tiering()->mutable_refresh()->set_hysteresis(kHysteresis);
  return {Derived("recency_days", "Days since the last order", v1::ATTRIBUTE_TYPE_DOUBLE, v1::AGGREGATE_RECENCY_DAYS,
                  event),
          OfOneYear(Derived("orders_12m", "Orders of 12 months", v1::ATTRIBUTE_TYPE_INT, v1::AGGREGATE_COUNT, event)),
          Spend(event), tiering};
}

}  // namespace

absl::StatusOr<std::vector<v1::Definition>> TierTemplate(absl::string_view name, absl::string_view event) {
  Problems problems;
  if (std::find(std::begin(kTierTemplates), std::end(kTierTemplates), name) == std::end(kTierTemplates)) {
    problems.Add("template", absl::StrCat("unknown template ", PrintString(name.substr(0, 63)), "; there are ",
                                          absl::StrJoin(kTierTemplates, ", "), DidYouMean(name, kTierTemplates)));
  }
  if (event.empty()) problems.Add("event", "is required");
  CheckText(event, kMaxEventBytes, "event", problems);
  if (!problems.empty()) return problems.ToStatus();
  if (name == "value") return Value(event);
  return name == "rfm" ? Rfm(event) : LifeCycle(event);
}

}  // namespace tierwise
