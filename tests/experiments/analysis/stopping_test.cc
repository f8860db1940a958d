// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/stopping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "experiments/analysis/report.h"
#include "experiments/stats/stage_wise.h"
#include "tests/experiments/analysis/made_up_campaign.h"

namespace tierwise {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr double kLevel = 0.05;

std::vector<v1::StoppedEstimate> Stopped(const CampaignData& data) {
  const v1::Report report = BuildReport(data, 0.95).value();
  const auto& stopped = report.metrics(0).sequential().stopped();
  return {stopped.begin(), stopped.end()};
}

// The cells of a rate with so many users and conversions a cell.
std::vector<JointMoments> Cells(int64_t users, int64_t control, int64_t offer) {
  return {RateMoments(users, control), RateMoments(users, offer), RateMoments(users, control),
          RateMoments(users, offer)};
}

// Read on day 14, with the path of the 13 looks before; nothing differs at any of them.
CampaignData WithPath() {
  CampaignData data = MadeUpCampaign();
  for (int64_t day = 1; day <= 13; ++day) data.metrics[0].path.push_back(Cells(10'000 * day / 14, 70 * day, 70 * day));
  return data;
}

TEST(StoppingTest, WithoutACrossingThereIsNothingToCorrect) {
  EXPECT_THAT(Stopped(MadeUpCampaign()), IsEmpty());
  EXPECT_THAT(Stopped(WithPath()), IsEmpty());
}

TEST(StoppingTest, ACrossingAtThisLookIsCorrectedForTheLooksBefore) {
  CampaignData data = WithPath();
  SetOffer(data, 1'150);
  const auto stopped = Stopped(data);
  ASSERT_THAT(stopped, SizeIs(1));
  EXPECT_EQ(stopped[0].variant(), "offer");
  EXPECT_EQ(stopped[0].look(), 14);
  EXPECT_LT(stopped[0].median_unbiased_difference(), 0.015);
  EXPECT_GT(stopped[0].median_unbiased_difference(), 0.0);
  EXPECT_GT(stopped[0].interval().lower(), 0.0);
  EXPECT_LT(stopped[0].interval().lower(), stopped[0].median_unbiased_difference());
  EXPECT_GT(stopped[0].interval().upper(), stopped[0].median_unbiased_difference());
}

TEST(StoppingTest, TheFirstCrossingCountsWhateverCameAfter) {
  CampaignData data = WithPath();
  data.metrics[0].path[8] = Cells(6'400, 640, 840);
  const auto stopped = Stopped(data);  // by now nothing differs
  ASSERT_THAT(stopped, SizeIs(1));
  EXPECT_EQ(stopped[0].look(), 9);
  const SequentialTest test =
      SequentialTest::Create(data.rules, {data.as_of, data.first_exposure, absl::ZeroDuration()}, kLevel).value();
  std::vector<LookBoundary> looks(test.boundaries().begin(), test.boundaries().begin() + 9);
  const double effect = 200.0 / 6'400;
  const double p = 640.0 / 6'400, q = 840.0 / 6'400;
  const double se = std::sqrt((p * (1 - p) + q * (1 - q)) / 12'800);
  const StageWiseInference expected = InferStageWise(looks, 2, effect, se, 1.0 - kLevel).value();
  EXPECT_NEAR(stopped[0].median_unbiased_difference(), expected.median_unbiased_effect, 1e-6);
  EXPECT_NEAR(stopped[0].interval().lower(), expected.interval.lower, 1e-6);
  EXPECT_NEAR(stopped[0].interval().upper(), expected.interval.upper, 1e-6);
}

TEST(StoppingTest, ALookWithFewerEventsThanTheStartNeedsClaimsNothing) {
  CampaignData data = WithPath();
  data.metrics[0].path[8] = Cells(6'400, 5, 300);
  EXPECT_THAT(Stopped(data), IsEmpty());
}

TEST(StoppingTest, WithoutAPathThisLookCountsAsTheFirstCrossing) {
  CampaignData data = MadeUpCampaign();
  SetOffer(data, 1'300);
  const auto now = Stopped(data);
  ASSERT_THAT(now, SizeIs(1));
  EXPECT_EQ(now[0].look(), 14);
  // Which errs towards no effect.
  EXPECT_LT(now[0].median_unbiased_difference(), 0.03);
}

TEST(StoppingTest, IsSilentWhileACheckFailsAndUnderOtherRules) {
  CampaignData data = WithPath();
  SetOffer(data, 1'300);
  data.users[0] -= 2'000;
  EXPECT_THAT(Stopped(data), IsEmpty());
  data = WithPath();
  SetOffer(data, 1'300);
  data.rules.sequential_rule = v1::SEQUENTIAL_RULE_ALWAYS_VALID;
  EXPECT_THAT(Stopped(data), IsEmpty());
}

TEST(LooksBeforeTest, AreThoseOfTheTestButItsLast) {
  CampaignData data = MadeUpCampaign();
  for (const double day : {0.5, 1.0, 14.0, 27.9, 28.0, 40.0}) {
    ReadOnDay(data, day);
    const auto test = SequentialTest::Create(data.rules, {data.as_of, data.first_exposure, {}}, kLevel).value();
    const std::vector<absl::Time> looks = LooksBefore(data.rules, data.as_of, absl::ZeroDuration());
    EXPECT_EQ(looks.size() + 1, test.boundaries().size()) << day;
    if (!looks.empty()) {
      EXPECT_EQ(looks.front(), data.rules.start + absl::Hours(24));
    }
  }
  data.rules.end = absl::InfiniteFuture();
  EXPECT_THAT(LooksBefore(data.rules, data.as_of, absl::ZeroDuration()), IsEmpty());
}

// One campaign of 14 days, read daily until it stops; its estimates when it stops, or at the end.
struct Reading {
  double plain;
  double corrected;
  bool covers;
};

std::optional<Reading> ReadUntilStopped(std::mt19937& random, double effect) {
  CampaignData data = MadeUpCampaign();
  data.rules.end = data.rules.start + absl::Hours(24 * 14);
  std::vector<JointMoments> cells(4, JointMoments(1));
  for (int day = 1; day <= 14; ++day) {
    for (size_t cell = 0; cell < 4; ++cell) {
      const double rate = cell % 2 == 0 ? 0.1 : 0.1 + effect;
      cells[cell].Merge(RateMoments(500, std::binomial_distribution<int64_t>(500, rate)(random)));
    }
    data.metrics[0].cells = cells;
    data.users.assign(4, 500 * day);
    ReadOnDay(data, day);
    const v1::Report report = BuildReport(data, 0.95).value();
    for (const v1::StoppedEstimate& stopped : report.metrics(0).sequential().stopped()) {
      const double plain = 0.5 * (cells[1].mean(0) - cells[0].mean(0) + cells[3].mean(0) - cells[2].mean(0));
      const bool covers = stopped.interval().lower() <= effect && effect <= stopped.interval().upper();
      return Reading{plain, stopped.median_unbiased_difference(), covers};
    }
    data.metrics[0].path.push_back(cells);
  }
  return std::nullopt;
}

TEST(StoppingSimulationTest, OfCampaignsThatStopTheCorrectedEstimateIsNearerTheTruth) {
  std::mt19937 random(11);
  constexpr double kEffect = 0.03;  // nearly every campaign stops, so that those that stop are no selection
  constexpr int kRuns = 400;
  int stopped = 0, above_plain = 0, above_corrected = 0, covered = 0;
  for (int run = 0; run < kRuns; ++run) {
    const auto reading = ReadUntilStopped(random, kEffect);
    if (!reading.has_value()) continue;
    ++stopped;
    above_plain += reading->plain > kEffect ? 1 : 0;
    above_corrected += reading->corrected > kEffect ? 1 : 0;
    covered += reading->covers ? 1 : 0;
  }
  ASSERT_GT(stopped, kRuns * 0.98);
  const double error = std::sqrt(0.25 / stopped);
  EXPECT_NEAR(above_corrected / static_cast<double>(stopped), 0.5, 3.0 * error);
  EXPECT_GT(above_plain, above_corrected);
  EXPECT_GE(covered / static_cast<double>(stopped), 0.95 - 3.0 * std::sqrt(0.95 * 0.05 / stopped));
}

}  // namespace
}  // namespace tierwise
