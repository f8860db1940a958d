// SPDX-License-Identifier: Apache-2.0
#include "client/cli/tuning_trends.h"

#include <algorithm>

#include "client/cli/tuning_cells.h"

namespace tierwise {
namespace {

// Where doses were randomised within strata, a curve that does not know of them would be wrong.
bool HasStrata(const std::vector<const tuning::TuningFileCell*>& cells) {
  return std::any_of(cells.begin(), cells.end(),
                     [&](const tuning::TuningFileCell* cell) { return cell->stratum() != cells[0]->stratum(); });
}

std::optional<StratifiedSlope> SlopeOf(const std::vector<const tuning::TuningFileCell*>& cells) {
  std::vector<StratumDose> doses;
  for (const tuning::TuningFileCell* cell : cells) {
    const JointMoments moments = OutcomesOf(*cell, false, [](absl::string_view, absl::string_view) {});
    if (moments.n() > 0) doses.push_back({cell->stratum(), cell->dose(), moments.Marginal(0)});
  }
  const absl::StatusOr<StratifiedSlope> slope = SlopeWithinStrata(doses);
  return slope.ok() ? std::optional(*slope) : std::nullopt;
}

std::optional<LogitFit> LogitOf(const std::vector<const tuning::TuningFileCell*>& cells) {
  std::vector<DoseCounts> counts;
  for (const tuning::TuningFileCell* cell : cells) {
    if (!cell->has_conversions()) return std::nullopt;
    if (cell->users() > 0) counts.push_back({cell->dose(), cell->users(), cell->conversions()});
  }
  const absl::StatusOr<LogitFit> fit = FitLogit(counts);
  return fit.ok() ? std::optional(*fit) : std::nullopt;
}

}  // namespace

std::vector<TierTrend> TrendsOf(const std::vector<std::string>& tiers, const tuning::TuningFile& file) {
  std::vector<TierTrend> trends;
  for (const std::string& tier : tiers) {
    std::vector<const tuning::TuningFileCell*> cells;
    for (const tuning::TuningFileCell& cell : file.cells()) {
      if (cell.tier() == tier) cells.push_back(&cell);
    }
    TierTrend trend{tier, SlopeOf(cells), std::nullopt};
    if (!HasStrata(cells)) trend.logit = LogitOf(cells);
    trends.push_back(std::move(trend));
  }
  return trends;
}

}  // namespace tierwise
