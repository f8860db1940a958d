// SPDX-License-Identifier: Apache-2.0
// Whatever numbers come in, a report is either an error that names what is wrong, or a report without a single NaN.
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "experiments/analysis/lift_prior.h"
#include "experiments/analysis/report.h"
#include "tests/experiments/analysis/made_up_campaign.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Makes campaigns of which most cells are in order and some are anything but.
class Wreckage {
 public:
  explicit Wreckage(uint32_t seed) : random_(seed) {}

  CampaignData Campaign() {
    CampaignData data = MadeUpCampaign();
    constexpr v1::SequentialRule kRules[] = {v1::SEQUENTIAL_RULE_FIXED_HORIZON, v1::SEQUENTIAL_RULE_ALPHA_SPENDING,
                                             v1::SEQUENTIAL_RULE_ALWAYS_VALID};
    data.rules.sequential_rule = kRules[Below(3)];
    data.rules.worthwhile_lift = OneIn(2) ? 0.02 : 0.0;
    const int tiers = 1 + Below(3), variants = 2 + Below(2);
    data.variants.resize(static_cast<size_t>(variants));
    for (int v = 0; v < variants; ++v) data.variants[static_cast<size_t>(v)] = "v" + std::to_string(v);
    data.tiers.clear();
    for (int t = 0; t < tiers; ++t) {
      data.tiers.push_back({"t" + std::to_string(t), 1, std::vector<double>(data.variants.size(), 1.0 / variants)});
      // A tier that nobody targets, or with one arm only.
      if (OneIn(10)) data.tiers.back().expected_share.assign(data.variants.size(), 0.0);
      if (OneIn(10)) data.tiers.back().expected_share = std::vector<double>(data.variants.size());
    }
    ReadOnDay(data, OneIn(8) ? 0.0 : 1.0 + Below(40));
    data.users.clear();
    for (int cell = 0; cell < tiers * variants; ++cell) data.users.push_back(Users());
    data.metrics.clear();
    const int metrics = 1 + Below(3);
    for (int m = 0; m < metrics; ++m) data.metrics.push_back(Metric(m, data));
    data.secondary_metrics = metrics - 1;
    if (OneIn(2)) data.early_users = std::vector<int64_t>(data.users.size(), OneIn(3) ? Users() : 0);
    if (OneIn(2)) data.daily_users.assign(static_cast<size_t>(1 + Below(5)), data.users);
    if (OneIn(3)) data.metrics[0].path.assign(static_cast<size_t>(Below(14)), data.metrics[0].cells);
    return data;
  }

 private:
  int Below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }
  bool OneIn(int n) { return Below(n) == 0; }

  int64_t Users() {
    constexpr int64_t kOdd[] = {0, 1, 2, 3, 1'000'000'000'000'000'000, -1, -1'000'000};
    return OneIn(12) ? kOdd[Below(OneIn(8) ? 7 : 5)] : 1'000 + Below(10'000);
  }

  double Number(double usual) {
    constexpr double kOdd[] = {0.0, -0.0, -1.0, 1e-300, 1e18, 1e150, -1e300, 1e308, kInf, -kInf, kNan};
    return OneIn(oddity_) ? kOdd[Below(OneIn(2) ? 6 : 11)] : usual;
  }

  JointMoments Cell(Estimand estimand, int variables, int64_t users) {
    std::vector<double> means, upper;
    const auto n = static_cast<double>(users);
    for (int i = 0; i < variables; ++i) {
      means.push_back(Number(estimand == Estimand::kRate ? 0.001 * Below(1'001) : 10.0 + Below(5)));
      for (int j = i; j < variables; ++j) upper.push_back(Number(i == j ? n * 4.0 : n * 1.5));
    }
    if (estimand == Estimand::kRate && !OneIn(oddity_)) upper[0] = n * means[0] * (1.0 - means[0]);
    return JointMoments::FromParts(users, std::move(means), std::move(upper));
  }

  MetricData Metric(int m, const CampaignData& data) {
    MetricData metric;
    metric.id = "m" + std::to_string(m);
    metric.estimand = static_cast<Estimand>(Below(4));
    metric.role = m == 0 ? v1::METRIC_ROLE_PRIMARY : OneIn(2) ? v1::METRIC_ROLE_GUARDRAIL : v1::METRIC_ROLE_SECONDARY;
    metric.direction = OneIn(2) ? v1::DIRECTION_DECREASE : v1::DIRECTION_INCREASE;
    oddity_ = OneIn(2) ? 1'000'000 : 200;
    const bool has_covariate = metric.estimand != Estimand::kQuantile && OneIn(2);
    const int variables = metric.outcome_variables() * (has_covariate ? 2 : 1);
    for (const int64_t users : data.users) {
      metric.cells.push_back(Cell(metric.estimand, variables, users));
      if (metric.estimand == Estimand::kQuantile) metric.quantiles.push_back(Quantile());
    }
    for (size_t v = 0; metric.estimand == Estimand::kQuantile && v < data.variants.size(); ++v) {
      metric.variant_quantiles.push_back(Quantile());
    }
    return metric;
  }

  QuantileEstimate Quantile() {
    QuantileEstimate quantile;
    quantile.gap = OneIn(4) ? static_cast<Gap>(Below(4)) : Gap::kNone;
    quantile.values = 100;
    quantile.value = Number(7.0);
    quantile.se = quantile.gap == Gap::kNone ? std::abs(Number(0.3)) : kInf;
    return quantile;
  }

  std::mt19937 random_;
  int oddity_ = 200;  // one number in so many is odd
};

// The path of the first number that is NaN or infinite; empty where there is none.
std::string FirstBadNumber(const google::protobuf::Message& message) {
  const auto* type = message.GetDescriptor();
  const auto* reflection = message.GetReflection();
  const auto bad = [](double x) { return !std::isfinite(x); };
  for (int i = 0; i < type->field_count(); ++i) {
    const auto* field = type->field(i);
    if (field->is_repeated()) {
      if (field->cpp_type() != field->CPPTYPE_MESSAGE) continue;
      for (int j = 0; j < reflection->FieldSize(message, field); ++j) {
        const std::string inside = FirstBadNumber(reflection->GetRepeatedMessage(message, field, j));
        if (!inside.empty()) return field->name() + "." + inside;
      }
    } else if (field->cpp_type() == field->CPPTYPE_MESSAGE && reflection->HasField(message, field)) {
      const std::string inside = FirstBadNumber(reflection->GetMessage(message, field));
      if (!inside.empty()) return field->name() + "." + inside;
    } else if (field->cpp_type() == field->CPPTYPE_DOUBLE && bad(reflection->GetDouble(message, field))) {
      return field->name();
    }
  }
  return "";
}

TEST(ImpossibleDataTest, IsAnErrorOrAReportWithoutNan) {
  constexpr uint32_t kCampaigns = 4'000;
  int reports = 0;
  for (uint32_t seed = 0; seed < kCampaigns && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    const CampaignData data = Wreckage(seed).Campaign();
    const auto report = BuildReport(data, 0.95);
    if (!report.ok()) {
      EXPECT_EQ(report.status().code(), absl::StatusCode::kInvalidArgument) << report.status();
      EXPECT_GT(report.status().message().size(), 10u);
      continue;
    }
    ++reports;
    EXPECT_EQ(FirstBadNumber(*report), "") << report->ShortDebugString().substr(0, 4'000);
  }
  EXPECT_GT(reports, static_cast<int>(kCampaigns / 4));
  EXPECT_LT(reports, static_cast<int>(kCampaigns));
}

TEST(ImpossibleDataTest, TeachesNoPrior) {
  for (uint32_t seed = 0; seed < 1'000; ++seed) {
    SCOPED_TRACE(seed);
    const auto past = PastLiftsOf(Wreckage(seed).Campaign());
    if (!past.ok()) continue;
    for (const PastCampaign::Lift& lift : past->lifts) {
      EXPECT_TRUE(std::isfinite(lift.lift));
      EXPECT_TRUE(std::isfinite(lift.se));
    }
    const LiftPrior prior = LearnLiftPrior(std::vector<PastCampaign>(6, *past));
    EXPECT_TRUE(std::isfinite(prior.lift.mean) && std::isfinite(prior.lift.sd));
  }
}

}  // namespace
}  // namespace tierwise
