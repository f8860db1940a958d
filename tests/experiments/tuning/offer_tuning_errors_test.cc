// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "experiments/base/problems.h"
#include "experiments/tuning/offer_tuning.h"
#include "tests/experiments/tuning/tuning_data.h"

namespace tierwise {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The fields named in the error, or its text where there are none.
std::vector<std::string> ErrorFields(const TuningData& data, const v1::PlanConstraints& constraints = {},
                                     const TuningOptions& options = {}) {
  const absl::StatusOr<v1::OfferPlan> plan = PlanOffers(data, constraints, options);
  std::vector<std::string> fields;
  for (const Problem& problem : ProblemsOf(plan.status())) fields.push_back(problem.field);
  if (fields.empty()) fields.push_back(plan.status().ToString());
  return fields;
}

std::string ErrorText(const TuningData& data, const v1::PlanConstraints& constraints = {}) {
  return std::string(PlanOffers(data, constraints, {}).status().message());
}

TEST(OfferTuningErrors, AControlIsNeeded) {
  TuningData data = Shop();
  data.variants[0].set_control(false);
  EXPECT_THAT(ErrorFields(data), Contains("variants"));
  EXPECT_THAT(ErrorText(data), HasSubstr("have no control"));
}

TEST(OfferTuningErrors, CostsNameTheirVariant) {
  TuningData data = Shop();
  data.variants[2].mutable_offer()->mutable_cost()->set_per_redemption(-1.0);
  EXPECT_THAT(ErrorFields(data), ElementsAre("variants[2].offer.cost.per_redemption"));
  EXPECT_THAT(ErrorText(data), HasSubstr("\"off10\""));
  data = Shop();
  for (size_t i = 1; i < data.variants.size(); ++i) {
    data.variants[i].mutable_offer()->set_unit(v1::DOSE_UNIT_POINTS);
    if (i != 2) data.variants[i].mutable_offer()->mutable_cost()->set_per_redemption(1.0);
  }
  EXPECT_THAT(ErrorFields(data), ElementsAre("variants[2].offer.cost"));
  EXPECT_THAT(ErrorText(data), HasSubstr("\"off10\" is missing"));
}

TEST(OfferTuningErrors, ConstraintsAreNamed) {
  v1::PlanConstraints constraints;
  constraints.add_tiers()->set_tier("waste");
  EXPECT_THAT(ErrorFields(Shop(), constraints), ElementsAre("constraints.tiers[0].tier"));
  constraints.mutable_tiers(0)->set_tier("waist");
  constraints.mutable_tiers(0)->set_min_dose(12.0);
  constraints.mutable_tiers(0)->set_max_dose(7.0);
  EXPECT_THAT(ErrorFields(Shop(), constraints), ElementsAre("constraints.tiers[0]"));
  constraints.mutable_tiers(0)->set_max_dose(14.0);
  EXPECT_THAT(ErrorText(Shop(), constraints), HasSubstr("no dose was tried from min_dose 12 to max_dose 14"));
  constraints.mutable_tiers(0)->set_min_dose(10.0);
  constraints.mutable_tiers(0)->set_budget(1.0);
  EXPECT_THAT(ErrorFields(Shop(), constraints), ElementsAre("constraints.tiers[0].budget"));
  constraints.mutable_tiers(0)->clear_budget();
  constraints.set_budget(5.0);
  EXPECT_THAT(ErrorFields(Shop(), constraints), ElementsAre("constraints.budget"));
  EXPECT_THAT(ErrorText(Shop(), constraints), HasSubstr("the cheapest plan"));
  constraints.set_budget(-5.0);
  EXPECT_THAT(ErrorFields(Shop(), constraints), ElementsAre("constraints.budget"));
  constraints.clear_budget();
  constraints.set_better_tier_never_worse(true);
  constraints.add_tiers()->set_tier("head");
  constraints.mutable_tiers(1)->set_max_dose(5.0);
  EXPECT_THAT(ErrorFields(Shop(), constraints), ElementsAre("constraints.better_tier_never_worse"));
  v1::PlanConstraints shares;
  shares.set_min_share(0.4);
  EXPECT_THAT(ErrorFields(Shop(), shares), ElementsAre("constraints.min_share"));
  shares.set_min_share(std::nan(""));
  EXPECT_THAT(ErrorFields(Shop(), shares), ElementsAre("constraints.min_share"));
}

TEST(OfferTuningErrors, ImpossibleMomentsNameTierAndVariant) {
  TuningData data = Shop();
  data.tiers[1].cells[2].outcome = JointMoments::FromParts(100, {0.1}, {-1.0});
  EXPECT_THAT(ErrorText(data), HasSubstr("of tier \"waist\", variant \"off10\""));
  data.tiers[1].cells[2].outcome = JointMoments::FromParts(100, {std::nan("")}, {1.0});
  EXPECT_THAT(ErrorText(data), HasSubstr("of tier \"waist\", variant \"off10\""));
  data.tiers[1].cells[2].outcome = JointMoments(2);
  EXPECT_THAT(ErrorFields(data), ElementsAre("tiers[1].cells[2]"));
}

TEST(OfferTuningErrors, NothingToCompareIsSaid) {
  TuningData data = AmountsOffData({5});
  AddTier(data, "waist", 10, 100, {5});
  EXPECT_THAT(ErrorFields(data), ElementsAre("tiers"));
  data.tiers.clear();
  EXPECT_THAT(ErrorFields(data), ElementsAre("tiers"));
}

TEST(OfferTuningErrors, OptionsAreBounded) {
  TuningOptions options;
  options.confidence = 1.0;
  options.draws = 2;
  options.frontier_points = -1;
  EXPECT_THAT(ErrorFields(Shop(), {}, options),
              ElementsAre("options.confidence", "options.frontier_points", "options.draws"));
}

}  // namespace
}  // namespace tierwise
