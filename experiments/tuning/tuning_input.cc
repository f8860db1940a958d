// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/tuning_input.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/estimate.h"

namespace tierwise {
namespace {

constexpr size_t kMostVariants = 1000;
constexpr size_t kMostTiers = 10'000;
constexpr int64_t kMostUsers = 1'000'000'000'000'000'000;

using VariantsById = std::map<std::string, const v1::Variant*>;

VariantsById CheckVariants(const TuningData& data, Problems& problems) {
  VariantsById by_id;
  if (data.variants.size() > kMostVariants) problems.Add("variants", "are more than 1,000");
  for (size_t i = 0; i < data.variants.size(); ++i) {
    if (!by_id.emplace(data.variants[i].id(), &data.variants[i]).second) {
      problems.Add(absl::StrCat("variants[", i, "].id"),
                   absl::StrCat("\"", data.variants[i].id(), "\" is there twice"));
    }
  }
  CheckEconomics(data.variants, data.economics, problems);
  return by_id;
}

void CheckCell(const std::string& field, const TuningTier& tier, const TuningCell& cell, int variables,
               Problems& problems) {
  const std::string who = absl::StrCat("of tier \"", tier.tier, "\", variant \"", cell.variant, "\": ");
  if (cell.outcome.size() != variables) {
    problems.Add(field, absl::StrCat(who, "has ", cell.outcome.size(), " variables; must have ", variables,
                                     variables == 1 ? ", conversions" : ", conversions and revenue"));
    return;
  }
  for (const Problem& problem : ProblemsOf(CheckJointMoments(cell.outcome, field))) {
    problems.Add(problem.field, absl::StrCat(who, problem.description));
  }
  if (cell.outcome.n() > kMostUsers) problems.Add(field, absl::StrCat(who, "has more than 1e18 users"));
  if (cell.outcome.mean(0) < 0.0) {
    problems.Add(field, absl::StrCat(who, "has ", cell.outcome.mean(0), " conversions per user; must not be negative"));
  }
}

void CheckTiers(const TuningData& data, const VariantsById& by_id, Problems& problems) {
  const int variables = data.economics.revenue_metric().empty() ? 1 : 2;
  if (data.tiers.empty()) problems.Add("tiers", "is empty; at least one tier is needed");
  if (data.tiers.size() > kMostTiers) problems.Add("tiers", "are more than 10,000");
  std::map<std::string, size_t> tiers;
  for (size_t t = 0; t < data.tiers.size(); ++t) {
    const TuningTier& tier = data.tiers[t];
    const std::string field = absl::StrCat("tiers[", t, "]");
    if (!tiers.emplace(tier.tier, t).second) problems.Add(field, absl::StrCat("\"", tier.tier, "\" is there twice"));
    if (tier.users < 0 || tier.users > kMostUsers) {
      problems.Add(field + ".users", absl::StrCat("is ", tier.users, "; must be from 0 to 1e18"));
    }
    std::map<std::string, size_t> cells;
    for (size_t c = 0; c < tier.cells.size(); ++c) {
      const std::string cell = absl::StrCat(field, ".cells[", c, "]");
      const std::string& variant = tier.cells[c].variant;
      if (!by_id.contains(variant)) {
        problems.Add(cell + ".variant", absl::StrCat("\"", variant, "\" is not one of the campaign's variants"));
      } else if (!cells.emplace(variant, c).second) {
        problems.Add(cell + ".variant", absl::StrCat("\"", variant, "\" is there twice"));
      }
      CheckCell(cell, tier, tier.cells[c], variables, problems);
    }
  }
}

// Mixes the costs of a dose's variants by their users.
void AddVariant(const std::string& id, const JointMoments& outcome, const LinearInOutcome& cost, DoseCell& cell) {
  const auto before = static_cast<double>(cell.outcome.n());
  const double share = static_cast<double>(outcome.n()) / (before + static_cast<double>(outcome.n()));
  const LinearInOutcome& so_far = cell.cost;
  cell.has_one_cost = cell.has_one_cost && (cell.variants.empty() || (so_far.per_conversion == cost.per_conversion &&
                                                                      so_far.per_revenue == cost.per_revenue &&
                                                                      so_far.per_user == cost.per_user));
  const auto mix = [share](double old, double added) { return old + share * (added - old); };
  cell.cost = {mix(so_far.per_conversion, cost.per_conversion), mix(so_far.per_revenue, cost.per_revenue),
               mix(so_far.per_user, cost.per_user)};
  cell.variants.push_back(id);
  cell.of_variant.push_back(outcome);
  cell.outcome.Merge(outcome);
}

TierCells CellsOf(const TuningData& data, const TuningTier& tier) {
  std::map<double, DoseCell> doses;
  for (const v1::Variant& variant : data.variants) {
    if (!variant.control() && !variant.has_offer()) continue;
    const auto cell = std::find_if(tier.cells.begin(), tier.cells.end(),
                                   [&](const TuningCell& entry) { return entry.variant == variant.id(); });
    if (cell == tier.cells.end() || cell->outcome.n() == 0) continue;
    const double dose = variant.offer().dose();
    DoseCell& at = doses[dose];
    at.dose = dose;
    AddVariant(variant.id(), cell->outcome, CostPerUser(CostWithDefaults(variant.offer()), data.economics), at);
  }
  TierCells cells{tier.tier, tier.users, {}};
  for (auto& [dose, cell] : doses) cells.doses.push_back(std::move(cell));
  // Without users at dose 0 there is nothing to compare with.
  if (!cells.doses.empty() && cells.doses[0].dose != 0.0) cells.doses.clear();
  return cells;
}

}  // namespace

double TierCells::Conversions() const {
  double conversions = 0.0;
  for (const DoseCell& cell : doses) conversions += cell.Conversions();
  return conversions;
}

absl::StatusOr<TuningInput> ReadTuningData(const TuningData& data) {
  Problems problems;
  const VariantsById by_id = CheckVariants(data, problems);
  CheckTiers(data, by_id, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());

  TuningInput input;
  input.has_revenue = !data.economics.revenue_metric().empty();
  input.margin = MarginPerUser(data.economics);
  input.revenue = RevenuePerUser(data.economics);
  for (const v1::Variant& variant : data.variants) {
    if (!variant.control() && variant.has_offer()) input.unit = variant.offer().unit();
    if (!variant.control() && !variant.has_offer()) input.without_offer.push_back(variant.id());
  }
  for (const TuningTier& tier : data.tiers) input.tiers.push_back(CellsOf(data, tier));
  if (std::none_of(input.tiers.begin(), input.tiers.end(), [](const TierCells& tier) { return tier.IsJudged(); })) {
    return InvalidField("tiers", "has none with users both in the control and with an offer; nothing can be compared");
  }
  return input;
}

}  // namespace tierwise
