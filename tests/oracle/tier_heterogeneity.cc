// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>
#include <vector>

#include "experiments/stats/heterogeneity.h"
#include "tests/oracle/families.h"

namespace tierwise::oracle {

void CheckTierHeterogeneity(const nlohmann::json& input, CaseReport& report) {
  constexpr double kConfidence = 0.95;
  const std::vector<double> estimates = input.at("effects");
  const std::vector<double> std_errors = input.at("std_errors");
  std::vector<TierEffect> effects;
  for (size_t i = 0; i < estimates.size(); ++i) effects.push_back({.effect = estimates[i], .se = std_errors[i]});
  const Heterogeneity test = CaseReport::Require(TestHeterogeneity(effects, kConfidence));
  const std::pair<std::string, TauMethod> methods[] = {{"FE", TauMethod::kCommonEffect},
                                                       {"DL", TauMethod::kDerSimonianLaird},
                                                       {"PM", TauMethod::kPauleMandel},
                                                       {"REML", TauMethod::kRestrictedLikelihood}};
  for (const auto& [name, method] : methods) {
    const RandomEffects pooled = CaseReport::Require(PoolEffects(effects, method, kConfidence));
    report.Got(name + ".mu", pooled.mean);
    report.Got(name + ".se", pooled.se);
    report.Got(name + ".tau2", pooled.tau2);
    report.Got(name + ".p", pooled.test.p);
    report.Got(name + ".ci", pooled.interval);
    report.Got(name + ".Q", test.q);
    report.Got(name + ".Qp", test.p);
    report.Got(name + ".I2", 100.0 * pooled.i2);
    report.Got(name + ".H2", pooled.h2);
    report.GotIf(method != TauMethod::kCommonEffect, name + ".shrunk", nlohmann::json(pooled.shrunk));
    if (method == TauMethod::kDerSimonianLaird) {
      const KnappHartung hksj = CaseReport::Require(KnappHartungMean(effects, pooled.tau2, false, kConfidence));
      report.Got("HKSJ.se", hksj.se);
      report.Got("HKSJ.ci", hksj.interval);
      report.Got("HKSJ.p", hksj.test.p);
    }
  }
}

}  // namespace tierwise::oracle
