// SPDX-License-Identifier: Apache-2.0
#include "client/cli/report_text.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "client/cli/report_numbers.h"

namespace tierwise {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kReport[] = R"pb(
  campaign: "spring"
  campaign_revision: 3
  as_of { seconds: 1772323200 }
  cohort {
    users: 4000
    users_in_two_variants: 2
    forced_users: 1
    cells { tier: "head" variant: "plain" users: 1000 }
    cells { tier: "head" variant: "offer" users: 1000 }
    cells { tier: "tail" variant: "plain" users: 1001 }
    cells { tier: "tail" variant: "offer" users: 999 }
    first_exposure { seconds: 1771113600 }
    last_exposure { seconds: 1771200000 }
  }
  checks { check: "two_variants" status: HEALTH_STATUS_OK message: "2 of 4,002 users." }
  checks { check: "sample_ratio" tier: "tail" status: HEALTH_STATUS_FAILED message: "The shares are off." }
  metrics {
    metric: "buy"
    metric_revision: 1
    window { seconds: 1209600 }
    users_with_open_window: 1200
    arms { tier: "head" variant: "plain" users: 1000 mean: 0.1 }
    arms { tier: "head" variant: "offer" users: 1000 mean: 0.15 }
    arms { tier: "tail" variant: "plain" users: 1001 mean: 0.02 }
    arms { tier: "tail" variant: "offer" users: 999 mean: 0.01 }
    arms { variant: "plain" users: 2001 mean: 0.06 }
    arms { variant: "offer" users: 1999 mean: 0.08 }
    comparisons {
      tier: "head"
      variant: "offer"
      estimator: ESTIMATOR_UNADJUSTED
      test: "score z"
      p_value: 0.0007
      difference {
        estimate: 0.05
        intervals { method: "Newcombe" kind: INTERVAL_KIND_FIXED_HORIZON confidence: 0.95 lower: 0.021 upper: 0.079 }
      }
      lift {
        estimate: 0.5
        intervals { method: "Katz" confidence: 0.95 lower: 0.19 upper: 0.9 }
      }
    }
    comparisons {
      tier: "tail"
      variant: "offer"
      estimator: ESTIMATOR_UNADJUSTED
      reason: "fewer than 5 users bought"
      difference { estimate: -0.01 }
    }
    comparisons {
      variant: "offer"
      estimator: ESTIMATOR_UNADJUSTED
      test: "score z"
      p_value: 0.012
      difference {
        estimate: 0.02
        intervals { method: "Newcombe" kind: INTERVAL_KIND_FIXED_HORIZON confidence: 0.95 lower: 0.004 upper: 0.036 }
      }
      lift {
        estimate: 0.33
        intervals { method: "Katz" confidence: 0.95 lower: 0.06 upper: 0.68 }
      }
    }
    comparisons {
      variant: "offer"
      estimator: ESTIMATOR_POST_STRATIFIED
      test: "score z"
      p_value: 0
      ln_p_value: -1000
      difference {
        estimate: 0.02
        intervals { method: "Newcombe" kind: INTERVAL_KIND_FIXED_HORIZON confidence: 0.95 lower: 0.005 upper: 0.035 }
      }
      lift {
        estimate: 0.33
        intervals { method: "Katz" confidence: 0.95 upper: 0.67 }
      }
    }
  }
)pb";

ReportView View() {
  ReportView view;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kReport, &view.report));
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(R"pb(id: "spring"
                                                                 display_name: "Spring offer"
                                                                 variants { id: "plain" control: true }
                                                                 variants { id: "offer" })pb",
                                                            &view.campaign));
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(R"pb(id: "buy"
                                                                 conversion { event: "purchase" })pb",
                                                            &view.metrics["buy"]));
  return view;
}

TEST(ReportTextTest, ReadsLikeThis) {
  EXPECT_EQ(RenderReport(View(), 140, false), R"(spring  Spring offer
revision 3, as of 2026-03-01 00:00:00 UTC

DO NOT TRUST THE LIFTS BELOW: a health check failed.
FAILED  sample_ratio  tail       The shares are off.
ok      two_variants  all tiers  2 of 4,002 users.

4,000 users, first exposed 2026-02-15 00:00:00 UTC to 2026-02-16 00:00:00 UTC
left out: 2 seen in two variants, 1 forced
  tier  plain (control)  offer
  head            1,000  1,000
  tail            1,001    999

buy (primary)  share of users with `purchase`, 14d window
  the window of 1,200 users is still open: their outcomes may grow
  offer against plain
    tier                  users  plain  offer    difference (pp)              lift         p  0                    +7.9
    all tiers     2,001 / 1,999   6.0%   8.0%  +2.0 [+0.5, +3.5]  +33% [-inf, +67]  5.1e-435  | ----o-----
      unadjusted  2,001 / 1,999   6.0%   8.0%  +2.0 [+0.4, +3.6]    +33% [+6, +68]    0.0120  |-----o-----
    head          1,000 / 1,000  10.0%  15.0%  +5.0 [+2.1, +7.9]   +50% [+19, +90]    0.0007  |     ---------o---------
    tail            1,001 / 999   2.0%   1.0%               -1.0                 -            |
    tail: fewer than 5 users bought
  Intervals: 95%, difference by Newcombe, lift by Katz; fixed horizon: right if read once, at a time fixed beforehand.
  All tiers: post-stratified, the tiers' differences weighted by their shares of users; unadjusted: the plain difference. p: score z, two-sided. Metric revision 1.

)");
}

TEST(ReportTextTest, FailedChecksComeFirstAndLoud) {
  const std::string text = RenderReport(View(), 140, false);
  EXPECT_LT(text.find("DO NOT TRUST"), text.find("FAILED"));
  EXPECT_LT(text.find("FAILED"), text.find("ok  "));
}

TEST(ReportTextTest, NarrowTerminalsLoseUsersThenPlots) {
  EXPECT_THAT(RenderReport(View(), 140, false), HasSubstr("2,001 / 1,999"));
  EXPECT_THAT(RenderReport(View(), 118, false), Not(HasSubstr("2,001 / 1,999")));
  EXPECT_THAT(RenderReport(View(), 118, false), HasSubstr("--o--"));
  EXPECT_THAT(RenderReport(View(), 80, false), Not(HasSubstr("--o--")));
}

TEST(ReportTextTest, ColoursOnlyWhereAsked) {
  EXPECT_THAT(RenderReport(View(), 140, false), Not(HasSubstr("\033")));
  EXPECT_THAT(RenderReport(View(), 140, true), HasSubstr("\033[32m"));
}

TEST(ReportCsvTest, HasALineForEachComparisonInFullPrecision) {
  const std::string csv = ReportCsv(View());
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 5);
  EXPECT_THAT(csv, HasSubstr("\nspring,3,2026-03-01T00:00:00Z,buy,1,tail,offer,plain,unadjusted,1001,0,0.02,999,0,0.01,"
                             "-0.01,,,,,,,,,,,,,,,,,fewer than 5 users bought\n"));
}

TEST(ReportNumbersTest, DecimalsFollowTheInterval) {
  EXPECT_EQ(DecimalsFor(0.66), 2);
  EXPECT_EQ(DecimalsFor(28), 0);
  EXPECT_EQ(DecimalsFor(0.0012), 4);
  EXPECT_EQ(DecimalsFor(0), 2);
  EXPECT_EQ(DecimalsFor(NAN), 2);
}

TEST(ReportNumbersTest, NoSignOnZero) {
  EXPECT_EQ(NumberText(-0.00001, {true, "%", 1, true}), "0.0%");
  EXPECT_EQ(NumberText(0.0766, {true, "%", 2, true}), "+7.66%");
}

TEST(ReportNumbersTest, PValuesBelowWhatADoubleHolds) {
  v1::Comparison comparison;
  EXPECT_EQ(PValueText(comparison), "");
  comparison.set_p_value(0);
  comparison.set_ln_p_value(-1000);
  EXPECT_EQ(PValueText(comparison), "5.1e-435");
  comparison.set_p_value(0.03125);
  EXPECT_EQ(PValueText(comparison), "0.0312");
}

TEST(ReportNumbersTest, PlotsIntervalsAroundZero) {
  v1::Effect effect;
  EXPECT_EQ(IntervalPlot(effect, -1, 1, 11), "     |     ");
  effect.set_estimate(0.4);
  effect.add_intervals()->set_lower(0.2);
  effect.mutable_intervals(0)->set_upper(0.6);
  EXPECT_EQ(IntervalPlot(effect, -1, 1, 11), "     |-o-  ");
  effect.mutable_intervals(0)->clear_upper();
  EXPECT_EQ(IntervalPlot(effect, -1, 1, 11), "     |-o-->");
}

}  // namespace
}  // namespace tierwise
