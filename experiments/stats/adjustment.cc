// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/adjustment.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/least_squares.h"
#include "experiments/stats/means.h"
#include "experiments/stats/skewness.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

absl::Status CheckInput(const JointMoments& control, const JointMoments& treatment, double confidence) {
  if (control.size() < 1) return InvalidField("control", "must hold an outcome");
  if (treatment.size() != control.size()) {
    return InvalidField("treatment",
                        absl::StrCat("has ", treatment.size(), " variables; control has ", control.size()));
  }
  TIERWISE_RETURN_IF_ERROR(CheckJointMoments(control, "control"));
  TIERWISE_RETURN_IF_ERROR(CheckJointMoments(treatment, "treatment"));
  return CheckConfidence(confidence);
}

// An arm's regression of variable 0 on those covariates that are kept.
struct ArmRegression {
  PivotedCholesky factor;
  std::vector<int> kept;
  std::vector<double> slopes;

  std::vector<double> Products(const JointMoments& arm, int variable) const {
    std::vector<double> products;
    for (const int i : kept) products.push_back(arm.comoment(i, variable));
    return products;
  }
};

// Keeps the covariates that are independent of those before them in both arms, as far as the users allow.
void KeepIndependent(const JointMoments& control, const JointMoments& treatment, ArmRegression& of_control,
                     ArmRegression& of_treatment) {
  const int64_t most = std::min(control.n(), treatment.n()) - 2;
  for (int i = 1; i < control.size(); ++i) {
    if (of_control.factor.size() >= most) break;
    const std::vector<double> in_control = of_control.Products(control, i);
    const std::vector<double> in_treatment = of_treatment.Products(treatment, i);
    if (!of_control.factor.IsIndependent(in_control, control.comoment(i, i))) continue;
    if (!of_treatment.factor.TryAdd(in_treatment, treatment.comoment(i, i))) continue;
    of_control.factor.TryAdd(in_control, control.comoment(i, i));
    of_control.kept.push_back(i);
    of_treatment.kept.push_back(i);
  }
  of_control.slopes = of_control.factor.Solve(of_control.Products(control, 0));
  of_treatment.slopes = of_treatment.factor.Solve(of_treatment.Products(treatment, 0));
}

// The mean of the outcome predicted at the covariates' means over both arms, and its variance given them: HC2 up to
// terms of n^-2 where third moments are known, else as if residuals were equally wide everywhere.
struct PredictedMean {
  double mean;
  double variance;
  double df;
  UserShape residual;  // third left 0 where it is not known
};

// A user's residual, as weights of the variables.
std::vector<double> ResidualWeights(const JointMoments& arm, const ArmRegression& regression) {
  std::vector<double> weights(static_cast<size_t>(arm.size()));
  weights[0] = 1.0;
  for (size_t k = 0; k < regression.kept.size(); ++k) {
    weights[static_cast<size_t>(regression.kept[k])] = -regression.slopes[k];
  }
  return weights;
}

// The part of HC2 that is first order in the arm's distance from the covariates' common means: squared residuals that
// grow with a covariate make the side of large ones less certain. `solved`: covariances^-1 distance.
double SlopedVariance(const JointMoments& arm, const ArmRegression& regression, absl::Span<const double> weights,
                      absl::Span<const double> solved) {
  std::vector<double> direction(static_cast<size_t>(arm.size()));
  for (size_t k = 0; k < solved.size(); ++k) direction[static_cast<size_t>(regression.kept[k])] = solved[k];
  return 2.0 / static_cast<double>(arm.n()) * ThirdOf(arm, weights, weights, direction);
}

PredictedMean Predict(const JointMoments& arm, const JointMoments& both, const ArmRegression& regression) {
  const double n = static_cast<double>(arm.n());
  double mean = arm.mean(0);
  double residual_square = arm.comoment(0, 0);
  std::vector<double> distance;
  for (size_t k = 0; k < regression.kept.size(); ++k) {
    const int i = regression.kept[k];
    distance.push_back(both.mean(i) - arm.mean(i));
    mean += regression.slopes[k] * distance.back();
    residual_square -= regression.slopes[k] * arm.comoment(0, i);
  }
  const std::vector<double> solved = regression.factor.Solve(distance);
  double leverage = 1.0 / n;
  for (size_t k = 0; k < distance.size(); ++k) leverage += distance[k] * solved[k];
  const double df = n - 1.0 - static_cast<double>(regression.kept.size());
  PredictedMean predicted = {mean, std::max(0.0, residual_square) / df * leverage, df,
                             UserShape{n, std::max(0.0, residual_square) / df, 0.0}};
  if (arm.has_third()) {
    const std::vector<double> weights = ResidualWeights(arm, regression);
    predicted.residual.third = ThirdOf(arm, weights, weights, weights) / n;
    const double sloped = predicted.variance + SlopedVariance(arm, regression, weights, solved);
    // As a sum of squares HC2 is never negative; its expansion may be, where the users are few.
    if (sloped > 0.0) predicted.variance = sloped;
  }
  return predicted;
}

// slopes' covariance matrix slopes over the covariates of all users.
double Quadratic(const JointMoments& both, const std::vector<int>& kept, const std::vector<double>& left,
                 const std::vector<double>& right) {
  double sum = 0.0;
  for (size_t i = 0; i < kept.size(); ++i) {
    for (size_t j = 0; j < kept.size(); ++j) sum += left[i] * right[j] * both.Covariance(kept[i], kept[j]);
  }
  return sum;
}

std::vector<double> Spread(const ArmRegression& regression, int covariates) {
  std::vector<double> slopes(static_cast<size_t>(covariates));
  for (size_t k = 0; k < regression.kept.size(); ++k) {
    slopes[static_cast<size_t>(regression.kept[k] - 1)] = regression.slopes[k];
  }
  return slopes;
}

}  // namespace

absl::StatusOr<RegressionAdjustment> AdjustMeans(const JointMoments& control, const JointMoments& treatment,
                                                 double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckInput(control, treatment, confidence));
  const int covariates = control.size() - 1;
  RegressionAdjustment result{.control_slopes = std::vector<double>(static_cast<size_t>(covariates)),
                              .treatment_slopes = std::vector<double>(static_cast<size_t>(covariates)),
                              .is_dropped = std::vector<bool>(static_cast<size_t>(covariates), true)};
  if (control.n() < 2 || treatment.n() < 2) {
    TIERWISE_ASSIGN_OR_RETURN(result.estimate, CompareMeans(control.Marginal(0), treatment.Marginal(0), confidence));
    result.estimate.method = Method::kRegressionAdjusted;
    result.conditional_se = result.estimate.se;
    return result;
  }
  ArmRegression of_control;
  ArmRegression of_treatment;
  KeepIndependent(control, treatment, of_control, of_treatment);
  JointMoments both = control;
  both.Merge(treatment);
  const PredictedMean c = Predict(control, both, of_control);
  const PredictedMean t = Predict(treatment, both, of_treatment);

  const double users = static_cast<double>(both.n());
  const auto from_covariates = [&](const ArmRegression& left, const ArmRegression& right) {
    return Quadratic(both, of_control.kept, left.slopes, right.slopes) / users;
  };
  result.means = {.control = c.mean,
                  .control_variance = c.variance + from_covariates(of_control, of_control),
                  .treatment = t.mean,
                  .treatment_variance = t.variance + from_covariates(of_treatment, of_treatment),
                  .covariance = from_covariates(of_control, of_treatment),
                  .df = SatterthwaiteDf(c.variance, c.df, t.variance, t.df)};
  if (control.has_third() && treatment.has_third()) {
    result.means.thirds = ThirdMomentsOfMeans(c.residual, t.residual);
  }
  result.conditional_se = std::sqrt(c.variance + t.variance);
  std::vector<double> difference = of_treatment.slopes;
  for (size_t k = 0; k < difference.size(); ++k) difference[k] -= of_control.slopes[k];
  const double slope_variance = Quadratic(both, of_control.kept, difference, difference) / users;
  result.estimate =
      MakeEstimate(Method::kRegressionAdjusted, t.mean - c.mean,
                   std::sqrt(c.variance + t.variance + std::max(0.0, slope_variance)), result.means.df, confidence);
  result.control_slopes = Spread(of_control, covariates);
  result.treatment_slopes = Spread(of_treatment, covariates);
  for (const int i : of_control.kept) result.is_dropped[static_cast<size_t>(i - 1)] = false;
  return result;
}

absl::StatusOr<PooledCuped> AdjustByPooledSlope(const JointMoments& control, const JointMoments& treatment,
                                                double confidence) {
  TIERWISE_RETURN_IF_ERROR(CheckInput(control, treatment, confidence));
  if (control.size() != 2) return InvalidField("control", "must hold an outcome and one covariate");
  JointMoments both = control;
  both.Merge(treatment);
  PooledCuped result;
  const double square = both.comoment(1, 1);
  if (square > 0.0) result.theta = both.comoment(0, 1) / square;
  if (square > 0.0 && both.comoment(0, 0) > 0.0) {
    result.correlation = both.comoment(0, 1) / std::sqrt(square) / std::sqrt(both.comoment(0, 0));
  }
  const double theta = result.theta;
  const auto adjusted = [theta](const JointMoments& arm) {
    const double m2 = arm.comoment(0, 0) - 2.0 * theta * arm.comoment(0, 1) + theta * theta * arm.comoment(1, 1);
    return Moments{arm.n(), arm.mean(0) - theta * arm.mean(1), std::max(0.0, m2)};
  };
  const Moments c = adjusted(control);
  const Moments t = adjusted(treatment);
  result.control_adjusted_mean = c.mean;
  result.treatment_adjusted_mean = t.mean;
  TIERWISE_ASSIGN_OR_RETURN(result.estimate, CompareMeans(c, t, confidence));
  result.estimate.method = Method::kPooledCuped;
  if (control.n() < 2 || treatment.n() < 2) return result;
  const double n = static_cast<double>(control.n());
  const double raw_variance = control.Covariance(0, 0) / n;
  const double raw_with_adjusted = (control.Covariance(0, 0) - theta * control.Covariance(0, 1)) / n;
  const double effect_variance = result.estimate.se * result.estimate.se;
  result.means = {.control = control.mean(0),
                  .control_variance = raw_variance,
                  .treatment = control.mean(0) + result.estimate.effect,
                  .treatment_variance = std::max(0.0, raw_variance + effect_variance - 2.0 * raw_with_adjusted),
                  .covariance = raw_variance - raw_with_adjusted,
                  .df = result.estimate.test.df};
  return result;
}

namespace {

absl::Status CheckRows(const UserRows& rows, int covariates, absl::string_view field) {
  const size_t needed = rows.outcome.size() * static_cast<size_t>(covariates);
  if (rows.covariates.size() == needed) return absl::OkStatus();
  return InvalidField(absl::StrCat(field, ".covariates"),
                      absl::StrCat("has ", rows.covariates.size(), " entries; needs ", needed));
}

// An intercept and the covariates less `centre`, row by row.
std::vector<double> CentredDesign(const UserRows& rows, absl::Span<const double> centre) {
  std::vector<double> design;
  design.reserve(rows.outcome.size() * (centre.size() + 1));
  for (size_t r = 0; r < rows.outcome.size(); ++r) {
    design.push_back(1.0);
    for (size_t j = 0; j < centre.size(); ++j) design.push_back(rows.covariates[r * centre.size() + j] - centre[j]);
  }
  return design;
}

std::vector<double> CovariateMeans(const UserRows& control, const UserRows& treatment, size_t covariates) {
  std::vector<Moments> moments(covariates);
  for (const UserRows* rows : {&control, &treatment}) {
    for (size_t i = 0; i < rows->covariates.size(); ++i) moments[i % covariates].Add(rows->covariates[i]);
  }
  std::vector<double> means;
  for (const Moments& one : moments) means.push_back(one.mean);
  return means;
}

}  // namespace

absl::StatusOr<UserAdjustment> AdjustUsers(const UserRows& control, const UserRows& treatment, int covariates,
                                           double confidence) {
  if (covariates < 0) return InvalidField("covariates", "must not be negative");
  TIERWISE_RETURN_IF_ERROR(CheckRows(control, covariates, "control"));
  TIERWISE_RETURN_IF_ERROR(CheckRows(treatment, covariates, "treatment"));
  TIERWISE_RETURN_IF_ERROR(CheckConfidence(confidence));
  UserAdjustment result;
  if (control.outcome.empty() || treatment.outcome.empty()) {
    result.estimate = MissingEstimate(Method::kRegressionAdjusted, Gap::kNoUsers, confidence);
    return result;
  }
  const int columns = covariates + 1;
  const std::vector<double> centre = CovariateMeans(control, treatment, static_cast<size_t>(covariates));
  TIERWISE_ASSIGN_OR_RETURN(const LeastSquaresFit c,
                            FitLeastSquares(CentredDesign(control, centre), columns, control.outcome));
  TIERWISE_ASSIGN_OR_RETURN(const LeastSquaresFit t,
                            FitLeastSquares(CentredDesign(treatment, centre), columns, treatment.outcome));
  result.control_mean = c.coefficients[0];
  result.treatment_mean = t.coefficients[0];
  result.control_slopes.assign(c.coefficients.begin() + 1, c.coefficients.end());
  result.treatment_slopes.assign(t.coefficients.begin() + 1, t.coefficients.end());
  result.se_hc0 = std::sqrt(c.hc0_variance[0] + t.hc0_variance[0]);
  result.se_hc2 = std::sqrt(c.hc2_variance[0] + t.hc2_variance[0]);
  result.se_hc3 = std::sqrt(c.hc3_variance[0] + t.hc3_variance[0]);
  const double control_df = static_cast<double>(control.outcome.size()) - c.rank;
  const double treatment_df = static_cast<double>(treatment.outcome.size()) - t.rank;
  const bool has_variance = control_df > 0.0 && treatment_df > 0.0;
  const double df =
      has_variance ? SatterthwaiteDf(c.hc2_variance[0], control_df, t.hc2_variance[0], treatment_df) : kInf;
  result.estimate = MakeEstimate(Method::kRegressionAdjusted, result.treatment_mean - result.control_mean,
                                 has_variance ? result.se_hc2 : kInf, df, confidence);
  return result;
}

void AppendCovariate(std::optional<double> value, std::vector<double>& row) {
  row.push_back(value.value_or(0.0));
  row.push_back(value.has_value() ? 0.0 : 1.0);
}

}  // namespace tierwise
