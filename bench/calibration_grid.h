// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

// A/A tests, analysed by every method at a fixed horizon and under peeking: how often each rejects, and on which side.

namespace tierwise::bench {

// What the outcome of a user is. Users are of 4 tiers, whose mean outcomes differ 8-fold, and of 3 habits (visits),
// whose differ 3-fold.
enum class Outcome {
  kRareConversion,  // 0.5 % of users convert
  kConversion,      // 5 %
  kRevenue,         // 5 % of users buy, for log-normal amounts with sigma 1: skewness 20
};
absl::string_view OutcomeName(Outcome outcome);

// How two arms are compared, as reports do it: every one corrected for skewness, test and interval of the relative lift
// by the same statistic.
enum class Analysis {
  kScore,            // score test; of conversions only
  kStratifiedScore,  // the same over tiers
  kMeans,
  kRatio,           // outcome per visit
  kAdjusted,        // Lin's regression adjustment on visits, over all users
  kPostStratified,  // adjusted on visits within tiers, then weighted by the tiers' shares
};
absl::string_view AnalysisName(Analysis analysis);
// Whether the statistic takes few values, so that p-values are not uniform: counts of conversions, as they are.
bool IsDiscrete(Outcome outcome, Analysis analysis);

struct Experiment {
  Outcome outcome = Outcome::kConversion;
  double treatment_share = 0.5;
  int64_t users = 50'000;  // of both arms, all looks
  int looks = 10;          // equally spaced
};

// Rejections of one analysis over all runs, at a nominal two-sided level of 5 %.
struct Calibration {
  Analysis analysis = Analysis::kMeans;
  int runs = 0;
  int fixed = 0;     // at the last look only, by the method's own p-value
  int naive = 0;     // the same at any look
  int spending = 0;  // at any look, the corrected statistic against O'Brien-Fleming-type spending boundaries
  int sequence = 0;  // at any look, by the asymptotic confidence sequence tuned to the planned users
  // Intervals of the relative lift at the last look that lie above and below the truth, 0.
  int lifts_above = 0;
  int lifts_below = 0;
  std::vector<double> p_values = {};  // one a run, at the last look

  double Share(int rejections) const { return static_cast<double>(rejections) / runs; }
};

inline constexpr double kGridAlpha = 0.05;

// `runs` A/A tests. `tick` is called after each. Equal seeds give equal results.
std::vector<Calibration> CalibrateAnalyses(const Experiment& experiment, int runs, uint64_t seed,
                                           absl::FunctionRef<void()> tick);

// The largest distance between the empirical distribution of `p_values` and the uniform (Kolmogorov), times the root of
// their count: above 1.95 with probability 0.001 where they are uniform.
double UniformityStatistic(std::vector<double> p_values);
inline constexpr double kUniformityLimit = 1.95;

// Three Monte-Carlo standard errors of a share that is `probability` in truth.
double ThreeErrors(double probability, int runs);

}  // namespace tierwise::bench
