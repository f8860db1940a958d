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

absl::Status CheckValues(absl::Span<const double> values, double quantile) {
  Problems problems;
  if (values.empty()) problems.Add("values", "must not be empty");
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    problems.Add(absl::StrCat("values[", i, "]"), "must be finite");
    break;
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
JointMoments CountsByUser(absl::Span<const double> values, absl::Span<const int64_t> user_values, double bound) {
  JointMoments moments(2);
  for (size_t begin = 0, user = 0; user < user_values.size(); ++user) {
    const auto of_user = values.subspan(begin, static_cast<size_t>(user_values[user]));
    const auto below = std::count_if(of_user.begin(), of_user.end(), [bound](double value) { return value <= bound; });
    moments.Add({static_cast<double>(below), static_cast<double>(of_user.size())});
    begin += of_user.size();
  }
  return moments;
}

// The estimate as far as values are independent, which it is where each user has one.
QuantileEstimate EstimateIndependent(absl::Span<const double> sorted, double quantile, double confidence) {
  const double n = static_cast<double>(sorted.size());
  QuantileEstimate result;
  result.values = static_cast<int64_t>(sorted.size());
  result.value = Type7(sorted, quantile);
  const double rank = std::ceil(n * quantile * (1.0 - 1e-15));
  result.inverse_ecdf = sorted[static_cast<size_t>(std::max(1.0, rank)) - 1];
  SetOrderInterval(sorted, quantile, confidence, result);
  result.independent_share_variance = quantile * (1.0 - quantile) / n;
  return result;
}

void SetError(absl::Span<const double> sorted, double quantile, double confidence, QuantileEstimate& result) {
  const double critical = CriticalValue(confidence, kInf);
  const double half_width = critical * std::sqrt(result.independent_share_variance);
  result.lower_share = quantile - half_width;
  result.upper_share = quantile + half_width;
  result.se = kInf;
  if (result.lower_share <= 0.0 || result.upper_share >= 1.0 || !std::isfinite(result.design_effect)) {
    result.gap = Gap::kTooFewUsers;
    return;
  }
  result.lower_value = Type7(sorted, result.lower_share);
  result.upper_value = Type7(sorted, result.upper_share);
  result.se_independent = (result.upper_value - result.lower_value) / (2.0 * critical);
  if (result.se_independent > 0.0 && result.design_effect > 0.0) {
    result.se = result.se_independent * std::sqrt(result.design_effect);
  } else {
    result.gap = Gap::kZeroVariance;
  }
}

}  // namespace

absl::StatusOr<QuantileEstimate> EstimateQuantileByUser(absl::Span<const double> values,
                                                        absl::Span<const int64_t> user_values, double quantile,
                                                        double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckValues(values, quantile));
  TIERWISE_RETURN_IF_ERROR(CheckConfidence(confidence));
  int64_t total = 0;
  for (const int64_t count : user_values) {
    if (count < 1 || count > static_cast<int64_t>(values.size()) - total) {
      return InvalidField("user_values", "must each be above 0 and add up to the values");
    }
    total += count;
  }
  if (total != static_cast<int64_t>(values.size())) {
    return InvalidField("user_values", absl::StrCat("add up to ", total, "; there are ", values.size(), " values"));
  }
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  QuantileEstimate result = EstimateIndependent(sorted, quantile, confidence);
  result.users = static_cast<int64_t>(user_values.size());
  if (result.users < result.values) {
    const JointMoments by_user = CountsByUser(values, user_values, result.value);
    const double se = result.users < 2 ? kInf : EstimateRatio(by_user).se;
    result.share_variance = se * se;
    result.design_effect = result.share_variance / result.independent_share_variance;
  } else {
    result.share_variance = result.independent_share_variance;
  }
  SetError(sorted, quantile, confidence, result);
  return result;
}

absl::StatusOr<QuantileEstimate> EstimateQuantile(absl::Span<const double> values, absl::Span<const int64_t> users,
                                                  double quantile, double confidence) {
  if (users.empty()) {
    return EstimateQuantileByUser(values, std::vector<int64_t>(values.size(), 1), quantile, confidence);
  }
  if (users.size() != values.size()) {
    return InvalidField("users", absl::StrCat("has ", users.size(), " entries; values has ", values.size()));
  }
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [users](size_t a, size_t b) { return users[a] < users[b]; });
  std::vector<double> by_user;
  std::vector<int64_t> user_values;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || users[order[i]] != users[order[i - 1]]) user_values.push_back(0);
    ++user_values.back();
    by_user.push_back(values[order[i]]);
  }
  return EstimateQuantileByUser(by_user, user_values, quantile, confidence);
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
