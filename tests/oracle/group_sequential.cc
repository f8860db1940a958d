// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/group_sequential.h"

#include <string>
#include <vector>

#include "tests/oracle/families.h"

namespace tierwise::oracle {
namespace {

absl::StatusOr<std::vector<LookBoundary>> Boundaries(const std::string& spending, double alpha, int sided,
                                                     const std::vector<double>& fractions) {
  if (spending == "OF") return ClassicalBoundaries(ClassicalKind::kObrienFleming, alpha, sided, fractions);
  if (spending == "P") return ClassicalBoundaries(ClassicalKind::kPocock, alpha, sided, fractions);
  GroupSequentialDesign design{.alpha = alpha, .sided = sided};
  if (spending == "asOF") {
    design.spending.kind = SpendingKind::kObrienFleming;
  } else if (spending == "asP") {
    design.spending.kind = SpendingKind::kPocock;
  } else if (spending == "asKD") {
    design.spending = {.kind = SpendingKind::kPower, .exponent = 2.0};
  } else {
    return absl::InvalidArgumentError("unknown spending " + spending);
  }
  return SpendingBoundaries(design, fractions, true);
}

}  // namespace

void CheckGroupSequential(const nlohmann::json& input, CaseReport& report) {
  const double alpha = input.at("alpha");
  const int sided = input.at("sided");
  const std::vector<LookBoundary> looks =
      CaseReport::Require(Boundaries(input.at("spending"), alpha, sided, input.at("information_fractions")));
  std::vector<double> critical_z, cumulative_alpha, nominal_levels;
  for (const LookBoundary& look : looks) {
    critical_z.push_back(look.critical_z);
    cumulative_alpha.push_back(look.cumulative_alpha);
    nominal_levels.push_back(look.nominal_one_sided_level);
  }
  report.Got("critical_z", critical_z);
  report.Got("cumulative_alpha_spent", cumulative_alpha);
  report.Got("nominal_one_sided_levels", nominal_levels);
  report.Got("inflation_factor", CaseReport::Require(InflationFactor(looks, alpha, sided, input.at("power"))));
}

}  // namespace tierwise::oracle
