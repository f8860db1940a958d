// SPDX-License-Identifier: Apache-2.0
#include "client/cli/simulation.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/analysis/claims.h"
#include "experiments/analysis/health.h"
#include "experiments/analysis/metric_analysis.h"
#include "experiments/analysis/sequential_test.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

constexpr double kFixedConfidence = 0.95;
constexpr absl::Duration kDay = absl::Hours(24);

// Moments of new users in one cell, drawn without drawing the users.
class CellSource {
 public:
  CellSource(const PlanningDesign& design, const PlannedTier& tier, bool is_treated)
      : is_rate_(design.is_rate),
        mean_(tier.baseline + (is_treated ? tier.Effect() : 0.0)),
        sd_(std::sqrt(is_treated ? design.TreatmentVariance(tier) : design.ControlVariance(tier))),
        correlation_(design.correlation) {}

  JointMoments Draw(int64_t n, std::mt19937_64& random) const {
    if (n == 0) return JointMoments(correlation_ == 0.0 ? 1 : 2);
    const Moments outcome = is_rate_ ? DrawRate(n, random) : DrawNormal(n, mean_, sd_, random);
    if (correlation_ == 0.0) return JointMoments::FromParts(n, {outcome.mean}, {outcome.m2});
    return WithCovariate(outcome, random);
  }

 private:
  Moments DrawRate(int64_t n, std::mt19937_64& random) const {
    const auto conversions = static_cast<double>(std::binomial_distribution<int64_t>(n, mean_)(random));
    const double rate = conversions / static_cast<double>(n);
    return {n, rate, conversions * (1.0 - rate)};
  }

  static double ChiSquared(int64_t df, std::mt19937_64& random) {
    return df > 0 ? std::chi_squared_distribution<double>(static_cast<double>(df))(random) : 0.0;
  }

  static Moments DrawNormal(int64_t n, double mean, double sd, std::mt19937_64& random) {
    std::normal_distribution<double> normal;
    return {n, mean + sd * normal(random) / std::sqrt(static_cast<double>(n)), sd * sd * ChiSquared(n - 1, random)};
  }

  // The covariate is X = slope (Y - mean) + rest Z with Z normal and independent of Y: mean 0 and variance 1 in every
  // arm. Z's sum of products with Y is normal given Y, and what it leaves of Z's squares is chi-squared.
  JointMoments WithCovariate(const Moments& outcome, std::mt19937_64& random) const {
    std::normal_distribution<double> normal;
    const double slope = correlation_ / sd_;
    const double rest = std::sqrt(1.0 - correlation_ * correlation_);
    const double z_mean = normal(random) / std::sqrt(static_cast<double>(outcome.n));
    const double along = outcome.n > 1 ? normal(random) : 0.0;
    const double yz = std::sqrt(outcome.m2) * along;
    const double zz = along * along + ChiSquared(outcome.n - 2, random);
    const double x_mean = slope * (outcome.mean - mean_) + rest * z_mean;
    const double yx = slope * outcome.m2 + rest * yz;
    const double xx = slope * slope * outcome.m2 + 2.0 * slope * rest * yz + rest * rest * zz;
    return JointMoments::FromParts(outcome.n, {outcome.mean, x_mean}, {outcome.m2, yx, xx});
  }

  bool is_rate_;
  double mean_, sd_, correlation_;
};

class Simulator {
 public:
  Simulator(const PlanningDesign& design, const SimulationPlan& plan) : design_(design), plan_(plan) {
    for (const PlannedTier& tier : design.tiers) {
      for (int variant = 0; variant < design.variants; ++variant) sources_.emplace_back(design, tier, variant > 0);
    }
    levels_.variant_level = design.alpha / design.treatments();
  }

  absl::StatusOr<Simulation> Run(absl::FunctionRef<void(int64_t)> tick) {
    TIERWISE_RETURN_IF_ERROR(PlanLooks());
    StartRows();
    double days_sum = 0.0, days_squares = 0.0;
    for (int64_t run = 0; run < plan_.runs; ++run) {
      TIERWISE_ASSIGN_OR_RETURN(const double days, RunOnce(run, tick));
      days_sum += days;
      days_squares += days * days;
    }
    const double runs = static_cast<double>(plan_.runs);
    result_.mean_days = days_sum / runs;
    const double variance = std::max(0.0, days_squares / runs - result_.mean_days * result_.mean_days);
    result_.mean_days_error = std::sqrt(variance / runs);
    return std::move(result_);
  }

 private:
  struct Look {
    double day;
    SequentialTest test;
  };
  // What one run comes to for one row.
  struct RunOfRow {
    bool claimed = false, shown = false, covered = true, covered_lift = true, covered_once = false;
  };

  AnalysisRules Rules() const {
    AnalysisRules rules;
    rules.alpha = design_.alpha;
    rules.sequential_rule = design_.rule;
    rules.start = Start();
    rules.end = Start() + plan_.days * kDay;
    return rules;
  }
  static absl::Time Start() { return absl::UnixEpoch(); }

  absl::Status PlanLooks() {
    const int looks = design_.rule == v1::SEQUENTIAL_RULE_FIXED_HORIZON
                          ? 1
                          : static_cast<int>(std::min(plan_.days, double{kMostSimulatedLooks}));
    for (int look = 1; look <= looks; ++look) {
      const double day = std::round(plan_.days * look / looks);
      const ReadingTime time{Start() + day * kDay, Start(), absl::ZeroDuration()};
      TIERWISE_ASSIGN_OR_RETURN(SequentialTest test, SequentialTest::Create(Rules(), time, levels_.variant_level));
      looks_.push_back({day, std::move(test)});
    }
    result_.looks = looks;
    return absl::OkStatus();
  }

  void StartRows() {
    result_.level = levels_.variant_level;
    SimulatedRow overall;
    for (const PlannedTier& tier : design_.tiers) overall.effect += tier.share * tier.Effect();
    result_.rows.push_back(overall);
    if (design_.tiers.size() < 2) return;
    for (const PlannedTier& tier : design_.tiers) {
      result_.rows.emplace_back();
      result_.rows.back().tier = tier.id;
      result_.rows.back().effect = tier.Effect();
    }
  }

  CampaignData EmptyCampaign() const {
    CampaignData data;
    data.id = "simulation";
    data.rules = Rules();
    data.first_exposure = Start();
    for (int variant = 0; variant < design_.variants; ++variant) data.variants.push_back(absl::StrCat("v", variant));
    std::vector<double> shares(static_cast<size_t>(design_.variants), design_.ControlShare() * design_.ratio);
    shares[0] = design_.ControlShare();
    for (const PlannedTier& tier : design_.tiers) data.tiers.push_back({tier.id, 1, shares});
    data.users.assign(sources_.size(), 0);
    MetricData metric;
    metric.id = "outcome";
    metric.estimand = design_.is_rate ? Estimand::kRate : Estimand::kMean;
    metric.role = v1::METRIC_ROLE_PRIMARY;
    metric.cells.assign(sources_.size(), JointMoments(design_.correlation == 0.0 ? 1 : 2));
    data.metrics.push_back(std::move(metric));
    return data;
  }

  // Users who come after day `from` until day `until`.
  void AddUsers(double from, double until, CampaignData& data, std::mt19937_64& random) const {
    for (size_t tier = 0; tier < design_.tiers.size(); ++tier) {
      const double per_day = design_.users_per_day * design_.tiers[tier].share;
      int64_t left = std::llround(per_day * until) - std::llround(per_day * from);
      double share_left = 1.0;
      for (size_t variant = 0; variant < data.variants.size(); ++variant) {
        const double share = data.tiers[tier].expected_share[variant];
        const bool is_last = variant + 1 == data.variants.size();
        const double probability = std::min(1.0, share / share_left);
        const int64_t n = is_last || left == 0 ? left : std::binomial_distribution<int64_t>(left, probability)(random);
        left -= n;
        share_left -= share;
        const size_t cell = data.CellOf(tier, variant);
        if (n == 0) continue;
        data.metrics[0].cells[cell].Merge(sources_[cell].Draw(n, random));
        data.users[cell] += n;
      }
    }
  }

  // Days until the first claim over all tiers, or all days.
  absl::StatusOr<double> RunOnce(int64_t run, absl::FunctionRef<void(int64_t)> tick) {
    std::seed_seq seed{plan_.seed & 0xffffffffu, plan_.seed >> 32, static_cast<uint64_t>(run) & 0xffffffffu,
                       static_cast<uint64_t>(run) >> 32};
    std::mt19937_64 random(seed);
    CampaignData data = EmptyCampaign();
    std::vector<RunOfRow> rows(result_.rows.size());
    bool tiers_differ = false, is_unhealthy = false;
    double claimed_day = plan_.days, seen = 0.0;
    for (const Look& look : looks_) {
      AddUsers(seen, look.day, data, random);
      seen = look.day;
      data.as_of = data.last_exposure = Start() + look.day * kDay;
      TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::HealthCheck> checks, CheckHealth(data));
      const bool is_healthy = std::none_of(checks.begin(), checks.end(), [](const v1::HealthCheck& check) {
        return check.status() == v1::HEALTH_STATUS_FAILED;
      });
      is_unhealthy = is_unhealthy || !is_healthy;
      TIERWISE_ASSIGN_OR_RETURN(MetricAnalysis metric, AnalyzeMetric(data, data.metrics[0], look.test, levels_));
      TIERWISE_RETURN_IF_ERROR(
          MakeClaims(data, look.test, is_healthy && look.test.IsOpen(), absl::MakeSpan(&metric, 1)));
      for (const bool differ : metric.tiers_differ) tiers_differ = tiers_differ || differ;
      const bool had_claim = rows[0].claimed;
      for (size_t row = 0; row < rows.size(); ++row) ReadRow(data, metric, row, rows[row]);
      if (rows[0].claimed && !had_claim) claimed_day = look.day;
      tick(run);
    }
    Count(rows, tiers_differ, is_unhealthy);
    return claimed_day;
  }

  // The truth over all tiers, as the tiers' users weigh it.
  std::pair<double, double> Truth(const CampaignData& data, size_t row) const {
    if (row > 0) return {design_.tiers[row - 1].baseline, design_.tiers[row - 1].Effect()};
    const double users = static_cast<double>(data.TotalUsers());
    double baseline = 0.0, effect = 0.0;
    for (size_t tier = 0; tier < design_.tiers.size(); ++tier) {
      const double share = static_cast<double>(data.UsersOfTier(tier)) / users;
      baseline += share * design_.tiers[tier].baseline;
      effect += share * design_.tiers[tier].Effect();
    }
    return {baseline, effect};
  }

  void ReadRow(const CampaignData& data, const MetricAnalysis& metric, size_t row, RunOfRow& run) const {
    const auto [baseline, effect] = Truth(data, row);
    for (size_t variant = 1; variant < data.variants.size(); ++variant) {
      const DecidingEvidence& evidence =
          row == 0 ? metric.overall[variant] : metric.tiers[data.CellOf(row - 1, variant)];
      if (evidence.row < 0) continue;
      const v1::Comparison& comparison = metric.report.comparisons(evidence.row);
      run.claimed = run.claimed || comparison.claimed();
      if (variant != 1) continue;
      const double estimate = comparison.difference().estimate();
      run.shown = run.shown || (comparison.claimed() && estimate * effect > 0.0);
      run.covered = run.covered && evidence.intervals.difference.Contains(effect);
      run.covered_lift = run.covered_lift && evidence.intervals.lift.Contains(effect / baseline);
      run.covered_once = true;
      for (const v1::Interval& interval : comparison.difference().intervals()) {
        if (interval.kind() != v1::INTERVAL_KIND_FIXED_HORIZON) continue;
        run.covered_once = (!interval.has_lower() || interval.lower() <= effect) &&
                           (!interval.has_upper() || effect <= interval.upper());
        break;
      }
    }
  }

  static void Add(bool is_hit, Frequency& frequency) {
    frequency.hits += is_hit ? 1 : 0;
    ++frequency.runs;
  }

  void Count(absl::Span<const RunOfRow> rows, bool tiers_differ, bool is_unhealthy) {
    for (size_t i = 0; i < rows.size(); ++i) {
      SimulatedRow& row = result_.rows[i];
      Add(rows[i].claimed, row.claimed);
      if (row.effect != 0.0) Add(rows[i].shown, row.shown);
      Add(rows[i].covered, row.covered);
      Add(rows[i].covered_lift, row.covered_lift);
      Add(rows[i].covered_once, row.covered_once);
    }
    Add(tiers_differ, result_.tiers_differ);
    Add(is_unhealthy, result_.unhealthy);
  }

  const PlanningDesign& design_;
  const SimulationPlan& plan_;
  AnalysisLevels levels_{kFixedConfidence, 0.05};
  std::vector<CellSource> sources_;  // per cell
  std::vector<Look> looks_;
  Simulation result_;
};

}  // namespace

double Frequency::Error() const {
  return runs == 0 ? 0.0 : std::sqrt(share() * (1.0 - share()) / static_cast<double>(runs));
}

bool Simulation::IsTooOften(double alpha) const {
  const Frequency& claimed = rows.front().claimed;
  return claimed.share() > alpha + 3.0 * std::sqrt(alpha * (1.0 - alpha) / static_cast<double>(claimed.runs));
}

absl::StatusOr<Simulation> Simulate(const PlanningDesign& design, const SimulationPlan& plan,
                                    absl::FunctionRef<void(int64_t run)> tick) {
  return Simulator(design, plan).Run(tick);
}

}  // namespace tierwise
