// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/sequential_test.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "experiments/base/status_macros.h"
#include "experiments/stats/confidence_sequence.h"
#include "experiments/stats/distributions.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr absl::Duration kDay = absl::Hours(24);

// Looks of the whole plan: one a day, and the last at the horizon.
int PlannedLooks(absl::Duration planned) {
  const double days = std::ceil(absl::FDivDuration(planned, kDay));
  return static_cast<int>(std::clamp(days, 1.0, static_cast<double>(SequentialTest::kMostDailyLooks)));
}

// Shares of the plan at which was looked by `elapsed_share`, itself the last.
std::vector<double> FractionsUntil(double elapsed_share, int planned_looks) {
  std::vector<double> fractions;
  for (int look = 1; look < planned_looks; ++look) {
    const double fraction = static_cast<double>(look) / planned_looks;
    // A look within a second share of this one would be the same look.
    if (fraction >= elapsed_share * (1.0 - 1e-3)) break;
    fractions.push_back(fraction);
  }
  fractions.push_back(elapsed_share);
  return fractions;
}

// Elapsed share of the time from `start` to `horizon`.
double ElapsedShare(absl::Time start, absl::Time horizon, absl::Time as_of) {
  return std::clamp(absl::FDivDuration(as_of - start, horizon - start), 0.0, 1.0);
}

// The z that a two-sided normal test at `level` needs.
double LevelZ(double level) { return -NormalQuantile(0.5 * level); }

}  // namespace

std::vector<absl::Time> LooksBefore(const AnalysisRules& rules, absl::Time as_of, absl::Duration outcome_delay) {
  std::vector<absl::Time> looks;
  const absl::Time horizon = rules.end + outcome_delay;
  const bool is_planned = rules.start != absl::InfinitePast() && horizon != absl::InfiniteFuture();
  if (rules.sequential_rule != v1::SEQUENTIAL_RULE_ALPHA_SPENDING || !is_planned) return looks;
  if (!(rules.start < std::min(horizon, as_of))) return looks;
  std::vector<double> fractions =
      FractionsUntil(ElapsedShare(rules.start, horizon, as_of), PlannedLooks(horizon - rules.start));
  fractions.pop_back();
  for (const double fraction : fractions) looks.push_back(rules.start + fraction * (horizon - rules.start));
  return looks;
}

absl::StatusOr<SequentialTest> SequentialTest::Create(const AnalysisRules& rules, const ReadingTime& time,
                                                      double family_level) {
  SequentialTest test;
  test.rule_ = rules.sequential_rule;
  test.alpha_ = rules.alpha;
  test.as_of_ = time.as_of;
  test.start_ = rules.start == absl::InfinitePast() ? time.first_exposure : rules.start;
  if (rules.end != absl::InfiniteFuture()) test.horizon_ = rules.end + time.outcome_delay;
  if (test.horizon_ != absl::InfiniteFuture() && test.start_ < test.horizon_) {
    test.elapsed_share_ = ElapsedShare(test.start_, test.horizon_, time.as_of);
  }
  if (test.rule_ == v1::SEQUENTIAL_RULE_ALPHA_SPENDING) TIERWISE_RETURN_IF_ERROR(test.PlanLooks(time, family_level));
  return test;
}

absl::Status SequentialTest::PlanLooks(const ReadingTime& time, double family_level) {
  if (elapsed_share_ == 0.0 || time.first_exposure == absl::InfiniteFuture()) {
    fractions_.clear();
    return absl::OkStatus();
  }
  fractions_ = FractionsUntil(elapsed_share_, PlannedLooks(horizon_ - start_));
  // Families divide the level by some tens at most; between these levels and beyond them a line is as good as exact.
  for (const double level : {0.5, family_level, family_level / 30.0}) {
    const GroupSequentialDesign design{{SpendingKind::kObrienFleming}, level, 2};
    TIERWISE_ASSIGN_OR_RETURN(const std::vector<LookBoundary> looks,
                              SpendingBoundaries(design, fractions_, elapsed_share_ == 1.0));
    knots_.push_back({LevelZ(level), looks.back().critical_z});
    if (level == family_level) boundaries_ = looks;
  }
  return absl::OkStatus();
}

std::string SequentialTest::RuleName() const {
  switch (rule_) {
    case v1::SEQUENTIAL_RULE_ALPHA_SPENDING:
      return "alpha spending, O'Brien-Fleming type";
    case v1::SEQUENTIAL_RULE_ALWAYS_VALID:
      return "asymptotic confidence sequence";
    default:
      return "fixed horizon";
  }
}

v1::IntervalKind SequentialTest::Kind() const {
  switch (rule_) {
    case v1::SEQUENTIAL_RULE_ALPHA_SPENDING:
      return v1::INTERVAL_KIND_ALPHA_SPENDING;
    case v1::SEQUENTIAL_RULE_ALWAYS_VALID:
      return v1::INTERVAL_KIND_ALWAYS_VALID;
    default:
      return v1::INTERVAL_KIND_FIXED_HORIZON;
  }
}

bool SequentialTest::IsOpen() const {
  return rule_ != v1::SEQUENTIAL_RULE_FIXED_HORIZON || horizon_ == absl::InfiniteFuture() || as_of_ >= horizon_;
}

double SequentialTest::InterpolateCritical(double level_z) const {
  if (knots_.empty() || std::isinf(knots_.back().critical)) return kInf;
  size_t upper = 1;
  while (upper + 1 < knots_.size() && level_z > knots_[upper].level_z) ++upper;
  const Knot& a = knots_[upper - 1];
  const Knot& b = knots_[upper];
  return a.critical + (level_z - a.level_z) * (b.critical - a.critical) / (b.level_z - a.level_z);
}

double SequentialTest::InterpolateLevelZ(double z) const {
  if (knots_.empty() || std::isinf(knots_.back().critical)) return 0.0;
  size_t upper = 1;
  while (upper + 1 < knots_.size() && z > knots_[upper].critical) ++upper;
  const Knot& a = knots_[upper - 1];
  const Knot& b = knots_[upper];
  return a.level_z + (z - a.critical) * (b.level_z - a.level_z) / (b.critical - a.critical);
}

double SequentialTest::CriticalValue(double level, double users) const {
  switch (rule_) {
    case v1::SEQUENTIAL_RULE_ALPHA_SPENDING:
      return InterpolateCritical(LevelZ(level));
    case v1::SEQUENTIAL_RULE_ALWAYS_VALID:
      if (users <= 0.0) return kInf;
      return ConfidenceSequenceMultiplier(users, MixtureVariance(alpha_, kTightestAtUsers), level);
    default:
      return LevelZ(level);
  }
}

double SequentialTest::ExpectedCriticalValue(double level, double users, double growth) const {
  if (rule_ == v1::SEQUENTIAL_RULE_ALWAYS_VALID) return CriticalValue(level, users * growth);
  // O'Brien and Fleming's boundary falls with the root of the information, and ends near the fixed test's.
  if (rule_ == v1::SEQUENTIAL_RULE_ALPHA_SPENDING)
    return LevelZ(level) / std::sqrt(std::min(1.0, elapsed_share_ * growth));
  return LevelZ(level);
}

double SequentialTest::PValue(double z, double users) const {
  const double size = std::abs(z);
  switch (rule_) {
    case v1::SEQUENTIAL_RULE_ALPHA_SPENDING: {
      // No look asks for less than a single one does.
      const double level_z = std::min(InterpolateLevelZ(size), size);
      return level_z <= 0.0 ? 1.0 : 2.0 * NormalSf(level_z);
    }
    case v1::SEQUENTIAL_RULE_ALWAYS_VALID: {
      const auto at_look = AsymptoticConfidenceSequence({size, 1.0, users, alpha_, kTightestAtUsers});
      return at_look.ok() ? at_look->p_value : 1.0;
    }
    default:
      return 2.0 * NormalSf(size);
  }
}

double SequentialTest::HeterogeneityPValue(double q, int df, double p, double users) const {
  if (df < 1) return 1.0;
  if (rule_ == v1::SEQUENTIAL_RULE_ALWAYS_VALID) {
    // The normal mixture over each of `df` orthogonal contrasts, multiplied: they are independent under equal effects.
    const double information = users * MixtureVariance(alpha_, kTightestAtUsers);
    const double ln_e = 0.5 * q * information / (1.0 + information) - 0.5 * df * std::log1p(information);
    return std::min(1.0, std::exp(-ln_e));
  }
  return rule_ == v1::SEQUENTIAL_RULE_ALPHA_SPENDING ? PValue(LevelZ(p), users) : p;
}

}  // namespace tierwise
