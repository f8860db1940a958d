// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/metric_analysis.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/analysis/posterior.h"
#include "experiments/analysis/quantile_comparison.h"
#include "experiments/analysis/tier_effects.h"
#include "experiments/base/proto_time.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

// One metric's analysis under construction.
class MetricAnalyzer {
 public:
  MetricAnalyzer(const CampaignData& data, const MetricData& metric, const SequentialTest& test,
                 const AnalysisLevels& levels)
      : data_(data), metric_(metric), test_(test), levels_(levels), control_(static_cast<size_t>(data.control)) {}

  absl::StatusOr<MetricAnalysis> Run() && {
    StartReport();
    TIERWISE_RETURN_IF_ERROR(CompareTierArms());
    TIERWISE_RETURN_IF_ERROR(CompareOverall());
    for (size_t variant = 0; variant < data_.variants.size(); ++variant) {
      if (variant != control_) TIERWISE_RETURN_IF_ERROR(PoolTiers(variant));
    }
    for (size_t tier = 0; tier < data_.tiers.size(); ++tier) EmitTier(tier);
    EmitOverall();
    return std::move(result_);
  }

 private:
  const JointMoments& CellMoments(size_t tier, size_t variant) const {
    return metric_.cells[data_.CellOf(tier, variant)];
  }

  void StartReport() {
    const size_t cells = metric_.cells.size(), variants = data_.variants.size();
    result_.metric = &metric_;
    result_.overall.resize(variants);
    result_.tiers.resize(cells);
    result_.heterogeneity_p.assign(variants, 1.0);
    result_.tiers_differ.assign(variants, false);
    result_.guardrails.assign(variants, GuardrailVerdict::kInconclusive);
    raw_.resize(cells);
    adjusted_.resize(cells);
    pooled_.resize(cells);
    merged_.resize(variants);
    v1::MetricReport& report = result_.report;
    report.set_metric(metric_.id);
    report.set_metric_revision(metric_.revision);
    *report.mutable_window() = ToProto(metric_.window);
    *report.mutable_delay() = ToProto(metric_.delay);
    report.set_users_with_open_window(metric_.users_with_open_window);
    report.set_role(metric_.role);
    report.set_uncapped(metric_.is_uncapped);
    if (metric_.found_cap.has_value()) report.set_found_cap(*metric_.found_cap);
  }

  absl::Status Named(const absl::Status& status, absl::string_view tier, size_t variant) const {
    if (status.ok()) return status;
    return absl::InvalidArgumentError(absl::StrCat("metric ", metric_.id, ", tier ", tier.empty() ? "(all)" : tier,
                                                   ", variant ", data_.variants[variant], ": ", status.message()));
  }

  absl::Status CompareTierArms() {
    for (size_t tier = 0; tier < data_.tiers.size(); ++tier) {
      for (size_t variant = 0; variant < data_.variants.size(); ++variant) {
        merged_[variant].Merge(CellMoments(tier, variant));
        if (variant == control_) continue;
        TIERWISE_RETURN_IF_ERROR(Named(CompareCell(tier, variant), data_.tiers[tier].id, variant));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CompareCell(size_t tier, size_t variant) {
    const JointMoments& control = CellMoments(tier, control_);
    const JointMoments& treatment = CellMoments(tier, variant);
    const size_t cell = data_.CellOf(tier, variant);
    if (metric_.estimand == Estimand::kQuantile) {
      const QuantileArms arms{metric_.quantiles[data_.CellOf(tier, control_)], metric_.quantiles[cell],
                              control.n() + treatment.n()};
      TIERWISE_ASSIGN_OR_RETURN(raw_[cell], CompareQuantileArms(arms, levels_.confidence));
      return absl::OkStatus();
    }
    TIERWISE_ASSIGN_OR_RETURN(raw_[cell], CompareArms(metric_.estimand, control, treatment, levels_.confidence));
    if (!metric_.has_covariates()) return absl::OkStatus();
    TIERWISE_ASSIGN_OR_RETURN(adjusted_[cell],
                              CompareAdjusted(metric_.estimand, control, treatment, levels_.confidence));
    return absl::OkStatus();
  }

  const ArmComparison& Deciding(size_t cell) const {
    return adjusted_[cell].has_value() ? *adjusted_[cell] : raw_[cell];
  }

  // Per tier, adjusted where that is possible and asked for.
  std::vector<std::optional<ArmMeans>> TierMeans(size_t variant, bool is_adjusted) const {
    std::vector<std::optional<ArmMeans>> means;
    for (size_t tier = 0; tier < data_.tiers.size(); ++tier) {
      const size_t cell = data_.CellOf(tier, variant);
      means.push_back(is_adjusted ? Deciding(cell).means : raw_[cell].means);
    }
    return means;
  }

  absl::Status CompareOverall() {
    stratified_.resize(data_.variants.size());
    adjusted_overall_.resize(data_.variants.size());
    merged_comparisons_.resize(data_.variants.size());
    for (size_t variant = 0; variant < data_.variants.size(); ++variant) {
      if (variant != control_) TIERWISE_RETURN_IF_ERROR(Named(CompareVariant(variant), "", variant));
    }
    return absl::OkStatus();
  }

  absl::Status CompareVariant(size_t variant) {
    TIERWISE_ASSIGN_OR_RETURN(stratified_[variant],
                              ComparePostStratified(data_, metric_, variant, TierMeans(variant, false),
                                                    v1::ESTIMATOR_POST_STRATIFIED, levels_.confidence));
    if (metric_.estimand == Estimand::kQuantile) {
      const QuantileArms arms{metric_.variant_quantiles[control_], metric_.variant_quantiles[variant],
                              merged_[control_].n() + merged_[variant].n()};
      TIERWISE_ASSIGN_OR_RETURN(merged_comparisons_[variant], CompareQuantileArms(arms, levels_.confidence));
      return absl::OkStatus();
    }
    TIERWISE_ASSIGN_OR_RETURN(merged_comparisons_[variant],
                              CompareArms(metric_.estimand, merged_[control_], merged_[variant], levels_.confidence));
    bool is_any_adjusted = false;
    for (size_t tier = 0; tier < data_.tiers.size(); ++tier)
      is_any_adjusted |= adjusted_[data_.CellOf(tier, variant)].has_value();
    if (!is_any_adjusted) return absl::OkStatus();
    TIERWISE_ASSIGN_OR_RETURN(adjusted_overall_[variant],
                              ComparePostStratified(data_, metric_, variant, TierMeans(variant, true),
                                                    v1::ESTIMATOR_ADJUSTED_POST_STRATIFIED, levels_.confidence));
    return absl::OkStatus();
  }

  const ArmComparison& DecidingOverall(size_t variant) const {
    return adjusted_overall_[variant].has_value() ? *adjusted_overall_[variant] : stratified_[variant];
  }

  absl::Status PoolTiers(size_t variant) {
    const std::optional<ArmMeans>& overall = DecidingOverall(variant).means;
    auto effects = CompareTiers(TierMeans(variant, true), overall.value_or(ArmMeans{}), levels_.confidence);
    TIERWISE_RETURN_IF_ERROR(Named(effects.status(), "", variant));
    v1::Heterogeneity& heterogeneity = *result_.report.add_heterogeneity();
    heterogeneity = std::move(effects->heterogeneity);
    heterogeneity.set_variant(data_.variants[variant]);
    result_.heterogeneity_p[variant] =
        test_.HeterogeneityPValue(heterogeneity.q(), heterogeneity.degrees_of_freedom(), heterogeneity.p_value(),
                                  static_cast<double>(DecidingOverall(variant).shown.users()));
    for (size_t tier = 0; tier < data_.tiers.size(); ++tier) {
      const size_t cell = data_.CellOf(tier, variant);
      pooled_[cell] = std::move(effects->pooled[tier]);
      if (pooled_[cell].has_value()) pooled_[cell]->set_users(raw_[cell].shown.users());
    }
    return absl::OkStatus();
  }

  DecidingEvidence EvidenceOf(const ArmComparison& comparison, const JointMoments& control,
                              const JointMoments& treatment) const {
    DecidingEvidence evidence;
    evidence.means = comparison.means;
    evidence.contrast = comparison.contrast;
    evidence.users = static_cast<double>(comparison.shown.users());
    evidence.events = std::min(EventsOf(metric_.estimand, control), EventsOf(metric_.estimand, treatment));
    const bool is_fixed = test_.rule() == v1::SEQUENTIAL_RULE_FIXED_HORIZON;
    evidence.has_started = is_fixed || evidence.events >= kEventsToStart;
    if (!evidence.means.has_value() || !(evidence.means->DifferenceVariance() > 0.0)) return evidence;
    if (is_fixed && comparison.shown.has_p_value()) evidence.p = comparison.shown.p_value();
    if (!evidence.has_started) return evidence;
    evidence.critical = test_.CriticalValue(levels_.variant_level, evidence.users);
    evidence.intervals = IntervalsOf(*evidence.contrast, evidence.critical);
    if (!is_fixed) evidence.p = test_.PValue(evidence.Z(), evidence.users);
    return evidence;
  }

  // Adds the row with its sequential interval and posterior; returns its evidence.
  DecidingEvidence Emit(const ArmComparison& comparison, absl::string_view tier, size_t variant,
                        const JointMoments& control, const JointMoments& treatment) {
    DecidingEvidence evidence = EvidenceOf(comparison, control, treatment);
    evidence.row = result_.report.comparisons_size();
    v1::Comparison& row = *result_.report.add_comparisons();
    row = comparison.shown;
    row.set_tier(std::string(tier));
    row.set_variant(data_.variants[variant]);
    if (!evidence.means.has_value()) return evidence;
    if (test_.rule() != v1::SEQUENTIAL_RULE_FIXED_HORIZON && row.difference().has_standard_error()) {
      AddSequentialIntervals(*evidence.contrast, evidence.intervals, test_.Kind(), 1.0 - levels_.variant_level, row);
    }
    if (auto posterior = PosteriorOf(*evidence.means, metric_.Sign(), metric_.prior); posterior.has_value()) {
      *row.mutable_posterior() = *std::move(posterior);
    }
    return evidence;
  }

  // `quantiles`: of the arms of a kQuantile.
  void EmitArms(absl::string_view tier, absl::Span<const JointMoments> arms,
                absl::Span<const QuantileEstimate> quantiles) {
    for (size_t variant = 0; variant < arms.size(); ++variant) {
      v1::ArmSummary* summary = result_.report.add_arms();
      *summary = SummarizeArm(metric_.estimand, arms[variant]);
      if (metric_.estimand == Estimand::kQuantile) summary->MergeFrom(SummarizeQuantile(quantiles[variant]));
      summary->set_tier(std::string(tier));
      summary->set_variant(data_.variants[variant]);
    }
  }

  void EmitTier(size_t tier) {
    const std::string& id = data_.tiers[tier].id;
    const auto arms = absl::MakeConstSpan(metric_.cells).subspan(data_.CellOf(tier, 0), data_.variants.size());
    const auto quantiles = absl::MakeConstSpan(metric_.quantiles);
    EmitArms(id, arms, quantiles.empty() ? quantiles : quantiles.subspan(data_.CellOf(tier, 0), arms.size()));
    for (size_t variant = 0; variant < data_.variants.size(); ++variant) {
      if (variant == control_) continue;
      const size_t cell = data_.CellOf(tier, variant);
      const JointMoments& control = CellMoments(tier, control_);
      const JointMoments& treatment = CellMoments(tier, variant);
      result_.tiers[cell] = Emit(raw_[cell], id, variant, control, treatment);
      if (adjusted_[cell].has_value()) result_.tiers[cell] = Emit(*adjusted_[cell], id, variant, control, treatment);
      if (pooled_[cell].has_value()) {
        v1::Comparison& row = *result_.report.add_comparisons();
        row = *std::move(pooled_[cell]);
        row.set_tier(id);
        row.set_variant(data_.variants[variant]);
      }
    }
  }

  void EmitOverall() {
    EmitArms("", merged_, metric_.variant_quantiles);
    for (size_t variant = 0; variant < data_.variants.size(); ++variant) {
      if (variant == control_) continue;
      result_.overall[variant] = Emit(stratified_[variant], "", variant, merged_[control_], merged_[variant]);
      Emit(merged_comparisons_[variant], "", variant, merged_[control_], merged_[variant]);
      if (adjusted_overall_[variant].has_value()) {
        result_.overall[variant] = Emit(*adjusted_overall_[variant], "", variant, merged_[control_], merged_[variant]);
      }
    }
  }

  const CampaignData& data_;
  const MetricData& metric_;
  const SequentialTest& test_;
  const AnalysisLevels& levels_;
  const size_t control_;
  MetricAnalysis result_;
  std::vector<ArmComparison> raw_;  // per cell, as are the next two
  std::vector<std::optional<ArmComparison>> adjusted_;
  std::vector<std::optional<v1::Comparison>> pooled_;
  std::vector<JointMoments> merged_;  // per variant, all tiers together, as are the next three
  std::vector<ArmComparison> stratified_;
  std::vector<ArmComparison> merged_comparisons_;
  std::vector<std::optional<ArmComparison>> adjusted_overall_;
};

}  // namespace

double DecidingEvidence::Z() const { return contrast.has_value() ? StatisticOf(*contrast, 1.0) : 0.0; }

absl::StatusOr<MetricAnalysis> AnalyzeMetric(const CampaignData& data, const MetricData& metric,
                                             const SequentialTest& test, const AnalysisLevels& levels) {
  return MetricAnalyzer(data, metric, test, levels).Run();
}

}  // namespace tierwise
