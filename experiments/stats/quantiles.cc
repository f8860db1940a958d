// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/quantiles.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/ratios.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

absl::Status CheckValues(absl::Span<const double> values, absl::Span<const int64_t> users, double quantile) {
  Problems problems;
  if (values.empty()) problems.Add("values", "must not be empty");
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) problems.Add(absl::StrCat("values[", i, "]"), "must be finite");
  }
  if (!users.empty() && users.size() != values.size()) {
    problems.Add("users", absl::StrCat("has ", users.size(), " entries; values has ", values.size()));
  }
  if (!(quantile > 0.0 && quantile < 1.0)) problems.Add("quantile", "must be above 0 and below 1");
  return problems.ToStatus();
}

// The type 7 quantile of ascending values.
double Type7(absl::Span<const double> sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto below = std::min(static_cast<size_t>(position), sorted.size() - 1);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - std::floor(position)) * (sorted[above] - sorted[below]);
}

// The smallest k with P(X <= k) >= probability, X binomial.
int64_t BinomialQuantile(double probability, int64_t trials, double rate) {
  int64_t low = 0;
  int64_t high = trials;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (BinomialCdf(static_cast<double>(middle), static_cast<double>(trials), rate) >= probability) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

void SetOrderInterval(absl::Span<const double> sorted, double quantile, double confidence, QuantileEstimate& result) {
  const double tail = 0.5 * (1.0 - confidence);
  const auto n = static_cast<int64_t>(sorted.size());
  result.lower_rank = BinomialQuantile(tail, n, quantile);
  result.upper_rank = BinomialQuantile(1.0 - tail, n, quantile) + 1;
  if (result.lower_rank > 0) result.order_interval.lower = sorted[static_cast<size_t>(result.lower_rank - 1)];
  if (result.upper_rank <= n) result.order_interval.upper = sorted[static_cast<size_t>(result.upper_rank - 1)];
  const auto cdf = [&](int64_t k) { return BinomialCdf(static_cast<double>(k), static_cast<double>(n), quantile); };
  result.order_coverage = cdf(result.upper_rank - 1) - cdf(result.lower_rank - 1);
}

// Joint moments over users of (values up to `bound`, values).
JointMoments CountsByUser(absl::Span<const double> values, absl::Span<const int64_t> users, double bound) {
  std::vector<std::pair<int64_t, bool>> marked(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    marked[i] = {users.empty() ? static_cast<int64_t>(i) : users[i], values[i] <= bound};
  }
  std::sort(marked.begin(), marked.end());
  JointMoments moments(2);
  for (size_t i = 0; i < marked.size();) {
    double below = 0.0;
    double count = 0.0;
    for (const int64_t user = marked[i].first; i < marked.size() && marked[i].first == user; ++i) {
      below += marked[i].second ? 1.0 : 0.0;
      count += 1.0;
    }
    moments.Add({below, count});
  }
  return moments;
}

}  // namespace

absl::StatusOr<QuantileEstimate> EstimateQuantile(absl::Span<const double> values, absl::Span<const int64_t> users,
                                                  double quantile, double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckValues(values, users, quantile));
  TIERWISE_RETURN_IF_ERROR(CheckConfidence(confidence));
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const double n = static_cast<double>(sorted.size());

  QuantileEstimate result;
  result.values = static_cast<int64_t>(sorted.size());
  result.value = Type7(sorted, quantile);
  const double rank = std::ceil(n * quantile * (1.0 - 1e-15));
  result.inverse_ecdf = sorted[static_cast<size_t>(std::max(1.0, rank)) - 1];
  SetOrderInterval(sorted, quantile, confidence, result);

  const JointMoments by_user = CountsByUser(values, users, result.value);
  result.users = by_user.n();
  result.independent_share_variance = quantile * (1.0 - quantile) / n;
  if (result.users < result.values) {
    const double se = result.users < 2 ? kInf : EstimateRatio(by_user).se;
    result.share_variance = se * se;
    result.design_effect = result.share_variance / result.independent_share_variance;
  } else {
    result.share_variance = result.independent_share_variance;
  }

  const double critical = CriticalValue(confidence, kInf);
  const double half_width = critical * std::sqrt(result.independent_share_variance);
  result.lower_share = quantile - half_width;
  result.upper_share = quantile + half_width;
  result.se = kInf;
  if (result.lower_share <= 0.0 || result.upper_share >= 1.0 || !std::isfinite(result.design_effect)) {
    result.gap = Gap::kTooFewUsers;
    return result;
  }
  result.lower_value = Type7(sorted, result.lower_share);
  result.upper_value = Type7(sorted, result.upper_share);
  result.se_independent = (result.upper_value - result.lower_value) / (2.0 * critical);
  if (result.se_independent > 0.0 && result.design_effect > 0.0) {
    result.se = result.se_independent * std::sqrt(result.design_effect);
  } else {
    result.gap = Gap::kZeroVariance;
  }
  return result;
}

Estimate CompareQuantiles(const QuantileEstimate& control, const QuantileEstimate& treatment, double confidence) {
  const double se = std::hypot(control.se, treatment.se);
  Estimate estimate = MakeEstimate(Method::kQuantile, treatment.value - control.value, se, kInf, confidence);
  if (control.gap != Gap::kNone || treatment.gap != Gap::kNone) {
    estimate.gap = control.gap != Gap::kNone ? control.gap : treatment.gap;
  }
  return estimate;
}

ArmMeans MeansOf(const QuantileEstimate& control, const QuantileEstimate& treatment) {
  return {.control = control.value,
          .control_variance = control.se * control.se,
          .treatment = treatment.value,
          .treatment_variance = treatment.se * treatment.se};
}

}  // namespace tierwise
