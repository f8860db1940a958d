// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/isotonic.h"

#include <vector>

#include "tests/oracle/families.h"

namespace tierwise::oracle {

void CheckIsotonic(const nlohmann::json& input, CaseReport& report) {
  const auto y = input.at("y").get<std::vector<double>>();
  const auto weights = input.at("weights").get<std::vector<double>>();
  report.Got("non_decreasing", CaseReport::Require(IsotonicFit(y, weights, MonotoneDirection::kNonDecreasing)));
  report.Got("non_increasing", CaseReport::Require(IsotonicFit(y, weights, MonotoneDirection::kNonIncreasing)));
}

}  // namespace tierwise::oracle
