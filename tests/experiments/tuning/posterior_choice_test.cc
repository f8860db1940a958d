// SPDX-License-Identifier: Apache-2.0
#include "experiments/tuning/posterior_choice.h"

#include <gtest/gtest.h>

#include <vector>

namespace tierwise {
namespace {

TEST(ChooseByDraws, CountsWhatTheDrawsSay) {
  // Four draws of three choices.
  const std::vector<double> draws = {0.0, 1.0,  2.0,   //
                                     0.0, 3.0,  1.0,   //
                                     0.0, -1.0, -2.0,  //
                                     0.0, 2.0,  1.0};
  const PosteriorChoice choice = ChooseByDraws(draws, 3, 0.5);
  EXPECT_EQ(choice.best, 1U);
  EXPECT_DOUBLE_EQ(choice.odds[0].best_probability, 0.25);
  EXPECT_DOUBLE_EQ(choice.odds[1].best_probability, 0.5);
  EXPECT_DOUBLE_EQ(choice.odds[2].best_probability, 0.25);
  EXPECT_DOUBLE_EQ(choice.odds[1].mean, 1.25);
  // The best of each draw is worth 2, 3, 0 and 2.
  EXPECT_DOUBLE_EQ(choice.odds[0].expected_regret, 1.75);
  EXPECT_DOUBLE_EQ(choice.odds[1].expected_regret, 0.5);
  EXPECT_EQ(choice.lowest_likely, 1U);
  EXPECT_EQ(choice.highest_likely, 1U);
  EXPECT_EQ(ChooseByDraws(draws, 3, 0.9).lowest_likely, 0U);
  EXPECT_EQ(ChooseByDraws(draws, 3, 0.9).highest_likely, 2U);
}

TEST(ChooseByDraws, TheFirstOfEqualsIsTheBest) {
  const PosteriorChoice choice = ChooseByDraws(std::vector<double>(6, 0.0), 3, 0.95);
  EXPECT_EQ(choice.best, 0U);
  EXPECT_DOUBLE_EQ(choice.odds[0].best_probability, 1.0);
  EXPECT_EQ(choice.odds[2].interval, (Interval{0.0, 0.0}));
}

}  // namespace
}  // namespace tierwise
