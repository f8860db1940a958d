// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/srm.h"

#include <vector>

#include "tests/oracle/families.h"

namespace tierwise::oracle {
namespace {

nlohmann::json RunLooks(const nlohmann::json& increments, const std::vector<double>& weights) {
  SequentialSampleRatio test = CaseReport::Require(SequentialSampleRatio::Create(weights));
  std::vector<int64_t> counts(weights.size());
  nlohmann::json looks = nlohmann::json::array();
  for (const nlohmann::json& increment : increments) {
    for (size_t i = 0; i < counts.size(); ++i) counts[i] += increment.at(i).get<int64_t>();
    CaseReport::Require(test.Look(counts));
    looks.push_back({{"log_bayes_factor", test.log_bayes_factor()}, {"p_running_min", test.p()}});
  }
  return looks;
}

}  // namespace

void CheckSrm(const nlohmann::json& input, CaseReport& report) {
  const std::vector<int64_t> counts = input.at("counts");
  const std::vector<double> weights = input.at("weights");
  const SampleRatioCheck check = CaseReport::Require(CheckSampleRatio(counts, weights));
  report.Got("chi2", check.chi_squared);
  report.Got("df", check.df);
  report.Got("p", check.p);
  report.Got("ln_p", check.log_p);
  report.Got("units_in_zero_weight_arms", check.users_in_zero_weight_arms);
  report.Got("srm_at_0.001", check.IsMismatch(0.001));
  report.Got("sequential.dirichlet_concentration", SequentialSampleRatio::kDefaultConcentration);
  const nlohmann::json increments = input.value("increments", nlohmann::json());
  report.Got("sequential.looks", increments.is_null() ? nlohmann::json() : RunLooks(increments, weights));
}

}  // namespace tierwise::oracle
