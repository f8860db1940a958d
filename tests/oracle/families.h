// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tests/oracle/case_report.h"

namespace tierwise::oracle {

// One family of cases. To add one: write `<family>.cc` with a function that reads `input`, calls the product and
// reports every expected field,
//
//   void CheckIsotonic(const nlohmann::json& input, CaseReport& report) {
//     const auto y = input.at("y").get<std::vector<double>>();
//     report.Got("non_decreasing", CaseReport::Require(IsotonicFit(y, ...)));
//   }
//
// declare it below, and name it in the table in families.cc and in CMakeLists.txt.
struct Family {
  absl::string_view name;  // the "family" of the file
  void (*check)(const nlohmann::json& input, CaseReport& report);
};

absl::Span<const Family> Families();

void CheckTwoProportions(const nlohmann::json& input, CaseReport& report);
void CheckBestArm(const nlohmann::json& input, CaseReport& report);
void CheckDoseResponse(const nlohmann::json& input, CaseReport& report);
void CheckIsotonic(const nlohmann::json& input, CaseReport& report);
void CheckMckp(const nlohmann::json& input, CaseReport& report);
void CheckWinners(const nlohmann::json& input, CaseReport& report);
void CheckWelchMeans(const nlohmann::json& input, CaseReport& report);
void CheckSrm(const nlohmann::json& input, CaseReport& report);
void CheckRatioDelta(const nlohmann::json& input, CaseReport& report);
void CheckPostStratification(const nlohmann::json& input, CaseReport& report);
void CheckBayesBetaBinomial(const nlohmann::json& input, CaseReport& report);
void CheckGroupSequential(const nlohmann::json& input, CaseReport& report);
void CheckMultipleTesting(const nlohmann::json& input, CaseReport& report);
void CheckPower(const nlohmann::json& input, CaseReport& report);
void CheckSequential(const nlohmann::json& input, CaseReport& report);
void CheckTierHeterogeneity(const nlohmann::json& input, CaseReport& report);
void CheckQuantile(const nlohmann::json& input, CaseReport& report);
void CheckCuped(const nlohmann::json& input, CaseReport& report);

}  // namespace tierwise::oracle
