// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/dose_models.h"

#include <cmath>
#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"
#include "experiments/stats/argument_checks.h"

namespace tierwise {

DosePoint RatePoint(double dose, int64_t conversions, int64_t n) {
  const auto users = static_cast<double>(n);
  const auto converted = static_cast<double>(conversions);
  const bool is_extreme = conversions == 0 || conversions == n;
  const double rate = is_extreme ? (converted + 0.5) / (users + 1.0) : converted / users;
  return {dose, converted / users, rate * (1.0 - rate) / users};
}

absl::string_view DoseModelName(DoseModel model) {
  switch (model) {
    case DoseModel::kConstant:
      return "constant";
    case DoseModel::kLinear:
      return "linear";
    case DoseModel::kLogLinear:
      return "log-linear";
    case DoseModel::kQuadratic:
      return "quadratic";
    case DoseModel::kEmax:
      return "Emax";
    case DoseModel::kSigmoidEmax:
      return "sigmoid Emax";
    case DoseModel::kLogistic:
      return "logistic";
    case DoseModel::kExponential:
      return "exponential";
  }
  return "";
}

int FreeParameters(DoseModel model) {
  if (model == DoseModel::kConstant) return 1;
  if (model == DoseModel::kQuadratic) return 3;
  return 2 + NonlinearParameters(model);
}

int NonlinearParameters(DoseModel model) {
  switch (model) {
    case DoseModel::kEmax:
    case DoseModel::kExponential:
      return 1;
    case DoseModel::kSigmoidEmax:
    case DoseModel::kLogistic:
      return 2;
    default:
      return 0;
  }
}

NonlinearBounds DefaultBounds(DoseModel model, double max_dose) {
  switch (model) {
    case DoseModel::kEmax:
      return {{0.001 * max_dose, 0.0}, {1.5 * max_dose, 0.0}};
    case DoseModel::kSigmoidEmax:
      return {{0.001 * max_dose, 0.5}, {1.5 * max_dose, 10.0}};
    case DoseModel::kLogistic:
      return {{0.001 * max_dose, 0.01 * max_dose}, {1.5 * max_dose, 0.5 * max_dose}};
    case DoseModel::kExponential:
      return {{0.1 * max_dose, 0.0}, {2.0 * max_dose, 0.0}};
    default:
      return {};
  }
}

double DoseShape(DoseModel model, absl::Span<const double> nonlinear, double dose) {
  switch (model) {
    case DoseModel::kLogLinear:
      return std::log1p(dose / nonlinear[0]);
    case DoseModel::kEmax:
      return dose / (nonlinear[0] + dose);
    case DoseModel::kSigmoidEmax:
      return dose == 0.0 ? 0.0 : 1.0 / (1.0 + std::pow(nonlinear[0] / dose, nonlinear[1]));
    case DoseModel::kLogistic:
      return 1.0 / (1.0 + std::exp((nonlinear[0] - dose) / nonlinear[1]));
    case DoseModel::kExponential:
      return std::expm1(dose / nonlinear[0]);
    default:
      return dose;
  }
}

absl::Status CheckDosePoints(absl::string_view field, absl::Span<const DosePoint> points) {
  Problems problems;
  if (points.size() < 2) {
    problems.Add(field, absl::StrCat("has ", points.size(), " doses; a dose-response needs at least two"));
  }
  for (size_t i = 0; i < points.size(); ++i) {
    const DosePoint& point = points[i];
    const std::string at = absl::StrCat(field, "[", i, "]");
    CheckNonNegative(at + ".dose", point.dose, problems);
    CheckFinite(at + ".mean", point.mean, problems);
    CheckPositive(at + ".variance", point.variance, problems);
    if (i == 0) continue;
    const DosePoint& last = points[i - 1];
    if (point.dose == last.dose) {
      problems.Add(absl::StrCat(at, ".dose"),
                   absl::StrCat("is ", point.dose, ", as is that of point ", i - 1, ", and their responses differ by ",
                                point.mean - last.mean, " (standard error ", std::sqrt(point.variance + last.variance),
                                "); keep one variant for each dose"));
    } else if (point.dose < last.dose) {
      problems.Add(absl::StrCat(at, ".dose"), "must be above that of the point before it");
    }
  }
  return problems.ToStatus();
}

}  // namespace tierwise
