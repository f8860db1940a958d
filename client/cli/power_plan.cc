// SPDX-License-Identifier: Apache-2.0
#include "client/cli/power_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "absl/functional/function_ref.h"
#include "experiments/analysis/sequential_test.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/group_sequential.h"
#include "experiments/stats/power.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr int kMostLooksPlanned = SequentialTest::kMostDailyLooks;
constexpr double kMostUsers = 1e15;

int LooksIn(double days) { return static_cast<int>(std::clamp(std::ceil(days), 1.0, double{kMostLooksPlanned})); }

// One comparison with the control: over all tiers, or in one.
struct Contrast {
  double share = 1.0;  // of all users
  double baseline = 0.0;
  double effect = 0.0;
  ArmVariances variances;   // of one user; over all tiers, within tiers
  double least_rate = 1.0;  // the rarer of converting and not, in either arm; 1 for means
  double level = 0.05;
};

// Tiers weighted by their shares, as post-stratification does.
Contrast ContrastOf(const PlanningDesign& design, absl::FunctionRef<bool(size_t)> is_in) {
  Contrast contrast;
  contrast.share = 0.0;
  double treated = 0.0;
  for (size_t i = 0; i < design.tiers.size(); ++i) {
    if (!is_in(i)) continue;
    const PlannedTier& tier = design.tiers[i];
    contrast.share += tier.share;
    contrast.baseline += tier.share * tier.baseline;
    contrast.effect += tier.share * tier.Effect();
    contrast.variances.control += tier.share * design.ControlVariance(tier);
    contrast.variances.treatment += tier.share * design.TreatmentVariance(tier);
  }
  contrast.baseline /= contrast.share;
  contrast.effect /= contrast.share;
  contrast.variances.control /= contrast.share;
  contrast.variances.treatment /= contrast.share;
  treated = contrast.baseline + contrast.effect;
  if (design.is_rate) {
    contrast.least_rate = std::min({contrast.baseline, 1.0 - contrast.baseline, treated, 1.0 - treated});
  }
  contrast.level = design.alpha / design.treatments();
  return contrast;
}

Contrast OverallOf(const PlanningDesign& design) {
  return ContrastOf(design, [](size_t) { return true; });
}

Contrast TierOf(const PlanningDesign& design, size_t tier) {
  Contrast contrast = ContrastOf(design, [tier](size_t i) { return i == tier; });
  contrast.level /= static_cast<double>(design.tiers.size());
  return contrast;
}

// What a design's rule asks at each look, and with which probability an effect passes it. Keeps the boundaries that it
// has worked out. Not thread-safe.
class RulePower {
 public:
  explicit RulePower(const PlanningDesign& design) : design_(design) {}

  double ControlUsers(const Contrast& contrast, double users) const {
    return users * contrast.share * design_.ControlShare();
  }
  double Se(const Contrast& contrast, double users) const {
    const double control = ControlUsers(contrast, users);
    return EffectSe(contrast.variances, control, control * design_.ratio, design_.correlation);
  }

  // After `users` of all tiers and variants.
  absl::StatusOr<double> Power(const Contrast& contrast, double users, int looks) {
    return PowerOfDrift(contrast, users, looks, std::abs(contrast.effect) / Se(contrast, users));
  }

  absl::StatusOr<double> PowerOfDrift(const Contrast& contrast, double users, int looks, double drift) {
    if (design_.rule == v1::SEQUENTIAL_RULE_FIXED_HORIZON) return ZTestPower(drift, 1.0, contrast.level);
    if (!HasStarted(contrast, users)) return 0.0;
    TIERWISE_ASSIGN_OR_RETURN(const std::vector<LookBoundary> boundaries, Boundaries(contrast, users, looks));
    constexpr double kCertain = 30.0;  // passes any boundary; PowerOf takes no more
    TIERWISE_ASSIGN_OR_RETURN(const GroupSequentialPower power, PowerOf(boundaries, 2, std::min(drift, kCertain)));
    return power.power;
  }

  // What |z| must exceed at the last look.
  absl::StatusOr<double> LastCritical(const Contrast& contrast, double users, int looks) {
    if (design_.rule == v1::SEQUENTIAL_RULE_FIXED_HORIZON) return -NormalQuantile(0.5 * contrast.level);
    TIERWISE_ASSIGN_OR_RETURN(const std::vector<LookBoundary> boundaries, Boundaries(contrast, users, looks));
    return boundaries.back().critical_z;
  }

  bool HasStarted(const Contrast& contrast, double users) const {
    return ControlUsers(contrast, users) * std::min(1.0, design_.ratio) * contrast.least_rate >= kEventsToStart;
  }

  // Users of all tiers and variants at which the power is the design's; nullopt beyond kMostUsers.
  absl::StatusOr<std::optional<double>> UsersNeeded(const Contrast& contrast, int looks) {
    if (contrast.effect == 0.0) return std::optional<double>();
    double least = 0.0, most = 16.0;
    for (;; least = most, most *= 2.0) {
      if (most > kMostUsers) return std::optional<double>();
      TIERWISE_ASSIGN_OR_RETURN(const double power, Power(contrast, most, looks));
      if (power >= design_.power) break;
    }
    constexpr double kPrecise = 1e-5;
    while (most - least > kPrecise * most) {
      const double middle = 0.5 * (least + most);
      TIERWISE_ASSIGN_OR_RETURN(const double power, Power(contrast, middle, looks));
      (power >= design_.power ? most : least) = middle;
    }
    return std::optional<double>(most);
  }

 private:
  absl::StatusOr<std::vector<LookBoundary>> Boundaries(const Contrast& contrast, double users, int looks) {
    if (design_.rule == v1::SEQUENTIAL_RULE_ALWAYS_VALID) return SequenceBoundaries(contrast, users, looks);
    const auto key = std::make_pair(contrast.level, looks);
    if (const auto known = spending_.find(key); known != spending_.end()) return known->second;
    std::vector<double> fractions;
    for (int look = 1; look <= looks; ++look) fractions.push_back(static_cast<double>(look) / looks);
    const GroupSequentialDesign group{{SpendingKind::kObrienFleming}, contrast.level, 2};
    TIERWISE_ASSIGN_OR_RETURN(spending_[key], SpendingBoundaries(group, fractions, true));
    return spending_[key];
  }

  absl::StatusOr<std::vector<LookBoundary>> SequenceBoundaries(const Contrast& contrast, double users,
                                                               int looks) const {
    const AnalysisRules rules{.alpha = design_.alpha, .sequential_rule = design_.rule};
    TIERWISE_ASSIGN_OR_RETURN(const SequentialTest test, SequentialTest::Create(rules, {}, contrast.level));
    std::vector<LookBoundary> boundaries;
    for (int look = 1; look <= looks; ++look) {
      const double share = static_cast<double>(look) / looks;
      const double in_both = ControlUsers(contrast, users * share) * (1.0 + design_.ratio);
      const double critical = HasStarted(contrast, users * share) ? test.CriticalValue(contrast.level, in_both) : kInf;
      boundaries.push_back({share, critical, 0.0, NormalSf(critical)});
    }
    return boundaries;
  }

  const PlanningDesign& design_;
  std::map<std::pair<double, int>, std::vector<LookBoundary>> spending_;  // by level and looks
};

class Planner {
 public:
  explicit Planner(const PlanningDesign& design) : design_(design), rule_(design) {
    contrasts_.push_back(OverallOf(design));
    if (design.tiers.size() < 2) return;
    for (size_t tier = 0; tier < design.tiers.size(); ++tier) contrasts_.push_back(TierOf(design, tier));
  }

  absl::StatusOr<PowerPlan> Run() {
    for (size_t i = 0; i < contrasts_.size(); ++i) TIERWISE_RETURN_IF_ERROR(StartRow(i));
    FindDays();
    if (plan_.days == 0.0) return std::move(plan_);
    for (size_t i = 0; i < contrasts_.size(); ++i) TIERWISE_RETURN_IF_ERROR(FinishRow(i));
    if (contrasts_.size() > 1) TIERWISE_RETURN_IF_ERROR(CompareTiers());
    TIERWISE_RETURN_IF_ERROR(DrawCurve());
    return std::move(plan_);
  }

 private:
  double TotalUsers() const { return design_.users_per_day * plan_.days; }

  absl::Status StartRow(size_t i) {
    const Contrast& contrast = contrasts_[i];
    PlanRow row;
    if (i > 0) row.tier = design_.tiers[i - 1].id;
    row.share = contrast.share;
    row.baseline = contrast.baseline;
    row.effect = contrast.effect;
    row.lift = contrast.effect / contrast.baseline;
    TIERWISE_ASSIGN_OR_RETURN(std::optional<double> users, rule_.UsersNeeded(contrast, kMostLooksPlanned));
    if (users.has_value() && design_.users_per_day > 0.0) {
      // A short campaign has fewer looks and needs a few users less.
      if (const int looks = LooksIn(*users / design_.users_per_day); looks < kMostLooksPlanned) {
        TIERWISE_ASSIGN_OR_RETURN(users, rule_.UsersNeeded(contrast, looks));
      }
      const auto days = DaysUntil(*users, design_.users_per_day, 0.0);
      if (days.has_value() && *days <= kMostPlannedDays) row.days_needed = *days + design_.window_days;
    }
    if (users.has_value()) row.users_needed = *users * contrast.share;
    plan_.rows.push_back(std::move(row));
    return absl::OkStatus();
  }

  void FindDays() {
    plan_.days = design_.days;
    if (plan_.days > 0.0 || !plan_.rows.front().days_needed.has_value()) return;
    plan_.days = *plan_.rows.front().days_needed - design_.window_days;
    plan_.is_found = true;
  }

  absl::Status FinishRow(size_t i) {
    const Contrast& contrast = contrasts_[i];
    PlanRow& row = plan_.rows[i];
    const int looks = LooksIn(plan_.days);
    row.users = TotalUsers() * contrast.share;
    TIERWISE_ASSIGN_OR_RETURN(row.power, rule_.Power(contrast, TotalUsers(), looks));
    TIERWISE_ASSIGN_OR_RETURN(row.detectable_lift, DetectableLift(i, looks));
    if (i > 0 && *row.power < design_.power) TIERWISE_RETURN_IF_ERROR(AddRemedy(i));
    return absl::OkStatus();
  }

  // The increase that has the design's power: by bisection, as a rate's variance changes with it.
  absl::StatusOr<std::optional<double>> DetectableLift(size_t i, int looks) {
    const auto power = [&](double lift) -> absl::StatusOr<double> {
      PlanningDesign design = design_;
      for (PlannedTier& tier : design.tiers) tier.lift = lift;
      Contrast contrast = i == 0 ? OverallOf(design) : TierOf(design, i - 1);
      return rule_.Power(contrast, TotalUsers(), looks);
    };
    double limit = 1e6;
    for (size_t tier = 0; tier < design_.tiers.size() && design_.is_rate; ++tier) {
      if (i == 0 || tier == i - 1) limit = std::min(limit, 0.999999 / design_.tiers[tier].baseline - 1.0);
    }
    double least = 0.0, most = std::min(1e-6, limit);
    for (;; least = most, most = std::min(2.0 * most, limit)) {
      TIERWISE_ASSIGN_OR_RETURN(const double at_most, power(most));
      if (at_most >= design_.power) break;
      if (most == limit) return std::optional<double>();
    }
    for (int step = 0; step < 40 && most - least > 1e-6 * most; ++step) {
      const double middle = 0.5 * (least + most);
      TIERWISE_ASSIGN_OR_RETURN(const double at_middle, power(middle));
      (at_middle >= design_.power ? most : least) = middle;
    }
    return std::optional<double>(most);
  }

  absl::Status AddRemedy(size_t i) {
    const PlanRow& row = plan_.rows[i];
    TierRemedy remedy;
    remedy.tier = row.tier;
    remedy.days = row.days_needed;
    if (row.users_needed.has_value()) {
      remedy.users_factor = *row.users_needed / *row.users;
      const double left = (1.0 - design_.correlation * design_.correlation) / remedy.users_factor;
      // A stronger covariate than this is hardly ever had.
      constexpr double kStrongest = 0.9;
      // A covariate does not bring the events without which nothing starts.
      const bool has_events =
          design_.rule == v1::SEQUENTIAL_RULE_FIXED_HORIZON || rule_.HasStarted(contrasts_[i], TotalUsers());
      if (left > 0.0 && left < 1.0 && std::sqrt(1.0 - left) <= kStrongest && has_events) {
        remedy.correlation = std::sqrt(1.0 - left);
      }
    }
    if (design_.variants > 2) {
      PlanningDesign fewer = design_;
      fewer.variants = 2;
      TIERWISE_ASSIGN_OR_RETURN(remedy.power_with_two_variants,
                                PowerAfter(fewer, static_cast<int>(i) - 1, TotalUsers(), LooksIn(plan_.days)));
    }
    plan_.remedies.push_back(std::move(remedy));
    return absl::OkStatus();
  }

  absl::Status CompareTiers() {
    std::vector<double> effects, ses;
    const int looks = LooksIn(plan_.days);
    TIERWISE_ASSIGN_OR_RETURN(const double critical, rule_.LastCritical(contrasts_[0], TotalUsers(), looks));
    for (size_t i = 1; i < contrasts_.size(); ++i) {
      effects.push_back(contrasts_[i].effect);
      ses.push_back(rule_.Se(contrasts_[i], TotalUsers()));
      const Contrast others = ContrastOf(design_, [i](size_t tier) { return tier != i - 1; });
      const double se = std::hypot(ses.back(), rule_.Se(others, TotalUsers()));
      plan_.rows[i].interaction_power = NormalSf(critical - std::abs(effects.back()) / se);
    }
    const bool is_equal = std::all_of(design_.tiers.begin(), design_.tiers.end(), [&](const PlannedTier& tier) {
      return tier.Effect() == design_.tiers.front().Effect();
    });
    if (is_equal) return absl::OkStatus();
    // At the level that the last look has left.
    TIERWISE_ASSIGN_OR_RETURN(plan_.heterogeneity_power, HeterogeneityPower(effects, ses, 2.0 * NormalSf(critical)));
    return absl::OkStatus();
  }

  // Each point is a campaign planned for so many days.
  absl::Status DrawCurve() {
    constexpr int kPoints = 12;
    const double longest = std::min(kMostPlannedDays, std::max(std::ceil(1.5 * plan_.days), 2.0));
    double drawn = 0.0;
    for (int point = 1; point <= kPoints; ++point) {
      const double days = std::max(1.0, std::round(longest * point / kPoints));
      if (days == drawn) continue;
      drawn = days;
      PowerPoint at{days, {}};
      for (const Contrast& contrast : contrasts_) {
        TIERWISE_ASSIGN_OR_RETURN(const double power,
                                  rule_.Power(contrast, design_.users_per_day * days, LooksIn(days)));
        at.power.push_back(power);
      }
      plan_.curve.push_back(std::move(at));
    }
    return absl::OkStatus();
  }

  const PlanningDesign& design_;
  RulePower rule_;
  std::vector<Contrast> contrasts_;  // in the order of the rows
  PowerPlan plan_;
};

}  // namespace

absl::StatusOr<PowerPlan> PlanPower(const PlanningDesign& design) { return Planner(design).Run(); }

absl::StatusOr<double> PowerAfter(const PlanningDesign& design, int tier, double users, int looks) {
  RulePower rule(design);
  return rule.Power(tier < 0 ? OverallOf(design) : TierOf(design, static_cast<size_t>(tier)), users, looks);
}

}  // namespace tierwise
