// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/data_check.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/estimate.h"

namespace tierwise {
namespace {

// Squares of larger numbers, added up over users, would not fit a double.
constexpr double kLargestMean = 1e100;
constexpr double kLargestVariance = 1e200;
constexpr double kMostUsers = 4e18;  // what an int64_t can add up, with room
// What rounding may take the mean of zeros and ones beyond 0 to 1.
constexpr double kRounding = 1e-9;

absl::Status Impossible(const CampaignData& data, absl::string_view metric, size_t cell, absl::string_view what) {
  const std::string where = absl::StrCat("tier ", data.tiers[cell / data.variants.size()].id, ", variant ",
                                         data.variants[cell % data.variants.size()]);
  return absl::InvalidArgumentError(
      absl::StrCat(metric.empty() ? "" : absl::StrCat("metric ", metric, ", "), where, ": ", what));
}

absl::Status CheckUsers(const CampaignData& data, absl::string_view metric, size_t cell, int64_t users, double& total) {
  if (users < 0) return Impossible(data, metric, cell, absl::StrCat("has ", users, " users; must be 0 or more"));
  total += static_cast<double>(users);
  if (total <= kMostUsers) return absl::OkStatus();
  return Impossible(data, metric, cell, "brings the users of all cells above 4e18, more than can be counted");
}

absl::Status CheckCell(const CampaignData& data, const MetricData& metric, size_t cell) {
  const JointMoments& moments = metric.cells[cell];
  if (moments.n() == 0) return absl::OkStatus();
  if (moments.size() != metric.cells.front().size() || moments.size() < metric.outcome_variables()) {
    return Impossible(data, metric.id, cell, absl::StrCat("has ", moments.size(), " variables, other cells do not"));
  }
  if (const absl::Status status = CheckJointMoments(moments, "moments"); !status.ok()) {
    return Impossible(data, metric.id, cell, status.message());
  }
  for (int i = 0; i < moments.size(); ++i) {
    if (std::abs(moments.mean(i)) > kLargestMean || moments.Covariance(i, i) > kLargestVariance) {
      return Impossible(data, metric.id, cell,
                        absl::StrCat("variable ", i, " has mean ", moments.mean(i), " and variance ",
                                     moments.Covariance(i, i), "; take a larger unit"));
    }
  }
  const double rate = moments.mean(0);
  if (metric.estimand == Estimand::kRate && !(rate >= -kRounding && rate <= 1.0 + kRounding)) {
    return Impossible(data, metric.id, cell,
                      absl::StrCat("has a rate of ", rate, "; must be 0 to 1: more conversions than users"));
  }
  return absl::OkStatus();
}

// `cell`: of the tier, or of the first tier for a variant over all tiers.
absl::Status CheckQuantile(const CampaignData& data, const MetricData& metric, const QuantileEstimate& quantile,
                           size_t cell) {
  if (quantile.gap == Gap::kNoUsers) return absl::OkStatus();
  const bool has_error =
      quantile.gap != Gap::kNone || (quantile.se > 0.0 && std::isfinite(quantile.se) && quantile.se <= kLargestMean);
  if (std::abs(quantile.value) <= kLargestMean && has_error) return absl::OkStatus();
  return Impossible(data, metric.id, cell,
                    absl::StrCat("has the quantile ", quantile.value, " with error ", quantile.se));
}

}  // namespace

absl::Status CheckCampaignData(const CampaignData& data) {
  double total = 0.0;
  for (size_t cell = 0; cell < data.users.size(); ++cell) {
    TIERWISE_RETURN_IF_ERROR(CheckUsers(data, "", cell, data.users[cell], total));
  }
  for (size_t cell = 0; cell < data.early_users.size(); ++cell) {
    if (data.early_users[cell] >= 0 && data.early_users[cell] <= data.users[cell]) continue;
    return Impossible(data, "", cell,
                      absl::StrCat("has ", data.early_users[cell], " users with events before exposure"));
  }
  for (const MetricData& metric : data.metrics) {
    double users = 0.0;
    for (size_t cell = 0; cell < metric.cells.size(); ++cell) {
      TIERWISE_RETURN_IF_ERROR(CheckUsers(data, metric.id, cell, metric.cells[cell].n(), users));
      TIERWISE_RETURN_IF_ERROR(CheckCell(data, metric, cell));
    }
    for (size_t cell = 0; cell < metric.quantiles.size(); ++cell) {
      TIERWISE_RETURN_IF_ERROR(CheckQuantile(data, metric, metric.quantiles[cell], cell));
    }
    for (size_t variant = 0; variant < metric.variant_quantiles.size(); ++variant) {
      TIERWISE_RETURN_IF_ERROR(CheckQuantile(data, metric, metric.variant_quantiles[variant], variant));
    }
  }
  return absl::OkStatus();
}

}  // namespace tierwise
