// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/tier_prospects.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "experiments/tuning/random.h"

namespace tierwise {
namespace {

// Standard deviation of the logarithm of the power that bends a straight line between two doses.
constexpr double kBend = 0.5;
constexpr double kAllOff = 100.0;

// A dose, tried or not, between two that are tried: at `place` on the way from `from` to the next one; above 1 beyond
// it.
struct Prospect {
  double dose;
  bool is_tried;
  size_t from;
  double place;
};

std::vector<Prospect> ProspectsAround(const TuningInput& input, const TierCells& tier, size_t best) {
  const size_t k = tier.doses.size();
  std::vector<Prospect> prospects;
  for (size_t j = 0; j < k; ++j) {
    const double dose = tier.doses[j].dose;
    prospects.push_back({dose, true, j, 0.0});
    const bool is_next_to_best = j == best || j + 1 == best;
    if (j + 1 < k && is_next_to_best) prospects.push_back({0.5 * (dose + tier.doses[j + 1].dose), false, j, 0.5});
  }
  const double beyond = 2.0 * tier.doses[k - 1].dose - tier.doses[k - 2].dose;
  const bool is_possible = input.unit != v1::DOSE_UNIT_PERCENT_OFF || beyond <= kAllOff;
  if (best == k - 1 && is_possible) prospects.push_back({beyond, false, k - 2, 2.0});
  return prospects;
}

double Between(double from, double to, double place) { return from + place * (to - from); }

LinearInOutcome CostOf(const TierCells& tier, const Prospect& prospect) {
  const LinearInOutcome& from = tier.doses[prospect.from].cost;
  if (prospect.is_tried) return from;
  const LinearInOutcome& to = tier.doses[prospect.from + 1].cost;
  return {Between(from.per_conversion, to.per_conversion, prospect.place),
          Between(from.per_revenue, to.per_revenue, prospect.place),
          Between(from.per_user, to.per_user, prospect.place)};
}

}  // namespace

TierProspects ProspectsOf(const TuningInput& input, const TierCells& tier, const TierValues& values, uint64_t seed) {
  const size_t k = tier.doses.size();
  const std::vector<Prospect> prospects = ProspectsAround(input, tier, values.by_value.best);
  const std::vector<DosePoint> points = ResponsePoints(tier);
  TierProspects result;
  result.tier = tier.tier;
  result.users = static_cast<double>(tier.users);
  std::vector<LinearInOutcome> value;
  for (const Prospect& prospect : prospects) {
    result.doses.push_back(prospect.dose);
    result.is_tried.push_back(prospect.is_tried);
    value.push_back(ObjectivePerUser(input, CostOf(tier, prospect)));
    const DoseCell& cell = tier.doses[prospect.from];
    const double of_rate = points[prospect.from].variance * static_cast<double>(cell.outcome.n()) *
                           value.back().per_conversion * value.back().per_conversion;
    result.variance.push_back(std::max({VariancePerUser(value.back(), cell.outcome), of_rate, 1e-12}));
  }
  RandomDraws random(seed);
  const std::vector<double>& conversions = values.response.posterior;
  const size_t draws = conversions.size() / k;
  for (size_t r = 0; r < draws; ++r) {
    for (size_t p = 0; p < prospects.size(); ++p) {
      const size_t at = r * k + prospects[p].from;
      double place = 0.0;
      if (!prospects[p].is_tried) {
        place = prospects[p].place > 1.0 ? 1.0 + random.Uniform()
                                         : std::pow(prospects[p].place, std::exp(kBend * random.Normal()));
      }
      const size_t to = place > 0.0 ? at + 1 : at;
      const double response = Between(conversions[at], conversions[to], place);
      const double revenue =
          input.has_revenue ? Between(values.revenue_draws[at], values.revenue_draws[to], place) : 0.0;
      result.draws.push_back(value[p].At(response, revenue));
    }
  }
  return result;
}

}  // namespace tierwise
