// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "experiments/stats/multiplicity.h"
#include "tests/oracle/families.h"

namespace tierwise::oracle {

void CheckMultipleTesting(const nlohmann::json& input, CaseReport& report) {
  const std::vector<double> p_values = input.at("p_values");
  const std::pair<std::string, Multiplicity> methods[] = {
      {"bonferroni", Multiplicity::kBonferroni}, {"holm", Multiplicity::kHolm},
      {"hochberg", Multiplicity::kHochberg},     {"hommel", Multiplicity::kHommel},
      {"bh", Multiplicity::kBenjaminiHochberg},  {"by", Multiplicity::kBenjaminiYekutieli},
      {"holm_sidak", Multiplicity::kHolmSidak},
  };
  for (const auto& [name, method] : methods) {
    std::vector<double> adjusted;
    std::vector<bool> rejected;
    for (const FamilyDecision& decision : CaseReport::Require(DecideFamily(method, p_values, input.at("alpha")))) {
      adjusted.push_back(decision.adjusted_p);
      rejected.push_back(decision.is_rejected);
    }
    report.Got(name + ".adjusted", adjusted);
    report.Got(name + ".reject_at_0.05", rejected);
  }
}

}  // namespace tierwise::oracle
