// SPDX-License-Identifier: Apache-2.0
#include "client/cli/text_plot.h"

#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/str_split.h"
#include "client/cli/curve_plot.h"
#include "client/cli/text_table.h"

namespace tierwise {
namespace {

constexpr PlotStyle kAscii = {.has_unicode = false, .has_color = false, .width = 60};
constexpr PlotStyle kUnicode = {.has_unicode = true, .has_color = false, .width = 60};

bool IsAscii(absl::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

TEST(BarTest, LengthIsTheShareInEighths) {
  EXPECT_EQ(Bar(1, 4, true), "████");
  EXPECT_EQ(Bar(0.5, 4, true), "██");
  EXPECT_EQ(Bar(0.5625, 4, true), "██▎");
  EXPECT_EQ(Bar(0.5, 4, false), "##");
}

TEST(BarTest, WhatIsAboveNothingIsSeen) {
  EXPECT_EQ(Bar(1e-9, 10, true), "▏");
  EXPECT_EQ(Bar(1e-9, 10, false), "#");
  EXPECT_EQ(Bar(0, 10, true), "");
  EXPECT_EQ(Bar(-3, 10, true), "");
  EXPECT_EQ(Bar(std::nan(""), 10, false), "");
  EXPECT_EQ(Bar(7, 3, false), "###");
}

TEST(BarChartTest, TheLargestFillsAndFiguresAlign) {
  EXPECT_EQ(BarChart({"tier", "users"}, {{"head", 50, {"50"}}, {"waist", 200, {"200"}}}, kAscii),
            "tier   users\n"
            "head      50  ##########\n"
            "waist    200  ########################################\n");
}

TEST(BarChartTest, ANarrowTerminalLosesFiguresBeforeBars) {
  const std::vector<LabelledBar> bars = {{"head", 1, {"1,000,000", "12.5 %"}}};
  const PlotStyle narrow = {.has_unicode = false, .has_color = false, .width = 28};
  EXPECT_EQ(BarChart({}, bars, narrow), "head  1,000,000  ##########\n");
}

TEST(SparklineTest, HeightsSpanTheRange) {
  EXPECT_EQ(Sparkline({0, 1, 2, 3, 4, 5, 6, 7}, 0, 7, 20, true), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(Sparkline({0, 1, 2, 3, 4, 5, 6, 7}, 0, 7, 20, false), "_.-=+*%#");
  EXPECT_EQ(Sparkline({5, std::nan(""), 5}, 0, 10, 20, true), "▅ ▅");
}

TEST(SparklineTest, MoreValuesThanColumnsAreAveraged) {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(i < 500 ? 0 : 1);
  EXPECT_EQ(Sparkline(values, 0, 1, 4, false), "__##");
}

TEST(SparklineTest, AFlatSeriesIsDrawnLow) { EXPECT_EQ(Sparkline({3, 3}, 3, 3, 9, false), "__"); }

TEST(HeatMatrixTest, DarkerIsMore) {
  const HeatMatrix matrix = {
      "from \\ to", {"head", "tail"}, {"head", "tail"}, {{{"90 %", 0.9}, {"10 %", 0.1}}, {{"", 0}, {"100 %", 1}}}};
  EXPECT_EQ(RenderHeatMatrix(matrix, kAscii),
            "from \\ to    head     tail\n"
            "head       90 % #   10 % .\n"
            "tail               100 % #\n");
  EXPECT_EQ(RenderHeatMatrix(matrix, kUnicode),
            "from \\ to    head     tail\n"
            "head       90 % █   10 % ░\n"
            "tail               100 % █\n");
}

TEST(PlotNumberTest, ThreeDigitsButWholePartsWhole) {
  EXPECT_EQ(PlotNumber(0), "0");
  EXPECT_EQ(PlotNumber(1234567.8), "1,234,568");
  EXPECT_EQ(PlotNumber(12.345), "12.3");
  EXPECT_EQ(PlotNumber(12), "12");
  EXPECT_EQ(PlotNumber(100), "100");
  EXPECT_EQ(PlotNumber(99.99), "100");
  EXPECT_EQ(PlotNumber(-0.5), "-0.5");
  EXPECT_EQ(PlotNumber(0.01234), "0.0123");
  EXPECT_EQ(PlotNumber(3e-7), "3.00e-07");
  EXPECT_EQ(PlotNumber(1e15), "1.00e+15");
  EXPECT_EQ(PlotNumber(std::nan("")), "-");
  EXPECT_EQ(PlotNumber(HUGE_VAL), "inf");
}

TEST(CurvePlotTest, ACurveWithBandAndBestPoint) {
  const PlotCurve curve = {{0, 10, 20}, {0, 4, 0}, {-2, 2, -2}, {2, 4, 2}};
  const CurvePlotOptions options = {.height = 4, .columns = 21, .x_title = "percent", .y_title = "profit per user"};
  EXPECT_EQ(RenderCurve(curve, {{10, 4}}, options, kAscii),
            "profit per user\n"
            " 4 |     :::ooXoo:::\n"
            "   |:::ooooo:::::ooooo:::\n"
            " 0 |ooo---------------ooo\n"
            "-2 |:::               :::\n"
            "   +---------------------\n"
            "    0     percent      20\n");
}

TEST(CurvePlotTest, DrawsInAsciiWhereItMust) {
  const PlotCurve curve = {{0, 1, 2}, {1, 3, 2}, {0, 2, 1}, {2, 4, 3}};
  EXPECT_TRUE(IsAscii(RenderCurve(curve, {{1, 3}}, {}, kAscii)));
  EXPECT_FALSE(IsAscii(RenderCurve(curve, {{1, 3}}, {}, kUnicode)));
}

TEST(CurvePlotTest, NoLineIsWiderThanTheTerminal) {
  const PlotCurve curve = {{0, 1e6}, {-1e6, 1e6}, {}, {}};
  for (int width = 30; width <= 100; width += 7) {
    const PlotStyle style = {.has_unicode = true, .has_color = false, .width = width};
    const std::string plot =
        RenderCurve(curve, {}, {.x_title = "amount off, in the shop's money", .y_title = ""}, style, 2);
    for (const auto line : absl::StrSplit(plot, '\n')) EXPECT_LE(DisplayWidth(line), width) << plot;
  }
}

TEST(CurvePlotTest, WhatIsNotFiniteIsLeftOut) {
  EXPECT_EQ(RenderCurve({}, {}, {}, kAscii), "");
  EXPECT_EQ(RenderCurve({{1}, {std::nan("")}, {}, {}}, {}, {}, kAscii), "");
  EXPECT_NE(RenderCurve({{0, 1, 2}, {1, std::nan(""), 1}, {}, {}}, {}, {}, kAscii), "");
  EXPECT_NE(RenderCurve({{5}, {5}, {}, {}}, {}, {}, kAscii), "");
}

}  // namespace
}  // namespace tierwise
