// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/stratified_slope.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/estimate.h"

namespace tierwise {
namespace {

struct Centre {
  double users = 0.0;
  double dose = 0.0;
  double outcome = 0.0;
};

std::map<std::string, Centre> CentresOf(absl::Span<const StratumDose> cells) {
  std::map<std::string, Centre> centres;
  for (const StratumDose& cell : cells) {
    if (cell.outcome.n == 0) continue;
    Centre& centre = centres[cell.stratum];
    const auto users = static_cast<double>(cell.outcome.n);
    centre.users += users;
    centre.dose += (cell.dose - centre.dose) * users / centre.users;
    centre.outcome += (cell.outcome.mean - centre.outcome) * users / centre.users;
  }
  return centres;
}

}  // namespace

absl::StatusOr<StratifiedSlope> SlopeWithinStrata(absl::Span<const StratumDose> cells) {
  Problems problems;
  for (size_t i = 0; i < cells.size(); ++i) {
    CheckFinite(absl::StrCat("cells[", i, "].dose"), cells[i].dose, problems);
    const absl::Status status = CheckMoments(cells[i].outcome, absl::StrCat("cells[", i, "].outcome"));
    for (const Problem& problem : ProblemsOf(status)) problems.Add(problem.field, problem.description);
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());

  std::map<std::string, Centre> centres = CentresOf(cells);
  double users = 0.0;
  double squares = 0.0;
  double cross = 0.0;
  for (const StratumDose& cell : cells) {
    const auto n = static_cast<double>(cell.outcome.n);
    const Centre& centre = centres[cell.stratum];
    const double x = cell.dose - centre.dose;
    users += n;
    squares += n * x * x;
    cross += n * x * (cell.outcome.mean - centre.outcome);
  }
  const double parameters = 1.0 + static_cast<double>(centres.size());
  if (!(squares > 0.0)) return InvalidField("cells", "has no stratum with users at two doses");
  if (users <= parameters) return InvalidField("cells", absl::StrCat("has ", users, " users; too few for a slope"));

  StratifiedSlope result;
  result.slope = cross / squares;
  // The sum over users of x^2 (residual)^2; within a cell the squared residuals are m2 and the cell's own lack of fit.
  double meat = 0.0;
  for (const StratumDose& cell : cells) {
    const Centre& centre = centres[cell.stratum];
    const double x = cell.dose - centre.dose;
    const double lack_of_fit = cell.outcome.mean - centre.outcome - result.slope * x;
    meat += x * x * (cell.outcome.m2 + static_cast<double>(cell.outcome.n) * lack_of_fit * lack_of_fit);
  }
  result.se = std::sqrt(meat * users / (users - parameters)) / squares;
  return result;
}

}  // namespace tierwise
