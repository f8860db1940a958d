// SPDX-License-Identifier: Apache-2.0
// Published figures, reproduced from the data they were published with. Skipped where the data folder is absent.
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "experiments/tuning/budget_plan.h"
#include "experiments/tuning/logit_response.h"
#include "experiments/tuning/stratified_slope.h"

namespace tierwise {
namespace {

const char kData[] = TIERWISE_SOURCE_DIR "/../shared/data/";

#define SKIP_WITHOUT(path)                                                               \
  if (!std::filesystem::exists(path)) {                                                  \
    GTEST_SKIP() << "NOT RUN: the real data " << path << " is absent from this machine"; \
  }

// The rows of a CSV file without quoted commas, gzipped or not, as column -> text.
std::vector<std::map<std::string, std::string>> ReadCsv(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  std::vector<std::map<std::string, std::string>> rows;
  std::vector<std::string> header;
  std::string line;
  char buffer[1 << 16];
  while (gzgets(file, buffer, sizeof(buffer)) != nullptr) {
    line = buffer;
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    std::erase(line, '"');
    const std::vector<std::string> cells = absl::StrSplit(line, ',');
    if (header.empty()) {
      header = cells;
      continue;
    }
    rows.emplace_back();
    for (size_t i = 0; i < header.size() && i < cells.size(); ++i) rows.back()[header[i]] = cells[i];
  }
  gzclose(file);
  return rows;
}

double Number(const std::string& text) {
  double value = 0.0;
  EXPECT_TRUE(absl::SimpleAtod(text, &value)) << text;
  return value;
}

// Montgomery, Peck & Vining, problem 13.4: eleven discounts, 500 households each.
TEST(RealDataTest, CouponDosesGiveThePublishedLogit) {
  const std::string path = std::string(kData) + "coupon_doses/coupons.csv";
  SKIP_WITHOUT(path);
  std::vector<DoseCounts> counts;
  for (auto& row : ReadCsv(path)) {
    counts.push_back(
        {Number(row["x"]), static_cast<int64_t>(Number(row["n"])), static_cast<int64_t>(Number(row["r"]))});
  }
  ASSERT_EQ(counts.size(), 11u);
  const LogitFit fit = FitLogit(counts).value();
  EXPECT_NEAR(fit.intercept, -2.084754, 1e-6);
  EXPECT_NEAR(fit.intercept_se, 0.080398, 1e-6);
  EXPECT_NEAR(fit.slope, 0.135727, 1e-6);
  EXPECT_NEAR(fit.slope_se, 0.004957, 1e-6);
}

// Karlan & Zinman 2008: the interest rate was randomised within risk tier and wave, below the customer's normal rate.
TEST(RealDataTest, KarlanZinmanSlopesByRiskTier) {
  const std::string path = std::string(kData) + "kz_credit/kz_demandelasts_aer08.csv.gz";
  SKIP_WITHOUT(path);
  std::map<std::string, std::map<std::pair<std::string, double>, Moments>> tiers;
  for (auto& row : ReadCsv(path)) {
    if (row["normrate_less"] != "1") continue;
    tiers[row["risk"]][{row["wave"], Number(row["offer4"])}].Add(Number(row["applied"]));
  }
  struct Published {
    double slope;
    double se;
  };
  const std::map<std::string, Published> published = {
      {"LOW", {-0.01025, 0.0037}}, {"MEDIUM", {-0.00056, 0.0030}}, {"HIGH", {-0.00247, 0.00049}}};
  for (const auto& [tier, expected] : published) {
    std::vector<StratumDose> cells;
    for (const auto& [cell, outcome] : tiers[tier]) cells.push_back({cell.first, cell.second, outcome});
    const StratifiedSlope slope = SlopeWithinStrata(cells).value();
    EXPECT_NEAR(slope.slope, expected.slope, 5.5e-6) << tier;
    EXPECT_NEAR(slope.se, expected.se, 0.02 * expected.se) << tier;
  }
}

// PyOptBook chapter 4: sixteen segments, coupons of 0, 1000 and 2000 yen, paid when the customer visits.
TEST(RealDataTest, CouponBudgetHasThePublishedOptima) {
  const std::string folder = std::string(kData) + "coupon_budget/";
  SKIP_WITHOUT(folder + "customers.csv");
  std::map<std::string, double> customers;
  for (auto& row : ReadCsv(folder + "customers.csv")) customers[row["age_cat"] + row["freq_cat"]] += 1.0;
  PlanProblem problem;
  for (auto& row : ReadCsv(folder + "visit_probability.csv")) {
    const double size = customers[row["age_cat"] + row["freq_cat"]];
    PlanTier tier{row["age_cat"] + row["freq_cat"], {}};
    for (int coupon = 0; coupon < 3; ++coupon) {
      const double visits = size * Number(row["prob_dm" + std::to_string(coupon + 1)]);
      const double yen = 1000.0 * coupon;
      tier.options.push_back({yen, yen * visits, visits - size * Number(row["prob_dm1"])});
    }
    problem.tiers.push_back(tier);
  }
  ASSERT_EQ(problem.tiers.size(), 16u);
  const std::map<double, double> published = {
      {761'850, 229.000}, {1'000'000, 326.095}, {1'761'850, 600.656}, {2'461'850, 826.805}};
  for (const auto& [budget, visits] : published) {
    problem.budget = budget;
    const SharePlan plan = PlanShares(problem, 0.1).value();
    EXPECT_NEAR(plan.value, visits, 0.0006) << budget;
    EXPECT_LE(plan.cost, budget * (1.0 + 1e-9));
  }
}

}  // namespace
}  // namespace tierwise
