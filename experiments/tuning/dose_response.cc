// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/dose_response.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/argument_checks.h"
#include "experiments/stats/distributions.h"
#include "experiments/tuning/model_average.h"
#include "experiments/tuning/random.h"
#include "experiments/tuning/shape_pooling.h"

namespace tierwise {
namespace {

absl::Status Check(absl::Span<const TierDoses> tiers, const DoseResponseOptions& options) {
  Problems problems;
  if (tiers.empty()) problems.Add("tiers", "is empty; at least one tier is needed");
  CheckOpenUnit("confidence", options.confidence, problems);
  if (options.draws < 100 || options.draws > 1'000'000) {
    problems.Add("draws", absl::StrCat("is ", options.draws, "; must be from 100 to 1000000"));
  }
  for (size_t i = 0; i < options.grid.size(); ++i) {
    CheckNonNegative(absl::StrCat("grid[", i, "]"), options.grid[i], problems);
  }
  for (size_t t = 0; t < tiers.size(); ++t) {
    const std::string field = absl::StrCat("tiers[", t, "].points");
    const absl::Status status = CheckDosePoints(field, tiers[t].points);
    for (const Problem& problem : ProblemsOf(status)) problems.Add(problem.field, problem.description);
    if (!tiers[t].points.empty() && tiers[t].points[0].dose != 0.0) {
      problems.Add(field, absl::StrCat("of tier \"", tiers[t].tier, "\" has no dose 0; a control is needed"));
    }
  }
  return problems.ToStatus();
}

DoseCurve EmptyCurve(absl::Span<const DosePoint> points, std::vector<double> doses) {
  DoseCurve curve;
  for (double dose : doses) curve.is_extrapolated.push_back(dose < points.front().dose || dose > points.back().dose);
  curve.doses = std::move(doses);
  curve.estimate.resize(curve.doses.size());
  curve.lower.resize(curve.doses.size());
  curve.upper.resize(curve.doses.size());
  return curve;
}

std::vector<double> DosesOf(absl::Span<const DosePoint> points) {
  std::vector<double> doses;
  for (const DosePoint& point : points) doses.push_back(point.dose);
  return doses;
}

DoseCurve IsotonicCurve(absl::Span<const DosePoint> points, const DoseResponseOptions& options) {
  DoseCurve curve = EmptyCurve(points, DosesOf(points));
  const size_t k = points.size();
  const bool is_up = options.direction == MonotoneDirection::kNonDecreasing;
  const double each = std::pow(options.confidence, 1.0 / static_cast<double>(k));
  const double quantile = NormalQuantile(0.5 * (1.0 + each));
  std::vector<double> weights;
  for (size_t i = 0; i < k; ++i) {
    weights.push_back(1.0 / points[i].variance);
    curve.estimate[i] = points[i].mean;
    curve.lower[i] = points[i].mean - quantile * std::sqrt(points[i].variance);
    curve.upper[i] = points[i].mean + quantile * std::sqrt(points[i].variance);
  }
  PoolAdjacentViolators(absl::MakeSpan(curve.estimate), weights, options.direction);
  // A monotone truth inside the raw band is above every lower end on its low side and below every upper end on its high
  // side.
  for (size_t i = 1; i < k; ++i) {
    const size_t back = k - 1 - i;
    if (is_up) {
      curve.lower[i] = std::max(curve.lower[i], curve.lower[i - 1]);
      curve.upper[back] = std::min(curve.upper[back], curve.upper[back + 1]);
    } else {
      curve.upper[i] = std::min(curve.upper[i], curve.upper[i - 1]);
      curve.lower[back] = std::max(curve.lower[back], curve.lower[back + 1]);
    }
  }
  // Where no monotone curve fits in the raw band the ends cross; the band then still holds the estimate.
  for (size_t i = 0; i < k; ++i) {
    curve.lower[i] = std::min(curve.lower[i], curve.estimate[i]);
    curve.upper[i] = std::max(curve.upper[i], curve.estimate[i]);
  }
  return curve;
}

// The band estimate -+ q sd, with q the quantile of the largest of |draw - estimate| / sd over the curve (sup-t).
// `draws` is draw by draw.
void AddBand(absl::Span<const double> draws, double confidence, DoseCurve& curve) {
  const size_t k = curve.doses.size();
  const size_t n = draws.size() / k;
  std::vector<double> sd(k, 0.0);
  for (size_t r = 0; r < n; ++r) {
    for (size_t i = 0; i < k; ++i) {
      const double deviation = draws[r * k + i] - curve.estimate[i];
      sd[i] += deviation * deviation;
    }
  }
  for (double& value : sd) value = std::sqrt(value / static_cast<double>(n));
  std::vector<double> largest(n, 0.0);
  for (size_t r = 0; r < n; ++r) {
    for (size_t i = 0; i < k; ++i) {
      if (sd[i] > 0.0) largest[r] = std::max(largest[r], std::abs(draws[r * k + i] - curve.estimate[i]) / sd[i]);
    }
  }
  const auto rank = static_cast<size_t>(std::ceil(confidence * static_cast<double>(n))) - 1;
  std::nth_element(largest.begin(), largest.begin() + static_cast<long>(rank), largest.end());
  for (size_t i = 0; i < k; ++i) {
    curve.lower[i] = curve.estimate[i] - largest[rank] * sd[i];
    curve.upper[i] = curve.estimate[i] + largest[rank] * sd[i];
  }
}

absl::Status AddAveraged(absl::Span<const DosePoint> points, const DoseResponseOptions& options, RandomDraws& random,
                         TierDoseResponse& result) {
  result.averaged = EmptyCurve(points, options.grid.empty() ? DosesOf(points) : options.grid);
  TIERWISE_ASSIGN_OR_RETURN(
      const ModelAverage average,
      ModelAverage::Create(points, ModelAverage::ModelsFor(points.size()), result.averaged.doses, options.direction));
  result.fits = average.fits();
  std::vector<double> means;
  for (const DosePoint& point : points) means.push_back(point.mean);
  average.Evaluate(means, absl::MakeSpan(result.averaged.estimate), &result.model_weights);

  const size_t width = result.averaged.doses.size();
  std::vector<double> draws(static_cast<size_t>(options.draws) * width);
  for (size_t r = 0; r < static_cast<size_t>(options.draws); ++r) {
    for (size_t i = 0; i < points.size(); ++i) {
      means[i] = points[i].mean + std::sqrt(points[i].variance) * random.Normal();
    }
    average.Evaluate(means, absl::MakeSpan(&draws[r * width], width));
  }
  AddBand(draws, options.confidence, result.averaged);
  return absl::OkStatus();
}

// Posterior draws and pooled estimates of a set of tiers that are pooled with each other.
void AddPooled(absl::Span<const TierDoses> tiers, const DoseResponseOptions& options, RandomDraws& random,
               absl::Span<TierDoseResponse> results) {
  std::vector<std::vector<DosePoint>> points;
  std::vector<std::vector<double>> responses;
  for (const TierDoses& tier : tiers) {
    points.push_back(tier.points);
    responses.emplace_back(tier.points.size());
  }
  ShapePooling pooling(points, options.direction);
  for (int r = 0; r < options.draws; ++r) {
    pooling.Draw(random, responses);
    for (size_t t = 0; t < tiers.size(); ++t) {
      results[t].posterior.insert(results[t].posterior.end(), responses[t].begin(), responses[t].end());
    }
  }
  for (size_t t = 0; t < tiers.size(); ++t) {
    results[t].pooled = EmptyCurve(points[t], DosesOf(points[t]));
    results[t].pooled.estimate = pooling.estimate(t);
    results[t].pooled_share = pooling.pooled_share(t);
    AddBand(results[t].posterior, options.confidence, results[t].pooled);
  }
}

}  // namespace

absl::StatusOr<std::vector<TierDoseResponse>> EstimateDoseResponse(absl::Span<const TierDoses> tiers,
                                                                   const DoseResponseOptions& options) {
  TIERWISE_RETURN_IF_ERROR(Check(tiers, options));
  RandomDraws random(options.seed);
  std::vector<TierDoseResponse> results(tiers.size());
  for (size_t t = 0; t < tiers.size(); ++t) {
    results[t].tier = tiers[t].tier;
    results[t].no_response = TestNoResponse(tiers[t].points, options.direction, options.draws, random);
    results[t].isotonic = IsotonicCurve(tiers[t].points, options);
    TIERWISE_RETURN_IF_ERROR(AddAveraged(tiers[t].points, options, random, results[t]));
  }
  if (options.pool_tiers) {
    AddPooled(tiers, options, random, absl::MakeSpan(results));
  } else {
    for (size_t t = 0; t < tiers.size(); ++t) {
      AddPooled(tiers.subspan(t, 1), options, random, absl::MakeSpan(results).subspan(t, 1));
    }
  }
  return results;
}

}  // namespace tierwise
