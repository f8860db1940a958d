// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/logit_response.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"

namespace tierwise {
namespace {

absl::Status Check(absl::Span<const DoseCounts> counts) {
  Problems problems;
  double low = 0.0;
  double high = 0.0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const DoseCounts& at = counts[i];
    CheckFinite(absl::StrCat("counts[", i, "].dose"), at.dose, problems);
    if (at.users <= 0 || at.conversions < 0 || at.conversions > at.users) {
      problems.Add(absl::StrCat("counts[", i, "]"), absl::StrCat("has ", at.conversions, " conversions of ", at.users,
                                                                 " users; must be 0 to users, and users above 0"));
    }
    low = i == 0 ? at.dose : std::min(low, at.dose);
    high = i == 0 ? at.dose : std::max(high, at.dose);
  }
  if (!(high > low)) problems.Add("counts", "has fewer than two different doses");
  return problems.ToStatus();
}

double Logistic(double x) { return 1.0 / (1.0 + std::exp(-x)); }

}  // namespace

double LogitFit::RateAt(double dose) const { return Logistic(intercept + slope * dose); }

absl::StatusOr<LogitFit> FitLogit(absl::Span<const DoseCounts> counts) {
  TIERWISE_RETURN_IF_ERROR(Check(counts));
  constexpr int kMaxSteps = 50;
  constexpr double kLargestLogOdds = 500.0;
  LogitFit fit;
  for (int step = 0; step < kMaxSteps; ++step) {
    double score0 = 0.0;
    double score1 = 0.0;
    double info00 = 0.0;
    double info01 = 0.0;
    double info11 = 0.0;
    for (const DoseCounts& at : counts) {
      const double rate = fit.RateAt(at.dose);
      const auto users = static_cast<double>(at.users);
      const double residual = static_cast<double>(at.conversions) - users * rate;
      const double weight = users * rate * (1.0 - rate);
      score0 += residual;
      score1 += residual * at.dose;
      info00 += weight;
      info01 += weight * at.dose;
      info11 += weight * at.dose * at.dose;
    }
    const double determinant = info00 * info11 - info01 * info01;
    if (!(determinant > 1e-14 * info00 * info11)) break;
    const double move0 = (info11 * score0 - info01 * score1) / determinant;
    const double move1 = (info00 * score1 - info01 * score0) / determinant;
    fit.intercept += move0;
    fit.slope += move1;
    fit.intercept_se = std::sqrt(info11 / determinant);
    fit.slope_se = std::sqrt(info00 / determinant);
    fit.covariance = -info01 / determinant;
    if (!(std::abs(fit.intercept) < kLargestLogOdds)) break;
    const double scale = 1e-10;
    if (std::abs(move0) <= scale * fit.intercept_se && std::abs(move1) <= scale * fit.slope_se) return fit;
  }
  return InvalidField("counts",
                      "have no finite logit estimate: collect conversions, and users without one, at two doses");
}

}  // namespace tierwise
