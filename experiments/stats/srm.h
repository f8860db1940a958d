// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tierwise {

// A sample ratio mismatch is taken as real below this p-value.
inline constexpr double kSampleRatioAlpha = 0.001;

// Pearson's chi-square test of the users seen per arm against the intended weights, over the arms of positive weight.
struct SampleRatioCheck {
  double chi_squared = 0.0;
  int df = 0;  // arms of positive weight - 1; with 0, or without users, p is 1
  double p = 1.0;
  double log_p = 0.0;
  int64_t users_in_zero_weight_arms = 0;  // users who should not exist: any is a mismatch in itself
  double largest_share_deviation =
      0.0;  // over arms of positive weight, seen share - intended share, the largest in size

  bool IsMismatch(double alpha = kSampleRatioAlpha) const { return users_in_zero_weight_arms > 0 || p < alpha; }
};

// `counts`: users seen per arm; `weights`: intended allocation on any positive scale, 0 for an arm that must get
// nobody. InvalidArgument names the field: sizes differ, a negative count, a weight that is negative or not finite,
// none positive.
absl::StatusOr<SampleRatioCheck> CheckSampleRatio(absl::Span<const int64_t> counts, absl::Span<const double> weights);

// The test that may be looked at after every user (Lindon & Malek 2022): a multinomial with a Dirichlet prior centred
// at the weights, worth `concentration` users, against the weights themselves. Its p-value may be acted on at any look.
class SequentialSampleRatio {
 public:
  static constexpr double kDefaultConcentration = 10'000.0;

  // InvalidArgument names the field: as CheckSampleRatio, or a concentration that is not positive and finite.
  static absl::StatusOr<SequentialSampleRatio> Create(absl::Span<const double> weights,
                                                      double concentration = kDefaultConcentration);

  // Takes the counts seen up to now, since the start, at one more look. InvalidArgument names the field: another number
  // of arms or a negative count.
  absl::Status Look(absl::Span<const int64_t> counts);

  // ln of the Bayes factor against the weights at the last look; +inf once an arm of weight 0 has users.
  double log_bayes_factor() const { return log_bayes_factor_; }
  // The least of min(1, 1 / Bayes factor) over all looks.
  double p() const;
  double log_p() const { return -greatest_log_bayes_factor_; }

 private:
  SequentialSampleRatio(std::vector<double> shares, double concentration)
      : shares_(std::move(shares)), concentration_(concentration) {}

  std::vector<double> shares_;
  double concentration_;
  double log_bayes_factor_ = 0.0;
  double greatest_log_bayes_factor_ = 0.0;
};

}  // namespace tierwise
