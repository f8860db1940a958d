// SPDX-License-Identifier: Apache-2.0
#include "bench/calibration_grid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <random>
#include <utility>
#include <variant>

#include "experiments/stats/adjustment.h"
#include "experiments/stats/confidence_sequence.h"
#include "experiments/stats/estimate.h"
#include "experiments/stats/group_sequential.h"
#include "experiments/stats/mean_contrast.h"
#include "experiments/stats/means.h"
#include "experiments/stats/moments.h"
#include "experiments/stats/post_stratification.h"
#include "experiments/stats/proportions.h"
#include "experiments/stats/rate_contrast.h"
#include "experiments/stats/ratios.h"

namespace tierwise::bench {
namespace {

using Random = std::mt19937_64;

constexpr double kConfidence = 1.0 - kGridAlpha;
constexpr size_t kTiers = 4;
constexpr size_t kHabits = 3;

// Shares of users, and mean outcomes relative to the mean over all users.
constexpr std::array<double, kTiers> kTierShare = {0.4, 0.3, 0.2, 0.1};
constexpr std::array<double, kTiers> kTierLevel = {0.4, 0.8, 1.4, 3.2};
constexpr std::array<double, kHabits> kHabitShare = {0.5, 0.3, 0.2};
constexpr std::array<double, kHabits> kHabitVisits = {1.0, 2.0, 3.0};
constexpr double kMeanVisits = 1.7;

double ConversionRate(Outcome outcome) { return outcome == Outcome::kRareConversion ? 0.005 : 0.05; }

// One arm: per tier the joint moments of outcome and visits.
using Arm = std::array<JointMoments, kTiers>;

Arm EmptyArm() {
  Arm arm;
  arm.fill(JointMoments(2));
  return arm;
}

int64_t DrawBinomial(int64_t n, double p, Random& random) {
  if (n == 0) return 0;
  return std::binomial_distribution<int64_t>(n, std::min(1.0, p))(random);
}

// Adds `users` users drawn from the population.
void Enter(Outcome outcome, int64_t users, Random& random, Arm& arm) {
  std::lognormal_distribution<double> amount(0.0, 1.0);
  double share_left = 1.0;
  for (size_t tier = 0; tier < kTiers; ++tier) {
    for (size_t habit = 0; habit < kHabits; ++habit) {
      const double share = kTierShare[tier] * kHabitShare[habit];
      const int64_t here = DrawBinomial(users, share / share_left, random);
      users -= here;
      share_left = std::max(share, share_left - share);
      const double rate = ConversionRate(outcome) * kTierLevel[tier] * kHabitVisits[habit] / kMeanVisits;
      const int64_t converted = DrawBinomial(here, rate, random);
      const double visits = kHabitVisits[habit];
      arm[tier].AddRepeated({0.0, visits}, here - converted);
      if (outcome == Outcome::kRevenue) {
        for (int64_t i = 0; i < converted; ++i) arm[tier].Add({amount(random), visits});
      } else {
        arm[tier].AddRepeated({1.0, visits}, converted);
      }
    }
  }
}

JointMoments OverTiers(const Arm& arm) {
  JointMoments all(2);
  for (const JointMoments& tier : arm) all.Merge(tier);
  return all;
}

// The statistic that test and intervals invert.
using Contrast = std::variant<MeanContrast, RateContrast>;

Proportion ProportionOf(const JointMoments& arm) {
  return {std::llround(arm.mean(0) * static_cast<double>(arm.n())), arm.n()};
}

RateContrast StratifiedScore(const Arm& control, const Arm& treatment) {
  std::vector<RateStratum> strata;
  double users = 0.0;
  for (size_t tier = 0; tier < kTiers; ++tier) {
    const auto here = static_cast<double>(control[tier].n() + treatment[tier].n());
    strata.push_back({ProportionOf(control[tier]), ProportionOf(treatment[tier]), here});
    users += here;
  }
  for (RateStratum& stratum : strata) stratum.weight /= users;
  return RateContrast(std::move(strata));
}

MeanContrast PostStratified(const Arm& control, const Arm& treatment) {
  std::vector<Stratum> strata;
  for (size_t tier = 0; tier < kTiers; ++tier) {
    const auto adjusted = *AdjustMeans(control[tier], treatment[tier], kConfidence);
    strata.push_back({control[tier].n() + treatment[tier].n(), adjusted.means});
  }
  return MeanContrast(PostStratify(strata, kConfidence)->means);
}

// Both arms at one look, per tier and over all.
struct Arms {
  Arm control = EmptyArm();
  Arm treatment = EmptyArm();
  JointMoments all_control = {};
  JointMoments all_treatment = {};

  void AddUp() {
    all_control = OverTiers(control);
    all_treatment = OverTiers(treatment);
  }
};

Contrast ContrastOf(Analysis analysis, const Arms& arms) {
  const JointMoments& control = arms.all_control;
  const JointMoments& treatment = arms.all_treatment;
  switch (analysis) {
    case Analysis::kScore:
      return RateContrast({{ProportionOf(control), ProportionOf(treatment)}});
    case Analysis::kStratifiedScore:
      return StratifiedScore(arms.control, arms.treatment);
    case Analysis::kMeans:
      return MeanContrast(MeansOf(control.Marginal(0), treatment.Marginal(0)));
    case Analysis::kRatio:
      return MeanContrast(MeansOfRatios(control, treatment));
    case Analysis::kAdjusted:
      return MeanContrast(AdjustMeans(control, treatment, kConfidence)->means);
    case Analysis::kPostStratified:
      return PostStratified(arms.control, arms.treatment);
  }
  return MeanContrast({});
}

// The test of no difference; statistic 0 where nothing varies.
Test TestOfNone(const Contrast& contrast) {
  return std::visit([](const auto& each) { return TestOf(each.Statistic(), each.means().df); }, contrast);
}

Interval LiftOf(const Contrast& contrast) {
  return std::visit([](const auto& each) { return each.Lift(CriticalValue(kConfidence, each.means().df)); }, contrast);
}

// (sum x)^2 / sum x^2: converted users, or as many as would carry the variance of a sum.
double Events(const JointMoments& arm) {
  const Moments moments = arm.Marginal(0);
  const double total = static_cast<double>(moments.n) * moments.mean;
  const double squares = moments.m2 + total * moments.mean;
  return squares > 0.0 ? total * total / squares : 0.0;
}

std::vector<LookBoundary> Boundaries(int looks) {
  std::vector<double> fractions;
  for (int look = 1; look <= looks; ++look) fractions.push_back(static_cast<double>(look) / looks);
  return *SpendingBoundaries({.alpha = kGridAlpha}, fractions, true);
}

std::vector<Analysis> AnalysesOf(Outcome outcome) {
  std::vector<Analysis> analyses = {Analysis::kMeans, Analysis::kRatio, Analysis::kAdjusted, Analysis::kPostStratified};
  if (outcome != Outcome::kRevenue) {
    analyses.insert(analyses.begin(), {Analysis::kScore, Analysis::kStratifiedScore});
  }
  return analyses;
}

// Which rules have rejected in one run so far.
struct Rejections {
  bool naive = false;
  bool spending = false;
  bool sequence = false;
};

class GridRun {
 public:
  GridRun(const Experiment& experiment, const std::vector<LookBoundary>& boundaries, Random& random)
      : experiment_(experiment), boundaries_(boundaries), random_(random) {}

  void Run(std::vector<Calibration>& calibrations) {
    std::vector<Rejections> rejections(calibrations.size());
    for (int look = 1; look <= experiment_.looks; ++look) {
      EnterLook(look);
      for (size_t i = 0; i < calibrations.size(); ++i) {
        const Contrast contrast = ContrastOf(calibrations[i].analysis, arms_);
        const Test test = TestOfNone(contrast);
        Judge(look, test, rejections[i]);
        if (look == experiment_.looks) Record(test, LiftOf(contrast), calibrations[i]);
      }
    }
    for (size_t i = 0; i < calibrations.size(); ++i) {
      calibrations[i].naive += rejections[i].naive ? 1 : 0;
      calibrations[i].spending += rejections[i].spending ? 1 : 0;
      calibrations[i].sequence += rejections[i].sequence ? 1 : 0;
    }
  }

 private:
  void EnterLook(int look) {
    const int64_t users = experiment_.users * look / experiment_.looks;
    const auto treated = std::llround(static_cast<double>(users) * experiment_.treatment_share);
    Enter(experiment_.outcome, users - treated - control_users_, random_, arms_.control);
    Enter(experiment_.outcome, treated - treatment_users_, random_, arms_.treatment);
    arms_.AddUp();
    control_users_ = users - treated;
    treatment_users_ = treated;
    start_ = {.control_events = Events(arms_.all_control), .treatment_events = Events(arms_.all_treatment)};
  }

  void Judge(int look, const Test& test, Rejections& rejections) const {
    rejections.naive = rejections.naive || test.p < kGridAlpha;
    if (test.statistic == 0.0) return;
    const bool may_judge = look == experiment_.looks || start_.IsReached();
    const double critical = boundaries_[static_cast<size_t>(look - 1)].critical_z;
    rejections.spending = rejections.spending || (may_judge && std::abs(test.statistic) >= critical);
    const auto sequence = AsymptoticConfidenceSequence({.estimate = test.statistic,
                                                        .std_error = 1.0,
                                                        .n = static_cast<double>(control_users_ + treatment_users_),
                                                        .alpha = kGridAlpha,
                                                        .n_star = static_cast<double>(experiment_.users),
                                                        .start = start_});
    rejections.sequence = rejections.sequence || sequence->p_value <= kGridAlpha;
  }

  void Record(const Test& test, const Interval& lift, Calibration& calibration) const {
    ++calibration.runs;
    calibration.fixed += test.p < kGridAlpha ? 1 : 0;
    calibration.lifts_above += lift.lower > 0.0 ? 1 : 0;
    calibration.lifts_below += lift.upper < 0.0 ? 1 : 0;
    calibration.p_values.push_back(test.p);
  }

  const Experiment& experiment_;
  const std::vector<LookBoundary>& boundaries_;
  Random& random_;
  Arms arms_;
  int64_t control_users_ = 0;
  int64_t treatment_users_ = 0;
  ValidityStart start_;
};

}  // namespace

absl::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kRareConversion:
      return "0.5 % convert";
    case Outcome::kConversion:
      return "5 % convert";
    case Outcome::kRevenue:
      return "revenue";
  }
  return "unknown";
}

absl::string_view AnalysisName(Analysis analysis) {
  switch (analysis) {
    case Analysis::kScore:
      return "score";
    case Analysis::kStratifiedScore:
      return "score over tiers";
    case Analysis::kMeans:
      return "means";
    case Analysis::kRatio:
      return "ratio, delta method";
    case Analysis::kAdjusted:
      return "adjusted (Lin)";
    case Analysis::kPostStratified:
      return "adjusted, post-stratified";
  }
  return "unknown";
}

bool IsDiscrete(Outcome outcome, Analysis analysis) {
  return outcome != Outcome::kRevenue && (analysis == Analysis::kScore || analysis == Analysis::kMeans);
}

std::vector<Calibration> CalibrateAnalyses(const Experiment& experiment, int runs, uint64_t seed,
                                           absl::FunctionRef<void()> tick) {
  Random random(seed);
  const std::vector<LookBoundary> boundaries = Boundaries(experiment.looks);
  std::vector<Calibration> calibrations;
  for (const Analysis analysis : AnalysesOf(experiment.outcome)) calibrations.push_back({.analysis = analysis});
  for (int run = 0; run < runs; ++run) {
    GridRun(experiment, boundaries, random).Run(calibrations);
    tick();
  }
  return calibrations;
}

double UniformityStatistic(std::vector<double> p_values) {
  std::sort(p_values.begin(), p_values.end());
  const auto n = static_cast<double>(p_values.size());
  double distance = 0.0;
  for (size_t i = 0; i < p_values.size(); ++i) {
    const auto rank = static_cast<double>(i);
    distance = std::max({distance, p_values[i] - rank / n, (rank + 1.0) / n - p_values[i]});
  }
  return distance * std::sqrt(n);
}

double ThreeErrors(double probability, int runs) { return 3.0 * std::sqrt(probability * (1.0 - probability) / runs); }

}  // namespace tierwise::bench
