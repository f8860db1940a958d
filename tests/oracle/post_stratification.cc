// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/post_stratification.h"

#include <vector>

#include "experiments/stats/means.h"
#include "tests/oracle/families.h"

namespace tierwise::oracle {
namespace {

Moments ReadArm(const nlohmann::json& values) {
  Moments moments;
  for (const double value : values) moments.Add(value);
  return moments;
}

}  // namespace

void CheckPostStratification(const nlohmann::json& input, CaseReport& report) {
  const double confidence = input.at("confidence");
  std::vector<Stratum> strata;
  std::vector<double> tier_diff;
  std::vector<double> tier_se;
  Moments all_control;
  Moments all_treatment;
  for (const nlohmann::json& tier : input.at("tiers")) {
    const Moments control = ReadArm(tier.at("y_a"));
    const Moments treatment = ReadArm(tier.at("y_b"));
    const Estimate estimate = CaseReport::Require(CompareMeans(control, treatment, confidence));
    tier_diff.push_back(estimate.effect);
    tier_se.push_back(estimate.se);
    strata.push_back({control.n + treatment.n, MeansOf(control, treatment)});
    all_control.Merge(control);
    all_treatment.Merge(treatment);
  }
  const PostStratifiedEffect overall = CaseReport::Require(PostStratify(strata, confidence));
  const Estimate unadjusted = CaseReport::Require(CompareMeans(all_control, all_treatment, confidence));
  report.Got("tier_diff", tier_diff);
  report.Got("tier_se", tier_se);
  report.Got("weights", overall.weights);
  report.Got("diff", overall.estimate.effect);
  report.Got("se_conditional", overall.estimate.se);
  report.Got("se_superpopulation", overall.superpopulation.se);
  report.Got("unadjusted_diff", unadjusted.effect);
  report.Got("unadjusted_se", unadjusted.se);
  report.Got("control_mean", overall.means.control);
}

}  // namespace tierwise::oracle
