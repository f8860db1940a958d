// SPDX-License-Identifier: Apache-2.0
#include "client/cli/report_text.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/str_split.h"
#include "client/cli/report_lines.h"
#include "client/cli/report_metric.h"
#include "client/cli/report_numbers.h"

namespace tierwise {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

// Midway through a campaign by alpha spending: the head has too few buyers, the guardrail holds.
constexpr char kReport[] = R"pb(
  campaign: "spring"
  campaign_revision: 3
  as_of { seconds: 1772323200 }
  cohort {
    users: 4000
    users_in_two_variants: 2
    forced_users: 1
    users_in_unknown_cells: 3
    cells { tier: "head" variant: "plain" users: 300 }
    cells { tier: "head" variant: "offer" users: 301 }
    cells { tier: "tail" variant: "plain" users: 1701 }
    cells { tier: "tail" variant: "offer" users: 1698 }
    first_exposure { seconds: 1771113600 }
    last_exposure { seconds: 1771200000 }
  }
  checks {
    check: "sample_size"
    status: HEALTH_STATUS_WARNING
    message: "Fewer than 20 events on buy: head/plain (12). Their lifts can't be judged yet: wait, or merge small tiers."
  }
  checks { check: "sample_ratio" status: HEALTH_STATUS_OK message: "Alike." p_value: 0.9036 }
  checks { check: "sample_ratio" tier: "head" status: HEALTH_STATUS_OK message: "Alike." p_value: 0.5 }
  checks { check: "sample_ratio" tier: "tail" status: HEALTH_STATUS_OK message: "Alike." p_value: 0.6 }
  checks { check: "two_variants" status: HEALTH_STATUS_OK message: "2 of 4,002 users." }
  checks { check: "pre_exposure_imbalance" status: HEALTH_STATUS_OK message: "No metric has a covariate." }
  decisions {
    variant: "offer"
    verdict: VERDICT_SHIP
    text: "Ship it: buy changes by +33.0 % (95 % interval +6.0 % to +68.0 %). Its effect differs between tiers: see each."
    rule: "It may be claimed to be better, and every guardrail holds; alpha spending, level 0.05."
  }
  decisions {
    tier: "head"
    variant: "offer"
    verdict: VERDICT_KEEP_RUNNING
    text: "Too little data: 12 events in the smaller arm, 20 are needed."
    rule: "Neither better nor worse can be claimed; alpha spending, level 0.05."
    days_left: 9
  }
  decisions {
    tier: "tail"
    variant: "offer"
    verdict: VERDICT_SHIP
    text: "Ship it: buy changes by +35.0 %."
    rule: "It may be claimed to be better, and every guardrail holds; alpha spending, level 0.05."
  }
  metrics {
    metric: "buy"
    metric_revision: 1
    role: METRIC_ROLE_PRIMARY
    window { seconds: 1209600 }
    users_with_open_window: 1200
    sequential {
      rule: "alpha spending, O'Brien-Fleming type"
      information_fraction: 0.5
      looks: 14
      critical_value: 2.963
      started: true
    }
    arms { tier: "head" variant: "plain" users: 300 mean: 0.04 }
    arms { tier: "head" variant: "offer" users: 301 mean: 0.05 }
    arms { tier: "tail" variant: "plain" users: 1701 mean: 0.06 }
    arms { tier: "tail" variant: "offer" users: 1698 mean: 0.081 }
    arms { variant: "plain" users: 2001 mean: 0.06 }
    arms { variant: "offer" users: 1999 mean: 0.08 }
    comparisons {
      tier: "head"
      variant: "offer"
      estimator: ESTIMATOR_UNADJUSTED
      test: "Fisher mid-p"
      p_value: 0.4
      adjusted_p_value: 1
      family: "tiers of offer, Holm"
      difference {
        estimate: 0.01
        standard_error: 0.0169
        intervals { method: "normal" kind: INTERVAL_KIND_ALPHA_SPENDING confidence: 0.95 }
        intervals { method: "Newcombe" kind: INTERVAL_KIND_FIXED_HORIZON confidence: 0.95 lower: -0.024 upper: 0.044 }
      }
      lift {
        estimate: 0.25
        intervals { method: "Fieller" kind: INTERVAL_KIND_ALPHA_SPENDING confidence: 0.95 }
      }
      posterior { chance_to_beat_control: 0.62 expected_loss: 0.001 prior: "lift ~ N(0, 0.1^2)" }
    }
    comparisons {
      tier: "head"
      variant: "offer"
      estimator: ESTIMATOR_PARTIALLY_POOLED
      difference {
        estimate: 0.018
        intervals { method: "partial pooling" kind: INTERVAL_KIND_CREDIBLE confidence: 0.95 lower: -0.002 upper: 0.038 }
      }
    }
    comparisons {
      tier: "tail"
      variant: "offer"
      estimator: ESTIMATOR_UNADJUSTED
      test: "score z"
      p_value: 0.015
      difference { estimate: 0.021 }
      lift { estimate: 0.35 }
    }
    comparisons {
      tier: "tail"
      variant: "offer"
      estimator: ESTIMATOR_REGRESSION_ADJUSTED
      test: "regression-adjusted t"
      p_value: 0.0007
      adjusted_p_value: 0.0041
      family: "tiers of offer, Holm"
      claimed: true
      difference {
        estimate: 0.021
        intervals { method: "normal" kind: INTERVAL_KIND_ALPHA_SPENDING confidence: 0.95 lower: 0.003 upper: 0.039 }
      }
      lift {
        estimate: 0.35
        intervals { method: "Fieller" kind: INTERVAL_KIND_ALPHA_SPENDING confidence: 0.95 lower: 0.04 }
      }
      posterior { chance_to_beat_control: 0.9996 expected_loss: 1e-6 prior: "lift ~ N(0, 0.1^2)" }
    }
    comparisons {
      variant: "offer"
      estimator: ESTIMATOR_UNADJUSTED
      test: "score z"
      p_value: 0.012
      difference { estimate: 0.0202 }
      lift { estimate: 0.331 }
    }
    comparisons {
      variant: "offer"
      estimator: ESTIMATOR_ADJUSTED_POST_STRATIFIED
      test: "post-stratified t"
      p_value: 0
      ln_p_value: -1000
      adjusted_p_value: 0
      claimed: true
      difference {
        estimate: 0.02
        intervals { method: "normal" kind: INTERVAL_KIND_ALPHA_SPENDING confidence: 0.95 lower: 0.005 upper: 0.035 }
      }
      lift {
        estimate: 0.33
        intervals { method: "Fieller" kind: INTERVAL_KIND_ALPHA_SPENDING confidence: 0.95 lower: 0.06 upper: 0.68 }
      }
      posterior { chance_to_beat_control: 0.9996 expected_loss: 1e-6 prior: "lift ~ N(0, 0.1^2)" }
    }
    heterogeneity {
      variant: "offer"
      q: 4.1
      degrees_of_freedom: 1
      p_value: 0.043
      i_squared: 0.756
      tau: 0.012
      tau_interval { lower: 0 }
    }
  }
  metrics {
    metric: "returns"
    metric_revision: 2
    role: METRIC_ROLE_GUARDRAIL
    window { seconds: 1209600 }
    arms { variant: "plain" users: 2001 mean: 1.25 }
    arms { variant: "offer" users: 1999 mean: 1.26 }
    comparisons {
      variant: "offer"
      estimator: ESTIMATOR_POST_STRATIFIED
      p_value: 0.7
      adjusted_p_value: 0.003
      family: "guardrail: not worse by 10 %, one-sided"
      claimed: true
      difference {
        estimate: 0.01
        intervals { method: "normal" kind: INTERVAL_KIND_ALPHA_SPENDING confidence: 0.95 lower: -0.04 upper: 0.06 }
      }
      lift {
        estimate: 0.008
        intervals { method: "Fieller" kind: INTERVAL_KIND_ALPHA_SPENDING confidence: 0.95 lower: -0.03 upper: 0.05 }
      }
    }
  }
  metrics {
    metric: "returns"
    metric_revision: 2
    role: METRIC_ROLE_GUARDRAIL
    uncapped: true
    window { seconds: 1209600 }
    arms { variant: "plain" users: 2001 mean: 1.31 }
    arms { variant: "offer" users: 1999 mean: 1.4 }
    comparisons {
      variant: "offer"
      estimator: ESTIMATOR_POST_STRATIFIED
      p_value: 0.2
      reason: "the control's mean is not told apart from 0, so the lift is unbounded"
      difference {
        estimate: 0.09
        intervals { method: "normal" kind: INTERVAL_KIND_FIXED_HORIZON confidence: 0.95 lower: -0.05 upper: 0.23 }
      }
    }
  }
)pb";

ReportView View() {
  ReportView view;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kReport, &view.report));
  EXPECT_TRUE(
      google::protobuf::TextFormat::ParseFromString(R"pb(id: "spring"
                                                         display_name: "Spring offer"
                                                         variants { id: "plain" control: true }
                                                         variants { id: "offer" }
                                                         analysis { guardrails { metric: "returns" margin: 0.1 } })pb",
                                                    &view.campaign));
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(R"pb(id: "buy"
                                                                 conversion { event: "purchase" })pb",
                                                            &view.metrics["buy"]));
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(R"pb(id: "returns"
                                                                 count { event: "return" }
                                                                 direction: DIRECTION_DECREASE
                                                                 cap: 20)pb",
                                                            &view.metrics["returns"]));
  return view;
}

TEST(ReportTextTest, ReadsLikeThis) {
  EXPECT_EQ(RenderReport(View(), 120, false), R"(spring  Spring offer
revision 3, as of 2026-03-01 00:00:00 UTC

WARNING  sample_size  all tiers  Fewer than 20 events on buy: head/plain (12). Their lifts can't be judged yet: wait, or
                                 merge small tiers.
in order: sample ratio (p = 0.90) overall and in 2 tiers, few users in two variants

Decisions
  offer  all tiers  SHIP          Ship it: buy changes by +33.0 % (95 % interval +6.0 % to +68.0 %). Its effect differs
                                  between tiers: see each.
         head       KEEP RUNNING  Too little data: 12 events in the smaller arm, 20 are needed.
         tail       SHIP          Ship it: buy changes by +35.0 %.
  It may be claimed to be better, and every guardrail holds; alpha spending, level 0.05.
  Neither better nor worse can be claimed; alpha spending, level 0.05.

4,000 users, first exposed 2026-02-15 00:00:00 UTC to 2026-02-16 00:00:00 UTC
left out: 2 seen in two variants, 1 forced, 3 in unknown tiers or variants
  tier  plain (control)  offer
  head              300    301
  tail            1,701  1,698

buy (primary)  share of users with `purchase`, 14d window
  the window of 1,200 users is still open: their outcomes may grow
  alpha spending, O'Brien-Fleming type: look 14, 50% of the planned information, a claim takes 2.96 standard errors
  offer against plain
    tier         plain  offer           difference (pp)            lift  adjusted p  chance  0               +3.9
    all tiers *   6.0%   8.0%         +2.0 [+0.5, +3.5]  +33% [+6, +68]     <1e-300  >99.9%  | --------o-------
    head          4.0%   5.0%  +1.0 not enough data yet            +25%      1.0000   62.0%  |    o
    tail *        6.0%   8.1%         +2.1 [+0.3, +3.9]   +35% [+4, ..]      0.0041  >99.9%  |---------o---------
    between tiers: Q = 4.10 on 1 degree of freedom, p = 0.0430, I2 = 76%, tau = 1.2 [0.0, ..] pp
  Intervals: 95%, right at every planned look, by normal (lift: Fieller). All tiers: adjusted, post-stratified. Each
    tier: unadjusted or adjusted.

returns (guardrail: at most 10% worse)  `return` events per user, 14d window, capped at 20, less is better
  offer against plain
    tier         plain  offer               difference                lift  adjusted p  -0.04          +0.06
    all tiers *  1.250  1.260  +0.010 [-0.040, +0.060]  +0.8% [-3.0, +5.0]      0.0030  --------|-o---------
  Intervals: 95%, right at every planned look, by normal (lift: Fieller). All tiers: post-stratified.

returns (without cap)  `return` events per user, 14d window, less is better
  offer against plain
    tier               users  plain  offer            difference  lift       p  -0.05          +0.23
    all tiers  2,001 / 1,999   1.31   1.40  +0.09 [-0.05, +0.23]     -  0.2000  ---|------o---------
    all tiers: the control's mean is not told apart from 0, so the lift is unbounded
  Intervals: 95%, right if read once, at a time fixed beforehand, by normal. All tiers: post-stratified.

* claimed: survives the sequential rule and the correction over its family; of a guardrail, shown not to be worse by
  more than its margin
adjusted p: by the sequential rule, corrected over its family; of a guardrail, of being worse by its margin
chance: that the variant beats the control, given lift ~ N(0, 0.1^2)
)");
}

TEST(ReportTextTest, VerboseShowsEveryEstimator) {
  EXPECT_EQ(RenderMetric(View(), View().report.metrics(0), 130, false, Detail::kFull),
            R"(buy (primary)  share of users with `purchase`, 14d window
  the window of 1,200 users is still open: their outcomes may grow
  alpha spending, O'Brien-Fleming type: look 14, 50% of the planned information, a claim takes 2.96 standard errors
  offer against plain
    tier                plain  offer           difference (pp)            lift  adjusted p         p  chance  -0.2            +3.9
    all tiers *          6.0%   8.0%         +2.0 [+0.5, +3.5]  +33% [+6, +68]     <1e-300  5.1e-435  >99.9%   | -------o-------
      unadjusted                                          +2.0            +33%                0.0120           |
    head                 4.0%   5.0%  +1.0 not enough data yet            +25%      1.0000    0.4000   62.0%   |    o
      partially pooled                       +1.8 [-0.2, +3.8]               -                                -|-------o----------
    tail *               6.0%   8.1%         +2.1 [+0.3, +3.9]   +35% [+4, ..]      0.0041    0.0007  >99.9%   |---------o--------
      unadjusted                                          +2.1            +35%                0.0150           |
    between tiers: Q = 4.10 on 1 degree of freedom, p = 0.0430, I2 = 76%, tau = 1.2 [0.0, ..] pp
  Intervals: 95%, right at every planned look, by normal (lift: Fieller); 95%, credible, given the prior, by partial pooling.
    All tiers: adjusted, post-stratified. Each tier: unadjusted or adjusted.
  Families: tiers of offer, Holm. p: post-stratified t, Fisher mid-p, regression-adjusted t, two-sided, as if read once. Metric
    revision 1.
)");
}

ReportView Unhealthy() {
  ReportView view = View();
  v1::HealthCheck* check = view.report.add_checks();
  check->set_check("sample_ratio");
  check->set_tier("tail");
  check->set_status(v1::HEALTH_STATUS_FAILED);
  check->set_message("The shares are off.");
  for (v1::Decision& decision : *view.report.mutable_decisions()) {
    decision.set_verdict(v1::VERDICT_UNHEALTHY);
    decision.set_text("Nothing can be said: sample_ratio in tier tail failed.");
    decision.set_rule("While a health check fails, nothing is claimed.");
  }
  return view;
}

TEST(ReportTextTest, FailedChecksComeFirstAndLoud) {
  const std::string text = RenderReport(Unhealthy(), 120, false);
  EXPECT_THAT(text, HasSubstr(R"(
DO NOT TRUST THE LIFTS BELOW: a health check failed.
FAILED   sample_ratio  tail       The shares are off.
WARNING  sample_size   all tiers  Fewer)"));
  EXPECT_THAT(text, HasSubstr(R"(
Decisions
  offer  all tiers  UNHEALTHY  Nothing can be said: sample_ratio in tier tail failed.
         tiers      UNHEALTHY  head, tail: as over all tiers.
  While a health check fails, nothing is claimed.
)"));
}

TEST(ReportTextTest, HealthyReportsSaySoInOneLine) {
  ReportView view = View();
  view.report.mutable_checks()->DeleteSubrange(0, 1);
  view.report.mutable_cohort()->clear_users_in_two_variants();
  EXPECT_THAT(RenderReport(view, 120, false),
              HasSubstr("\nhealthy: sample ratio (p = 0.90) overall and in 2 tiers, no user in two variants\n"));
  EXPECT_THAT(RenderReport(view, 120, false, Detail::kFull),
              HasSubstr("\nok  sample_ratio            head       Alike.\n"));
}

TEST(ReportTextTest, TiersThatFollowTheOverallDecisionShareARow) {
  ReportView view = View();
  for (v1::Decision& decision : *view.report.mutable_decisions()) {
    decision.set_verdict(v1::VERDICT_SHIP);
    decision.set_text(decision.tier().empty() ? "Ship it." : "As over all tiers: Ship it. Here it is +2 %.");
  }
  EXPECT_THAT(RenderReport(view, 120, false),
              HasSubstr("\n         tiers      SHIP  head, tail: as over all tiers, not being shown to differ.\n"));
  EXPECT_THAT(RenderReport(view, 120, false, Detail::kFull),
              HasSubstr("\n         head       SHIP  As over all tiers: Ship it. Here it is +2 %.\n"));
}

TEST(ReportTextTest, SaysThatTheRuleHasNotStarted) {
  ReportView view = View();
  v1::SequentialState& state = *view.report.mutable_metrics(0)->mutable_sequential();
  state.set_started(false);
  state.clear_critical_value();
  EXPECT_THAT(RenderReport(view, 120, false),
              HasSubstr("\n  alpha spending, O'Brien-Fleming type: look 14, 50% of the planned information; not enough "
                        "data for a verdict yet\n"));
}

TEST(ReportTextTest, NarrowTerminalsLoseColumns) {
  const auto first_header = [](int width) {
    const std::string text = RenderMetric(View(), View().report.metrics(0), width, false, Detail::kCompact);
    const size_t begin = text.find("    tier ");
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  EXPECT_THAT(first_header(140), HasSubstr("users"));
  EXPECT_THAT(first_header(120), AllOf(Not(HasSubstr("users")), HasSubstr("chance")));
  EXPECT_THAT(first_header(110), AllOf(Not(HasSubstr("chance")), HasSubstr("+3.9")));
  EXPECT_THAT(first_header(90), AllOf(Not(HasSubstr("+3.9")), HasSubstr("plain")));
  EXPECT_THAT(first_header(78), AllOf(Not(HasSubstr("plain")), HasSubstr("offer")));
}

TEST(ReportTextTest, ColoursOnlyWhereAsked) {
  EXPECT_THAT(RenderReport(View(), 140, false), Not(HasSubstr("\033")));
  EXPECT_THAT(RenderReport(View(), 140, true), HasSubstr("\033[32mSHIP\033[0m"));
  EXPECT_THAT(RenderReport(Unhealthy(), 140, true), HasSubstr("\033[31mUNHEALTHY\033[0m"));
}

TEST(ReportLinesTest, WrapsBetweenWords) {
  EXPECT_THAT(WrapText("an effect of 12 % or more", 14), ElementsAre("an effect of", "12 % or more"));
  EXPECT_THAT(WrapText("half of 12 %", 10), ElementsAre("half of 12 %"));
  EXPECT_THAT(WrapText("incomprehensible words", 5), ElementsAre("incomprehensible", "words"));
  EXPECT_THAT(WrapText("", 5), IsEmpty());
}

// The header's names with one line's fields.
std::map<std::string, std::string> CsvRow(const std::string& csv, size_t line) {
  const std::vector<std::string> lines = absl::StrSplit(csv, '\n');
  const std::vector<std::string> names = absl::StrSplit(lines[0], ','), fields = absl::StrSplit(lines[line], ',');
  EXPECT_EQ(names.size(), fields.size());
  std::map<std::string, std::string> row;
  for (size_t i = 0; i < std::min(names.size(), fields.size()); ++i) row[names[i]] = fields[i];
  return row;
}

TEST(ReportCsvTest, HasALineForEachComparisonInFullPrecision) {
  const std::string csv = ReportCsv(View());
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 6 + 2);
  const auto head = CsvRow(csv, 2);
  EXPECT_THAT(head, IsSupersetOf({std::pair<const std::string, std::string>("campaign", "spring"),
                                  {"as_of", "2026-03-01T00:00:00Z"},
                                  {"role", "primary"},
                                  {"uncapped", "false"},
                                  {"tier", "head"},
                                  {"estimator", "partially_pooled"},
                                  {"control_users", "300"},
                                  {"mean", "0.050000000000000003"},
                                  {"difference_lower", "-0.002"},
                                  {"difference_interval_kind", "credible"},
                                  {"p_value", ""},
                                  {"adjusted_p_value", ""},
                                  {"claimed", "false"}}));
  EXPECT_THAT(CsvRow(csv, 6), IsSupersetOf({std::pair<const std::string, std::string>("tier", ""),
                                            {"estimator", "adjusted_post_stratified"},
                                            {"difference_interval_kind", "alpha_spending"},
                                            {"lift_upper", "0.68000000000000005"},
                                            {"adjusted_p_value", "0"},
                                            {"family", ""},
                                            {"claimed", "true"},
                                            {"chance_to_beat_control", "0.99960000000000004"}}));
}

TEST(ReportNumbersTest, UnboundedEnds) {
  v1::Interval interval;
  EXPECT_EQ(IntervalText(interval, {true, "%", 0, true}), "not enough data yet");
  interval.set_lower(0.04);
  EXPECT_EQ(IntervalText(interval, {true, "%", 0, true}), "[+4, ..]");
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
  EXPECT_EQ(PValueText(0.0), "<1e-300");
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
  effect.mutable_intervals(0)->clear_lower();
  EXPECT_EQ(IntervalPlot(effect, -1, 1, 11), "     | o   ");
}

}  // namespace
}  // namespace tierwise
