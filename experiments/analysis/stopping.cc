// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/stopping.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "experiments/analysis/comparison.h"
#include "experiments/analysis/interval_proto.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/adjustment.h"
#include "experiments/stats/means.h"
#include "experiments/stats/post_stratification.h"
#include "experiments/stats/proportions.h"
#include "experiments/stats/ratios.h"
#include "experiments/stats/stage_wise.h"

namespace tierwise {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kUnusedConfidence = 0.95;
// A look with a boundary beyond this stops nothing (probability below 1e-14): leaving it out changes no digit.
constexpr double kNeverCrossed = 8.0;

// One look as it was: the effect over all tiers, and whether the rule's start had come.
struct LookResult {
  double effect = 0.0;
  double se = 0.0;  // 0: no effect
  bool has_started = false;

  bool Crosses(double critical) const { return has_started && se > 0.0 && std::abs(effect) >= critical * se; }
};

std::optional<ArmMeans> PlainMeans(Estimand estimand, const JointMoments& control, const JointMoments& treatment) {
  if (control.n() < 2 || treatment.n() < 2) return std::nullopt;
  if (estimand == Estimand::kRate) {
    const auto rate = [](const JointMoments& arm) {
      return Proportion{std::llround(arm.mean(0) * static_cast<double>(arm.n())), arm.n()};
    };
    return MeansOf(rate(control), rate(treatment));
  }
  if (estimand == Estimand::kMean) return MeansOf(control.Marginal(0), treatment.Marginal(0));
  if (control.mean(1) == 0.0 || treatment.mean(1) == 0.0) return std::nullopt;
  return MeansOfRatios(control, treatment);
}

// The means that decide: adjusted where that is possible.
absl::StatusOr<std::optional<ArmMeans>> DecidingMeans(const MetricData& metric, const JointMoments& control,
                                                      const JointMoments& treatment) {
  std::optional<ArmMeans> means = PlainMeans(metric.estimand, control, treatment);
  if (!means.has_value() || !metric.has_covariates()) return means;
  const bool is_ratio = metric.estimand == Estimand::kRatio;
  TIERWISE_ASSIGN_OR_RETURN(const RegressionAdjustment adjustment,
                            is_ratio
                                ? AdjustMeans(LinearizeRatio(control), LinearizeRatio(treatment), kUnusedConfidence)
                                : AdjustMeans(control, treatment, kUnusedConfidence));
  if (adjustment.estimate.gap == Gap::kNone) means = adjustment.means;
  return means;
}

absl::StatusOr<LookResult> ResultAt(const CampaignData& data, const MetricData& metric,
                                    absl::Span<const JointMoments> cells, size_t variant) {
  const auto control = static_cast<size_t>(data.control);
  std::vector<Stratum> strata;
  JointMoments all_control, all_treatment;
  for (size_t tier = 0; tier < data.tiers.size(); ++tier) {
    Stratum& stratum = strata.emplace_back();
    for (size_t v = 0; v < data.variants.size(); ++v) stratum.users += cells[data.CellOf(tier, v)].n();
    const JointMoments& c = cells[data.CellOf(tier, control)];
    const JointMoments& t = cells[data.CellOf(tier, variant)];
    all_control.Merge(c);
    all_treatment.Merge(t);
    TIERWISE_ASSIGN_OR_RETURN(stratum.means, DecidingMeans(metric, c, t));
  }
  LookResult result;
  TIERWISE_ASSIGN_OR_RETURN(const PostStratifiedEffect effect, PostStratify(strata, kUnusedConfidence));
  if (effect.covered_users == 0) return result;
  result.effect = effect.means.treatment - effect.means.control;
  result.se = std::sqrt(effect.means.DifferenceVariance());
  const double events = std::min(EventsOf(metric.estimand, all_control), EventsOf(metric.estimand, all_treatment));
  result.has_started = events >= kEventsToStart;
  return result;
}

LookResult PresentResult(const DecidingEvidence& evidence) {
  LookResult result;
  if (!evidence.means.has_value()) return result;
  result.effect = evidence.means->treatment - evidence.means->control;
  result.se = std::sqrt(evidence.means->DifferenceVariance());
  result.has_started = evidence.has_started;
  return result;
}

// What follows from `at`, the first crossing; `looks`: the boundaries up to it. Without numbers where they can't be
// told.
v1::StoppedEstimate Corrected(std::vector<LookBoundary> looks, const LookResult& at, double level) {
  v1::StoppedEstimate stopped;
  stopped.set_look(static_cast<int32_t>(looks.size()));
  const LookBoundary last = looks.back();
  looks.pop_back();
  std::erase_if(looks, [](const LookBoundary& look) { return look.critical_z > kNeverCrossed; });
  looks.push_back(last);
  const auto inference = InferStageWise(looks, 2, at.effect, at.se, 1.0 - level);
  if (!inference.ok()) return stopped;
  stopped.set_median_unbiased_difference(inference->median_unbiased_effect);
  *stopped.mutable_interval() =
      ToProto(inference->interval, "stage-wise", v1::INTERVAL_KIND_ALPHA_SPENDING, 1.0 - level);
  return stopped;
}

}  // namespace

absl::StatusOr<std::vector<v1::StoppedEstimate>> StoppedEstimates(const CampaignData& data, const SequentialTest& test,
                                                                  const MetricAnalysis& primary, double level) {
  std::vector<v1::StoppedEstimate> stopped;
  const MetricData& metric = *primary.metric;
  const std::vector<LookBoundary>& boundaries = test.boundaries();
  if (boundaries.empty()) return stopped;
  // A path that does not belong to these looks is none.
  const size_t past_looks = metric.path.size() + 1 == boundaries.size() ? metric.path.size() : 0;
  for (size_t variant = 0; variant < data.variants.size(); ++variant) {
    if (variant == static_cast<size_t>(data.control)) continue;
    std::vector<LookBoundary> looks = boundaries;
    std::optional<LookResult> first;
    size_t look = 0;
    for (; look < past_looks && !first.has_value(); ++look) {
      TIERWISE_ASSIGN_OR_RETURN(const LookResult result, ResultAt(data, metric, metric.path[look], variant));
      // A look before the rule's start can claim nothing.
      if (!result.has_started) looks[look].critical_z = kInf;
      if (result.Crosses(looks[look].critical_z)) first = result;
    }
    if (!first.has_value()) {
      look = boundaries.size();
      const LookResult present = PresentResult(primary.overall[variant]);
      if (!present.Crosses(primary.overall[variant].critical)) continue;
      first = present;
    }
    looks.resize(look);
    stopped.push_back(Corrected(std::move(looks), *first, level));
    stopped.back().set_variant(data.variants[variant]);
  }
  return stopped;
}

}  // namespace tierwise
