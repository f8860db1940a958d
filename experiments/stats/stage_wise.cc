// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/stage_wise.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/root_finding.h"
#include "experiments/stats/stopping_paths.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
// Effects are searched this many standard errors beyond 0 and the estimate. An outcome far above a boundary that no
// earlier look had crossed speaks for an effect well below the estimate.
constexpr double kSearch = 8.0;

// P(an outcome at least as high in the stage-wise order as ending at the last look with z).
double AtLeastAsHigh(const StoppingPaths& paths, double z, double drift) {
  const size_t last = paths.looks() - 1;
  double sum = paths.UpperTail(last, z, drift);
  for (size_t i = 0; i < last; ++i) sum += paths.UpperExit(i, drift);
  return sum;
}

double AtLeastAsLow(const StoppingPaths& paths, double z, double drift) {
  const size_t last = paths.looks() - 1;
  double sum = paths.LowerTail(last, z, drift);
  for (size_t i = 0; i < last; ++i) sum += paths.LowerExit(i, drift);
  return sum;
}

}  // namespace

absl::StatusOr<StageWiseInference> InferStageWise(absl::Span<const LookBoundary> boundaries, int sided, double estimate,
                                                  double std_error, double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckBoundaries(boundaries, sided));
  Problems problems;
  CheckFinite("estimate", estimate, problems);
  CheckPositive("std_error", std_error, problems);
  CheckOpenUnit("confidence", confidence, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  const double z = estimate / std_error;
  constexpr double kMostZ = 1e6;
  if (!(std::abs(z) <= kMostZ))
    return InvalidField("std_error", absl::StrCat("is more than ", kMostZ, " times below the estimate"));
  // Drift is the expected z at fraction 1; the effect is drift times this.
  const double effect_per_drift = std_error * std::sqrt(boundaries.back().information_fraction);
  const double center = estimate / effect_per_drift;
  const double reach = kSearch * std_error / effect_per_drift;
  const StoppingPaths paths(boundaries, sided, std::abs(center) + reach);
  if (!paths.IsLook(paths.looks() - 1)) {
    return InvalidField("boundaries", "end with a look that brought no new information");
  }
  const auto effect_at = [&](double probability, double otherwise) {
    const auto excess = [&](double drift) { return AtLeastAsHigh(paths, z, drift) - probability; };
    const double drift = FindRoot(excess, std::min(center, 0.0) - reach, std::max(center, 0.0) + reach, 1e-9 * reach);
    return std::isnan(drift) ? otherwise : drift * effect_per_drift;
  };
  StageWiseInference result;
  const double upper_p = AtLeastAsHigh(paths, z, 0.0);
  result.p_value = sided == 1 ? upper_p : std::min(1.0, 2.0 * std::min(upper_p, AtLeastAsLow(paths, z, 0.0)));
  result.median_unbiased_effect = effect_at(0.5, estimate);
  result.interval = {effect_at(0.5 * (1.0 - confidence), -kInf), effect_at(0.5 * (1.0 + confidence), kInf)};
  return result;
}

}  // namespace tierwise
