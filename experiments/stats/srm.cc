// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/srm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/distributions.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

absl::Status CheckWeights(absl::Span<const double> weights) {
  Problems problems;
  double total = 0.0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (!(weights[i] >= 0.0) || weights[i] == kInf) {
      problems.Add(absl::StrCat("weights[", i, "]"), "must be finite and not negative");
    } else {
      total += weights[i];
    }
  }
  if (problems.empty() && !(total > 0.0 && total < kInf)) problems.Add("weights", "must have a positive, finite sum");
  return problems.ToStatus();
}

absl::Status CheckCounts(absl::Span<const int64_t> counts, size_t arms) {
  Problems problems;
  if (counts.size() != arms) problems.Add("counts", absl::StrCat("has ", counts.size(), " arms; weights have ", arms));
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] < 0)
      problems.Add(absl::StrCat("counts[", i, "]"), absl::StrCat("is ", counts[i], "; must not be negative"));
  }
  return problems.ToStatus();
}

// weights over their sum.
std::vector<double> SharesOf(absl::Span<const double> weights) {
  double total = 0.0;
  for (const double weight : weights) total += weight;
  std::vector<double> shares(weights.begin(), weights.end());
  for (double& share : shares) share /= total;
  return shares;
}

}  // namespace

absl::StatusOr<SampleRatioCheck> CheckSampleRatio(absl::Span<const int64_t> counts, absl::Span<const double> weights) {
  TIERWISE_RETURN_IF_ERROR(CheckWeights(weights));
  TIERWISE_RETURN_IF_ERROR(CheckCounts(counts, weights.size()));
  SampleRatioCheck check;
  int arms = 0;
  long double users = 0.0;
  long double total_weight = 0.0;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (weights[i] > 0.0) {
      ++arms;
      users += static_cast<long double>(counts[i]);
      total_weight += weights[i];
    } else {
      check.users_in_zero_weight_arms += counts[i];
    }
  }
  check.df = arms - 1;
  if (users == 0.0) return check;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (weights[i] <= 0.0) continue;
    const long double expected = users * (weights[i] / total_weight);
    const long double excess = static_cast<long double>(counts[i]) - expected;
    check.chi_squared += static_cast<double>(excess * excess / expected);
    const double deviation = static_cast<double>(excess / users);
    if (std::abs(deviation) > std::abs(check.largest_share_deviation)) check.largest_share_deviation = deviation;
  }
  if (check.df > 0) {
    check.p = ChiSquaredSf(check.chi_squared, check.df);
    check.log_p = ChiSquaredLogSf(check.chi_squared, check.df);
  }
  return check;
}

absl::StatusOr<SequentialSampleRatio> SequentialSampleRatio::Create(absl::Span<const double> weights,
                                                                    double concentration) {
  TIERWISE_RETURN_IF_ERROR(CheckWeights(weights));
  if (!(concentration > 0.0) || concentration == kInf) {
    return InvalidField("concentration", "must be positive and finite");
  }
  return SequentialSampleRatio(SharesOf(weights), concentration);
}

absl::Status SequentialSampleRatio::Look(absl::Span<const int64_t> counts) {
  TIERWISE_RETURN_IF_ERROR(CheckCounts(counts, shares_.size()));
  double users = 0.0;
  for (const int64_t count : counts) users += static_cast<double>(count);
  // ln B(a0 + S) - ln B(a0) - sum S ln w with a0 = concentration * w, after Stirling's leading terms are cancelled by
  // hand: what is left are the logarithms of (posterior share / weight), near 0, where the raw terms grow with the
  // users.
  const double total = concentration_ + users;
  double sum = LogGammaCorrection(concentration_) - LogGammaCorrection(total);
  int arms = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double count = static_cast<double>(counts[i]);
    if (shares_[i] == 0.0) {
      if (counts[i] > 0) sum = kInf;
      continue;
    }
    ++arms;
    const double prior = concentration_ * shares_[i];
    const double excess = count - users * shares_[i];
    sum += (prior + count - 0.5) * std::log1p(excess / (total * shares_[i]));
    sum += LogGammaCorrection(prior + count) - LogGammaCorrection(prior);
  }
  log_bayes_factor_ = sum + 0.5 * (1 - arms) * std::log1p(users / concentration_);
  greatest_log_bayes_factor_ = std::max(greatest_log_bayes_factor_, log_bayes_factor_);
  return absl::OkStatus();
}

double SequentialSampleRatio::p() const { return std::exp(-greatest_log_bayes_factor_); }

}  // namespace tierwise
