// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/group_sequential.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/continuation_density.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/root_finding.h"
#include "experiments/stats/stopping_paths.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

void CheckSided(int sided, Problems& problems) {
  if (sided != 1 && sided != 2) problems.Add("sided", absl::StrCat("is ", sided, "; must be 1 or 2"));
}

void CheckFractions(absl::Span<const double> fractions, Problems& problems) {
  if (fractions.empty() || fractions.size() > static_cast<size_t>(kMostLooks)) {
    problems.Add("information_fractions",
                 absl::StrCat("has ", fractions.size(), " looks; must have 1 to ", kMostLooks));
  }
  for (size_t i = 0; i < fractions.size(); ++i) {
    CheckPositive(absl::StrCat("information_fractions[", i, "]"), fractions[i], problems);
  }
}

// The z that the next look exceeds with probability `level`: Newton on the logarithm of the tail, which is concave, so
// that every step after the first comes from the right and does not overshoot. `previous_z` is the last look's.
double CriticalZ(const ContinuationDensity& density, double information, double level, double previous_z) {
  if (level <= 0.0) return kInf;
  double z = -NormalQuantile(level);
  // Below this the paths that the grid drops would matter; the quantile itself is safe, as it ignores all earlier
  // rejections.
  constexpr double kLeastSolved = 1e-13;
  if (density.information() == 0.0 || level < kLeastSolved) return z;
  z = std::min(z, previous_z);
  for (int i = 0; i < 50; ++i) {
    const double tail = density.UpperTail(information, z);
    const double step = std::log(tail / level) * tail / density.Density(information, z);
    z += step;
    if (std::abs(step) < 1e-11) break;
  }
  return z;
}

LookBoundary MakeLook(double fraction, double critical_z, double cumulative_alpha) {
  return {fraction, critical_z, cumulative_alpha, NormalSf(critical_z)};
}

double ClassicalCriticalZ(ClassicalKind kind, double constant, double fraction) {
  return kind == ClassicalKind::kPocock ? constant : constant / std::sqrt(fraction);
}

// Probability to reject on the upper side at each look under drift 0 (two-sided: by symmetry that of the lower side,
// too).
std::vector<double> UpperRejections(ClassicalKind kind, double constant, int sided,
                                    absl::Span<const double> fractions) {
  ContinuationDensity density;
  std::vector<double> rejections;
  for (const double fraction : fractions) {
    const double z = ClassicalCriticalZ(kind, constant, fraction);
    rejections.push_back(density.UpperTail(fraction, z));
    density.Continue(fraction, sided == 2 ? -z : -kInf, z);
  }
  return rejections;
}

double Sum(absl::Span<const double> values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum;
}

double RejectionProbability(const StoppingPaths& paths, size_t look, double drift) {
  return paths.UpperExit(look, drift) + paths.LowerExit(look, drift);
}

}  // namespace

absl::Status CheckBoundaries(absl::Span<const LookBoundary> boundaries, int sided) {
  Problems problems;
  CheckSided(sided, problems);
  if (boundaries.empty() || boundaries.size() > static_cast<size_t>(kMostLooks)) {
    problems.Add("boundaries", absl::StrCat("has ", boundaries.size(), " looks; must have 1 to ", kMostLooks));
  }
  for (size_t i = 0; i < boundaries.size(); ++i) {
    CheckPositive(absl::StrCat("boundaries[", i, "].information_fraction"), boundaries[i].information_fraction,
                  problems);
    const double z = boundaries[i].critical_z;
    if (std::isnan(z) || (sided == 2 && z < 0.0)) {
      problems.Add(absl::StrCat("boundaries[", i, "].critical_z"),
                   absl::StrCat("is ", z, "; must be a number, at least 0 where two-sided"));
    }
  }
  return problems.ToStatus();
}

absl::StatusOr<std::vector<LookBoundary>> SpendingBoundaries(const GroupSequentialDesign& design,
                                                             absl::Span<const double> information_fractions,
                                                             bool is_last_final) {
  Problems problems;
  CheckOpenUnit("alpha", design.alpha, problems);
  CheckSided(design.sided, problems);
  CheckPositive("spending.exponent", design.spending.exponent, problems);
  CheckFractions(information_fractions, problems);
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  const double side_alpha = design.alpha / design.sided;
  ContinuationDensity density;
  std::vector<LookBoundary> looks;
  looks.reserve(information_fractions.size());
  double spent = 0.0;
  double previous_z = kInf;
  for (size_t i = 0; i < information_fractions.size(); ++i) {
    const double fraction = information_fractions[i];
    double critical_z = kInf;
    if (density.HasGrown(fraction)) {
      const bool is_final = is_last_final && i + 1 == information_fractions.size();
      const double target = is_final ? side_alpha : std::max(spent, SpentAlpha(design.spending, side_alpha, fraction));
      critical_z = previous_z = CriticalZ(density, fraction, target - spent, previous_z);
      spent = target;
      density.Continue(fraction, design.sided == 2 ? -critical_z : -kInf, critical_z);
    }
    looks.push_back(MakeLook(fraction, critical_z, spent * design.sided));
  }
  return looks;
}

absl::StatusOr<std::vector<LookBoundary>> ClassicalBoundaries(ClassicalKind kind, double alpha, int sided,
                                                              absl::Span<const double> information_fractions) {
  Problems problems;
  CheckOpenUnit("alpha", alpha, problems);
  CheckSided(sided, problems);
  CheckFractions(information_fractions, problems);
  for (size_t i = 1; i < information_fractions.size(); ++i) {
    if (!(information_fractions[i] > information_fractions[i - 1] * (1.0 + ContinuationDensity::kLeastGrowth))) {
      problems.Add(absl::StrCat("information_fractions[", i, "]"), "must be above the one before it");
    }
  }
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  const double side_alpha = alpha / sided;
  // One look needs the least constant; Bonferroni's suffices for any looks, at any fraction up to the largest.
  const double looks = static_cast<double>(information_fractions.size());
  const double scale = kind == ClassicalKind::kPocock ? 1.0 : std::sqrt(information_fractions.back());
  const auto excess = [&](double constant) {
    return Sum(UpperRejections(kind, constant, sided, information_fractions)) - side_alpha;
  };
  const double least = -NormalQuantile(side_alpha) * scale;
  double constant = least;
  if (looks > 1.0) constant = FindRoot(excess, least - 1e-9, -NormalQuantile(side_alpha / looks) * scale + 1e-9, 1e-10);
  const std::vector<double> rejections = UpperRejections(kind, constant, sided, information_fractions);
  std::vector<LookBoundary> result;
  double cumulative = 0.0;
  for (size_t i = 0; i < rejections.size(); ++i) {
    cumulative += rejections[i] * sided;
    const double fraction = information_fractions[i];
    result.push_back(MakeLook(fraction, ClassicalCriticalZ(kind, constant, fraction), cumulative));
  }
  return result;
}

absl::StatusOr<GroupSequentialPower> PowerOf(absl::Span<const LookBoundary> boundaries, int sided, double drift) {
  TIERWISE_RETURN_IF_ERROR(CheckBoundaries(boundaries, sided));
  Problems problems;
  CheckFinite("drift", drift, problems);
  // Beyond this the power is 1 to all digits and the densities underflow.
  if (std::abs(drift) > 30.0) problems.Add("drift", absl::StrCat("is ", drift, "; must be within 30 of 0"));
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  const StoppingPaths paths(boundaries, sided, std::abs(drift));
  GroupSequentialPower result;
  double last_fraction = 0.0;
  for (size_t i = 0; i < boundaries.size(); ++i) {
    const double fraction = boundaries[i].information_fraction;
    const double stop = RejectionProbability(paths, i, drift);
    result.stop_probabilities.push_back(stop);
    result.power += stop;
    result.expected_information_fraction += stop * fraction;
    last_fraction = std::max(last_fraction, fraction);
  }
  result.expected_information_fraction += (1.0 - result.power) * last_fraction;
  return result;
}

absl::StatusOr<double> InflationFactor(absl::Span<const LookBoundary> boundaries, double alpha, int sided,
                                       double power) {
  TIERWISE_RETURN_IF_ERROR(CheckBoundaries(boundaries, sided));
  Problems problems;
  CheckOpenUnit("alpha", alpha, problems);
  CheckOpenUnit("power", power, problems);
  if (!(power > alpha)) problems.Add("power", absl::StrCat("is ", power, "; must be above alpha"));
  TIERWISE_RETURN_IF_ERROR(problems.ToStatus());
  const double fixed_drift = -NormalQuantile(alpha / sided) + NormalQuantile(power);
  const double most_drift = 2.0 * fixed_drift;
  const StoppingPaths paths(boundaries, sided, most_drift);
  const auto excess = [&](double drift) {
    double sum = -power;
    for (size_t i = 0; i < boundaries.size(); ++i) sum += paths.UpperExit(i, drift);
    return sum;
  };
  const double drift = FindRoot(excess, 0.0, most_drift, 1e-9);
  if (std::isnan(drift))
    return InvalidField("boundaries", "need more than four times the information of the fixed test for that power");
  return drift * drift / (fixed_drift * fixed_drift);
}

Interval RepeatedConfidenceInterval(double estimate, double std_error, const LookBoundary& boundary) {
  if (std::isinf(boundary.critical_z)) return {-kInf, kInf};
  return {estimate - boundary.critical_z * std_error, estimate + boundary.critical_z * std_error};
}

}  // namespace tierwise
