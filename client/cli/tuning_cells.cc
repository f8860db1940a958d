// SPDX-License-Identifier: Apache-2.0
#include "client/cli/tuning_cells.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tierwise {
namespace {

// Squares of larger numbers would not fit a double.
constexpr double kLargest = 1e50;
// What rounding may take a correlation beyond 1.
constexpr double kRounding = 1e-6;

// Checks one cell and turns it into moments; each method one part of it.
class CellReader {
 public:
  CellReader(const tuning::TuningFileCell& cell, bool has_revenue,
             absl::FunctionRef<void(absl::string_view, absl::string_view)> add_problem)
      : cell_(cell), has_revenue_(has_revenue), add_problem_(add_problem) {}

  JointMoments Read() {
    ReadUsers();
    if (!has_problem_) ReadConversions();
    if (!has_problem_ && has_revenue_) ReadRevenue();
    const int variables = has_revenue_ ? 2 : 1;
    if (has_problem_ || n_ == 0) return JointMoments(variables);
    const double degrees = static_cast<double>(n_ - 1);
    if (!has_revenue_) return JointMoments::FromParts(n_, {mean_}, {variance_ * degrees});
    return JointMoments::FromParts(n_, {mean_, cell_.revenue_mean()},
                                   {variance_ * degrees, covariance_ * degrees, cell_.revenue_variance() * degrees});
  }

 private:
  void Add(absl::string_view field, absl::string_view description) {
    has_problem_ = true;
    add_problem_(field, description);
  }

  void ReadUsers() {
    if (cell_.has_rate()) {
      if (cell_.has_users()) Add("users", "has no meaning with `rate`, which is taken as known");
      n_ = kMostTuningUsers;
    } else if (!cell_.has_users()) {
      Add("users", "is missing: how many users got the dose, those who did not convert included");
    } else if (cell_.users() < 0 || cell_.users() > kMostTuningUsers) {
      Add("users", absl::StrCat("is ", cell_.users(), "; must be 0 to ", kMostTuningUsers));
    } else {
      n_ = cell_.users();
    }
  }

  void ReadConversions() {
    const int given =
        (cell_.has_conversions() ? 1 : 0) + (cell_.has_conversion_mean() ? 1 : 0) + (cell_.has_rate() ? 1 : 0);
    if (given != 1) {
      return Add("conversions", given == 0 ? "is missing: how many of the users converted"
                                           : "is given in two ways: one of conversions, conversion_mean and rate");
    }
    if (cell_.has_conversion_mean()) return ReadConversionMean();
    if (cell_.has_rate()) {
      if (!(cell_.rate() >= 0.0 && cell_.rate() <= 1.0)) {
        return Add("rate", absl::StrCat("is ", cell_.rate(), "; must be 0 to 1"));
      }
      mean_ = cell_.rate();
    } else {
      if (cell_.conversions() < 0 || cell_.conversions() > n_) {
        return Add("conversions", absl::StrCat("is ", cell_.conversions(), "; must be 0 to the ", n_,
                                               " users; where a user can convert several times, give "
                                               "conversion_mean and conversion_variance"));
      }
      mean_ = n_ == 0 ? 0.0 : static_cast<double>(cell_.conversions()) / static_cast<double>(n_);
    }
    if (cell_.has_conversion_variance()) Add("conversion_variance", "goes with `conversion_mean` only");
    variance_ = mean_ * (1.0 - mean_) * Bessel();
    spent_by_converters_ = 1.0 - mean_;
  }

  void ReadConversionMean() {
    mean_ = cell_.conversion_mean();
    variance_ = cell_.conversion_variance();
    if (!(mean_ >= 0.0 && mean_ <= kLargest)) {
      Add("conversion_mean", absl::StrCat("is ", mean_, "; must be 0 to 1e50"));
    }
    if (!cell_.has_conversion_variance()) Add("conversion_variance", "is missing: `conversion_mean` needs it");
    if (!(variance_ >= 0.0 && variance_ <= kLargest)) {
      Add("conversion_variance", absl::StrCat("is ", variance_, "; must be 0 to 1e50"));
    }
    spent_by_converters_ = mean_ > 0.0 ? variance_ / mean_ : 0.0;
  }

  void ReadRevenue() {
    if (n_ == 0) return;
    if (!cell_.has_revenue_mean()) return Add("revenue_mean", "is missing: other cells have it");
    if (!cell_.has_revenue_variance()) return Add("revenue_variance", "is missing: `revenue_mean` needs it");
    if (!(std::abs(cell_.revenue_mean()) <= kLargest)) {
      Add("revenue_mean", absl::StrCat("is ", cell_.revenue_mean(), "; must be at most 1e50 in size"));
    }
    const double variance = cell_.revenue_variance();
    if (!(variance >= 0.0 && variance <= kLargest)) {
      return Add("revenue_variance", absl::StrCat("is ", variance, "; must be 0 to 1e50"));
    }
    covariance_ = cell_.has_revenue_covariance()
                      ? cell_.revenue_covariance()
                      : cell_.revenue_mean() * spent_by_converters_ * (cell_.has_conversion_mean() ? 1.0 : Bessel());
    if (covariance_ * covariance_ <= variance_ * variance * (1.0 + kRounding)) return;
    if (cell_.has_revenue_covariance()) {
      return Add("revenue_covariance", absl::StrCat("is ", covariance_, ", more than the variances allow"));
    }
    Add("revenue_variance", absl::StrCat("is ", variance, ", less than conversions alone make it"));
  }

  // n / (n - 1): a share's variance between users, unbiased.
  double Bessel() const { return n_ < 2 ? 1.0 : static_cast<double>(n_) / static_cast<double>(n_ - 1); }

  const tuning::TuningFileCell& cell_;
  const bool has_revenue_;
  absl::FunctionRef<void(absl::string_view, absl::string_view)> add_problem_;
  bool has_problem_ = false;
  int64_t n_ = 0;
  double mean_ = 0.0;
  double variance_ = 0.0;
  double covariance_ = 0.0;
  // Covariance by mean revenue, where nobody but those who convert spends.
  double spent_by_converters_ = 0.0;
};

}  // namespace

JointMoments OutcomesOf(const tuning::TuningFileCell& cell, bool has_revenue,
                        absl::FunctionRef<void(absl::string_view, absl::string_view)> add_problem) {
  return CellReader(cell, has_revenue, add_problem).Read();
}

}  // namespace tierwise
