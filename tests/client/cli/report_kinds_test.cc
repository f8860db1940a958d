// SPDX-License-Identifier: Apache-2.0
// What reports say of movements, quantiles, found caps, stopping and priors.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "client/cli/report_flows.h"
#include "client/cli/report_footnotes.h"
#include "client/cli/report_text.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kReport[] = R"pb(
  campaign: "spring"
  as_of { seconds: 1772323200 }
  cohort {
    users: 400
    cells { tier: "head" variant: "plain" users: 100 }
    cells { tier: "head" variant: "offer" users: 100 }
    cells { tier: "tail" variant: "plain" users: 100 }
    cells { tier: "tail" variant: "offer" users: 100 }
  }
  checks { check: "sample_ratio_sequential" status: HEALTH_STATUS_OK message: "Kept." p_value: 1 }
  checks { check: "events_before_exposure" status: HEALTH_STATUS_OK message: "Alike." p_value: 0.5 }
  metrics {
    metric: "m"
    role: METRIC_ROLE_PRIMARY
    window { seconds: 1209600 }
    found_cap: 523.5
    sequential {
      rule: "alpha spending, O'Brien-Fleming type"
      looks: 14
      started: true
      stopped {
        variant: "offer"
        look: 9
        median_unbiased_difference: 0.0288
        interval { confidence: 0.95 lower: 0.012 upper: 0.0441 }
      }
    }
    comparisons {
      variant: "offer"
      difference {
        estimate: 0.03
        standard_error: 0.008
        intervals { kind: INTERVAL_KIND_ALPHA_SPENDING confidence: 0.95 lower: 0.01 upper: 0.05 }
      }
      posterior { chance_to_beat_control: 0.99 prior: "lift ~ N(0.012, 0.034^2), learnt from 12 campaigns" }
    }
  }
  tier_flows { from: "head" variant: "plain" to: "head" users: 80 }
  tier_flows { from: "head" variant: "plain" to: "tail" users: 20 }
  tier_flows { from: "head" variant: "offer" to: "head" users: 95 }
  tier_flows { from: "head" variant: "offer" to: "tail" users: 5 }
  tier_flows { from: "tail" variant: "plain" to: "tail" users: 100 }
  tier_flows { from: "tail" variant: "offer" to: "head" users: 12 }
  tier_flows { from: "tail" variant: "offer" to: "tail" users: 88 }
)pb";

ReportView View(const std::string& metric) {
  ReportView view;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kReport, &view.report));
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(id: "spring" variants { id: "plain" control: true } variants { id: "offer" })", &view.campaign));
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(metric, &view.metrics["m"]));
  return view;
}

std::string Render(const std::string& metric) { return RenderReport(View(metric), 160, false); }

TEST(ReportKindsTest, EachKindIsNamedInWords) {
  EXPECT_THAT(Render(R"(retention { event: "visit" })"), HasSubstr("share of users who came back with `visit`"));
  EXPECT_THAT(Render(R"(quantile { event: "wait" probability: 0.95 })"),
              HasSubstr("95% quantile of the values of `wait`"));
  EXPECT_THAT(Render(R"(tier_movement { outcome: MOVEMENT_OUTCOME_MOVED_UP })"),
              HasSubstr("share of users who moved to a better tier"));
  EXPECT_THAT(Render(R"(tier_movement { outcome: MOVEMENT_OUTCOME_DID_NOT_FALL })"),
              HasSubstr("share of users who did not fall to a worse tier"));
  EXPECT_THAT(Render(R"(tier_movement { outcome: MOVEMENT_OUTCOME_REACHED tier: "head" })"),
              HasSubstr("share of users who reached tier head"));
}

TEST(ReportKindsTest, SharesAreInPointsAndQuantilesInTheirUnits) {
  EXPECT_THAT(Render(R"(retention { event: "visit" })"), HasSubstr("difference (pp)"));
  EXPECT_THAT(Render(R"(quantile { event: "wait" probability: 0.95 })"), Not(HasSubstr("difference (pp)")));
}

TEST(ReportKindsTest, AFoundCapIsNamed) {
  EXPECT_THAT(Render(R"(sum { event: "order" } cap_quantile: 0.999)"),
              HasSubstr("capped at 523.5 (the 99.9% quantile before exposure)"));
}

TEST(ReportKindsTest, TheFirstCrossingIsCorrected) {
  EXPECT_THAT(Render(R"(conversion { event: "order" })"),
              HasSubstr("boundary first crossed at look 9: corrected for stopping there, +2.9 [+1.2, +4.4] pp"));
}

TEST(ReportKindsTest, ThePriorSaysWhereItComesFrom) {
  EXPECT_THAT(Render(R"(conversion { event: "order" })"), HasSubstr("learnt from 12 campaigns"));
}

TEST(ReportKindsTest, ChecksFoundInOrderAreNamedInTheHealthyLine) {
  EXPECT_THAT(Render(R"(conversion { event: "order" })"), HasSubstr("kept on every day, exposures recorded in time"));
}

TEST(ReportFlowsTest, AreAMatrixForEachVariant) {
  EXPECT_EQ(RenderFlows(View("").report, 100, false),
            "Tiers afterwards  share of those first exposed in each tier\n"
            "  plain  users   head    tail\n"
            "  head     100  80.0%   20.0%\n"
            "  tail     100   0.0%  100.0%\n"
            "  offer  users   head   tail\n"
            "  head     100  95.0%   5.0%\n"
            "  tail     100  12.0%  88.0%\n");
}

TEST(ReportFlowsTest, AreNothingWhereNoTieringWasRefreshed) {
  v1::Report report = View("").report;
  report.clear_tier_flows();
  EXPECT_EQ(RenderFlows(report, 100, false), "");
}

}  // namespace
}  // namespace tierwise
