// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/best_arm.h"

#include <vector>

#include "tests/oracle/families.h"

namespace tierwise::oracle {

void CheckBestArm(const nlohmann::json& input, CaseReport& report) {
  const auto means = input.at("means").get<std::vector<double>>();
  const auto sds = input.at("sds").get<std::vector<double>>();
  const std::vector<double> probability_best = CaseReport::Require(ProbabilityBest(means, sds));
  report.Got("prob_best", probability_best);
  report.Got("top_two_allocation", CaseReport::Require(TopTwoShares(probability_best, input.at("beta").get<double>())));
}

}  // namespace tierwise::oracle
