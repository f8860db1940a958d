// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/hillstrom.h"

#include <map>
#include <vector>

#include "absl/strings/str_format.h"
#include "gtest/gtest.h"

namespace tierwise {
namespace {

using nlohmann::json;

// The elements of `list` in which every member of `wanted` is as given.
std::vector<json> Matching(const json& list, const json& wanted) {
  std::vector<json> matching;
  for (const json& element : list) {
    bool matches = true;
    for (const auto& [name, value] : wanted.items()) matches = matches && element.value(name, json()) == value;
    if (matches) matching.push_back(element);
  }
  return matching;
}

json TheOne(const json& list, const json& wanted) {
  const std::vector<json> matching = Matching(list, wanted);
  EXPECT_EQ(matching.size(), 1u) << "elements that are " << wanted;
  return matching.size() == 1 ? matching[0] : json::object();
}

json ArmOf(const json& report, const std::string& metric, const std::string& tier, const std::string& variant) {
  return TheOne(TheOne(report.at("metrics"), {{"metric", metric}}).at("arms"), {{"tier", tier}, {"variant", variant}});
}

json DifferenceOf(const json& report, const std::string& metric, const std::string& variant) {
  return TheOne(TheOne(report.at("metrics"), {{"metric", metric}}).at("comparisons"),
                {{"tier", ""}, {"variant", variant}, {"estimator", "unadjusted"}})
      .at("difference");
}

void ExpectPublishedCounts(const json& report) {
  const struct {
    const char *tier, *variant;
    int users, visits, conversions;
  } published[] = {
      {"", "no_email", 21306, 2262, 122},    {"", "mens", 21307, 3894, 267},     {"", "womens", 21387, 3238, 189},
      {"head", "no_email", 2690, 346, 18},   {"head", "mens", 2705, 594, 49},    {"head", "womens", 2683, 510, 45},
      {"waist", "no_email", 6168, 830, 52},  {"waist", "mens", 6187, 1364, 105}, {"waist", "womens", 6343, 1092, 46},
      {"tail", "no_email", 12448, 1086, 52}, {"tail", "mens", 12415, 1936, 113}, {"tail", "womens", 12361, 1636, 98}};
  for (const auto& arm : published) {
    SCOPED_TRACE(absl::StrFormat("tier \"%s\", %s", arm.tier, arm.variant));
    EXPECT_EQ(ArmOf(report, "visit", arm.tier, arm.variant).at("users"), arm.users);
    EXPECT_EQ(ArmOf(report, "visit", arm.tier, arm.variant).at("total"), arm.visits);
    EXPECT_EQ(ArmOf(report, "conversion", arm.tier, arm.variant).at("total"), arm.conversions);
    if (*arm.tier == '\0') continue;
    EXPECT_EQ(TheOne(report.at("cohort").at("cells"), {{"tier", arm.tier}, {"variant", arm.variant}}).at("users"),
              arm.users);
  }
  EXPECT_EQ(report.at("cohort").at("users"), 64000);
  for (const auto& [variant, spend] :
       std::map<std::string, std::string>{{"no_email", "13908.33"}, {"mens", "30311.69"}, {"womens", "23038.11"}}) {
    EXPECT_EQ(absl::StrFormat("%.2f", ArmOf(report, "spend", "", variant).at("total").get<double>()), spend);
  }
}

void ExpectPublishedSampleRatio(const json& report) {
  const json check = TheOne(report.at("checks"), {{"check", "sample_ratio"}, {"tier", ""}});
  EXPECT_EQ(absl::StrFormat("%.6f", check.at("statistic").get<double>()), "0.202531");
  EXPECT_EQ(absl::StrFormat("%.6f", check.at("p_value").get<double>()), "0.903693");
  for (const json& each : report.at("checks")) EXPECT_EQ(each.at("status"), "ok") << each;
}

void ExpectPublishedEffects(const json& report) {
  const struct {
    const char *metric, *variant, *difference, *method, *interval;
  } published[] = {{"visit", "mens", "0.0765896", "Wald", "0.069954 to 0.083226"},
                   {"conversion", "mens", "0.0068050", "Wald", "0.005000 to 0.008610"},
                   {"spend", "mens", "0.769827", "Welch t", "0.485140 to 1.054515"},
                   {"visit", "womens", "0.0452331", nullptr, nullptr},
                   {"conversion", "womens", "0.0031111", "Wald", "0.001499 to 0.004723"},
                   {"spend", "womens", "0.424412", "Welch t", "0.168957 to 0.679868"}};
  for (const auto& effect : published) {
    SCOPED_TRACE(absl::StrFormat("%s, %s", effect.metric, effect.variant));
    const json difference = DifferenceOf(report, effect.metric, effect.variant);
    const int digits = std::string(effect.metric) == "spend" ? 6 : 7;
    EXPECT_EQ(absl::StrFormat("%.*f", digits, difference.at("estimate").get<double>()), effect.difference);
    if (effect.method == nullptr) continue;
    const json interval = TheOne(difference.at("intervals"), {{"method", effect.method}});
    EXPECT_EQ(interval.at("confidence"), 0.95);
    EXPECT_EQ(absl::StrFormat("%.6f to %.6f", interval.at("lower").get<double>(), interval.at("upper").get<double>()),
              effect.interval);
  }
}

}  // namespace

void ExpectPublishedFigures(const json& report) {
  ExpectPublishedCounts(report);
  ExpectPublishedSampleRatio(report);
  ExpectPublishedEffects(report);
}

}  // namespace tierwise
