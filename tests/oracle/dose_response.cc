// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "experiments/tuning/dose_fit.h"
#include "experiments/tuning/dose_models.h"
#include "tests/oracle/families.h"

namespace tierwise::oracle {
namespace {

const std::map<std::string, DoseModel>& Models() {
  static const auto& models = *new std::map<std::string, DoseModel>{{"linear", DoseModel::kLinear},
                                                                    {"quadratic", DoseModel::kQuadratic},
                                                                    {"emax", DoseModel::kEmax},
                                                                    {"sigEmax", DoseModel::kSigmoidEmax},
                                                                    {"logistic", DoseModel::kLogistic}};
  return models;
}

// One pair for a model with one non-linear parameter, a list of pairs for more.
nlohmann::json BoundsJson(DoseModel model, double max_dose) {
  const NonlinearBounds bounds = DefaultBounds(model, max_dose);
  if (NonlinearParameters(model) == 1) return {bounds.low[0], bounds.high[0]};
  return {{bounds.low[0], bounds.high[0]}, {bounds.low[1], bounds.high[1]}};
}

void ReportFit(const std::string& name, const DoseFit& fit, absl::Span<const DosePoint> points, double margin,
               CaseReport& report) {
  report.Got(name + ".params", fit.parameters);
  report.GotMinimum(name + ".rss_gls", fit.rss);
  report.GotMinimum(name + ".aic", fit.aic);
  std::vector<double> fitted;
  for (const DosePoint& point : points) fitted.push_back(fit.At(point.dose));
  report.Got(name + ".fitted", fitted);

  double best_dose = 0.0;
  double best_profit = fit.At(0.0) * margin;
  const auto steps = static_cast<int>(std::lround(points.back().dose * 10.0));
  for (int step = 1; step <= steps; ++step) {
    const double dose = 0.1 * step;
    const double profit = fit.At(dose) * (margin - dose);
    if (profit > best_profit) {
      best_profit = profit;
      best_dose = dose;
    }
  }
  report.Got(name + ".profit_optimal_dose_grid_0.1", best_dose);
  report.Got(name + ".profit_at_optimum", best_profit);
}

}  // namespace

void CheckDoseResponse(const nlohmann::json& input, CaseReport& report) {
  const auto doses = input.at("doses").get<std::vector<double>>();
  const auto conversions = input.at("conversions").get<std::vector<int64_t>>();
  const auto n = input.at("n").get<std::vector<int64_t>>();
  std::vector<DosePoint> points;
  for (size_t i = 0; i < doses.size(); ++i) points.push_back(RatePoint(doses[i], conversions.at(i), n.at(i)));
  for (const nlohmann::json& name : input.at("models")) {
    const DoseModel model = Models().at(name.get<std::string>());
    const DoseFit fit = CaseReport::Require(FitDoseModel(model, points));
    ReportFit(name.get<std::string>(), fit, points, input.at("margin_per_conversion").get<double>(), report);
    if (NonlinearParameters(model) > 0) {
      report.Got("bounds." + name.get<std::string>(), BoundsJson(model, points.back().dose));
    }
  }
}

}  // namespace tierwise::oracle
