// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "experiments/analysis/analysis_rules.h"
#include "experiments/stats/group_sequential.h"
#include "tierwise/v1/report.pb.h"

namespace tierwise {

// Events per arm without which nothing is judged before the end; see ValidityStart.
inline constexpr double kEventsToStart = 20.0;

// When a report is read, and what has come in by then.
struct ReadingTime {
  absl::Time as_of;
  absl::Time first_exposure;  // infinite where there are no users
  // From a user's first exposure to the end of the primary metric's window: after the schedule's end, so long do
  // outcomes still grow.
  absl::Duration outcome_delay;
};

// When the looks before `as_of` were, ascending: what the looks of a SequentialTest are, but its last. Empty unless the
// rule is alpha spending with a start and an end. `outcome_delay` as in ReadingTime.
std::vector<absl::Time> LooksBefore(const AnalysisRules& rules, absl::Time as_of, absl::Duration outcome_delay);

// The campaign's rule for looking more than once, at one moment. It knows no earlier reports, so that one for an
// `as_of` can always be had again: alpha spending counts one look a day from the start to `as_of`, whether or not
// anybody looked (kMostDailyLooks at most: of a longer campaign, evenly spaced). Information is the elapsed share of
// the time from the start to the last outcome.
class SequentialTest {
 public:
  static constexpr int kMostDailyLooks = 60;
  // The confidence sequence is tightest at so many users in both arms.
  static constexpr double kTightestAtUsers = 10'000.0;

  // `family_level`: the level at which most is decided; critical values are exact there.
  static absl::StatusOr<SequentialTest> Create(const AnalysisRules& rules, const ReadingTime& time,
                                               double family_level);

  v1::SequentialRule rule() const { return rule_; }
  std::string RuleName() const;
  v1::IntervalKind Kind() const;
  int looks() const { return static_cast<int>(fractions_.size()); }
  // Of alpha spending at `family_level`: one for each look so far, this one included. Empty for other rules.
  const std::vector<LookBoundary>& boundaries() const { return boundaries_; }
  // Elapsed share of the planned time, 0 to 1; 1 where no end is planned.
  double elapsed_share() const { return elapsed_share_; }
  // The last moment at which anything can change; infinite without a planned end.
  absl::Time horizon() const { return horizon_; }
  // Whether anything may be claimed now: a fixed horizon claims nothing before it is reached.
  bool IsOpen() const;

  // Standard errors that an estimate from `users` must be away from 0 at this look for a two-sided claim at `level`.
  // +inf where no estimate suffices.
  double CriticalValue(double level, double users) const;
  // About what CriticalValue will be once there are `growth` times the users and the time of now.
  double ExpectedCriticalValue(double level, double users, double growth) const;
  // The smallest level at which `z` would be claimed at this look. Over all looks together it is at most p with
  // probability p at most, so that corrections for multiplicity apply to it as to any p-value.
  double PValue(double z, double users) const;
  // The same of Cochran's Q over `df` + 1 tiers, whose p-value at a single look is `p`.
  double HeterogeneityPValue(double q, int df, double p, double users) const;

 private:
  // Critical value at a level; both monotone, close to a line in the level's normal quantile.
  struct Knot {
    double level_z;
    double critical;
  };

  SequentialTest() = default;
  absl::Status PlanLooks(const ReadingTime& time, double family_level);
  double InterpolateCritical(double level_z) const;
  double InterpolateLevelZ(double z) const;

  v1::SequentialRule rule_ = v1::SEQUENTIAL_RULE_FIXED_HORIZON;
  double alpha_ = 0.05;
  absl::Time start_;
  absl::Time horizon_ = absl::InfiniteFuture();
  absl::Time as_of_;
  double elapsed_share_ = 1.0;
  std::vector<double> fractions_ = {1.0};
  std::vector<LookBoundary> boundaries_;
  std::vector<Knot> knots_;  // of alpha spending, ascending
};

}  // namespace tierwise
