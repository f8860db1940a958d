// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/winners.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "tests/oracle/families.h"

namespace tierwise::oracle {

void CheckWinners(const nlohmann::json& input, CaseReport& report) {
  const auto estimates = input.at("estimates").get<std::vector<double>>();
  const auto std_errors = input.at("std_errors").get<std::vector<double>>();
  const WinnerEstimate winner =
      CaseReport::Require(CorrectWinner(estimates, std_errors, input.at("confidence").get<double>()));
  double runner_up = -std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < estimates.size(); ++i) {
    if (i != winner.winner) runner_up = std::max(runner_up, estimates[i]);
  }
  report.Got("winner", winner.winner);
  report.Got("runner_up_value", runner_up);
  report.Got("naive", winner.naive);
  report.Got("naive_ci", winner.naive_interval);
  report.Got("median_unbiased", winner.median_unbiased);
  report.Got("conditional_ci", winner.conditional_interval);
  report.Got("projection_ci", winner.projection_interval);
  report.Got("sidak_z", winner.projection_quantile);
}

}  // namespace tierwise::oracle
