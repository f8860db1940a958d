// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/claims.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "experiments/base/status_macros.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/gatekeeping.h"
#include "experiments/stats/multiplicity.h"

namespace tierwise {
namespace {

v1::Comparison& RowOf(const DecidingEvidence& evidence, MetricAnalysis& metric) {
  return *metric.report.mutable_comparisons(evidence.row);
}

void Claim(double adjusted_p, std::string family, bool is_claimed, v1::Comparison& row) {
  row.set_adjusted_p_value(std::min(1.0, adjusted_p));
  row.set_family(std::move(family));
  row.set_claimed(is_claimed);
}

Multiplicity MethodOf(v1::TierCorrection correction) {
  return correction == v1::TIER_CORRECTION_BENJAMINI_HOCHBERG ? Multiplicity::kBenjaminiHochberg : Multiplicity::kHolm;
}

const char* WordsFor(v1::TierCorrection correction) {
  return correction == v1::TIER_CORRECTION_BENJAMINI_HOCHBERG ? "Benjamini-Hochberg" : "Holm";
}

// One variant's chain on the primary metric.
absl::Status ClaimChain(const CampaignData& data, size_t variant, bool is_allowed, MetricAnalysis& metric) {
  const double variants = static_cast<double>(data.variants.size() - 1);
  std::vector<size_t> cells;
  std::vector<double> p_values;
  for (size_t tier = 0; tier < data.tiers.size(); ++tier) {
    const size_t cell = data.CellOf(tier, variant);
    // A tier without any estimate is no test.
    if (!metric.tiers[cell].means.has_value()) continue;
    cells.push_back(cell);
    p_values.push_back(metric.tiers[cell].p);
  }
  const DecidingEvidence& overall = metric.overall[variant];
  const GateRule rule{.alpha = data.rules.alpha / variants, .tier_method = MethodOf(data.rules.tier_correction)};
  TIERWISE_ASSIGN_OR_RETURN(const Claims claims,
                            GatekeepClaims(overall.p, metric.heterogeneity_p[variant], p_values, rule));
  Claim(overall.p * variants,
        data.variants.size() > 2 ? absl::StrCat("variants on ", metric.metric->id, ", Bonferroni") : "",
        is_allowed && claims.has_overall_effect, RowOf(overall, metric));
  metric.tiers_differ[variant] = is_allowed && claims.tiers_differ;
  for (size_t i = 0; i < cells.size(); ++i) {
    Claim(claims.tiers[i].adjusted_p * variants,
          absl::StrCat("tiers of ", data.variants[variant], ", ", WordsFor(data.rules.tier_correction)),
          is_allowed && claims.tiers[i].is_rejected, RowOf(metric.tiers[cells[i]], metric));
  }
  return absl::OkStatus();
}

// A guardrail's one-sided test of treatment - (1 -+ margin) control.
absl::Status TestGuardrailOf(const CampaignData& data, const SequentialTest& test, size_t variant, bool is_allowed,
                             MetricAnalysis& metric) {
  const DecidingEvidence& evidence = metric.overall[variant];
  if (!evidence.means.has_value()) return absl::OkStatus();
  const double sign = metric.metric->Sign();
  // A margin of the whole control's mean leaves the contrast T - 0 C, which margins only come close to.
  constexpr double kLeastMargin = -1.0 + 1e-12;
  const double margin = std::max(kLeastMargin, -sign * std::copysign(metric.metric->margin, evidence.means->control));
  constexpr double kUnusedConfidence = 0.95;
  TIERWISE_ASSIGN_OR_RETURN(const Estimate contrast, LinearContrast(*evidence.means, margin, kUnusedConfidence));
  double p = 1.0;
  if (contrast.gap == Gap::kNone && evidence.has_started) {
    const double statistic = StatisticOf(*evidence.contrast, 1.0 + margin);
    const double z = sign * statistic;
    const double two_sided = test.PValue(z, evidence.users);
    p = z > 0.0 ? 0.5 * two_sided : 1.0 - 0.5 * two_sided;
    // The two-sided boundary, of which each guardrail uses one side for "holds" and one for "broken".
    const double level = NormalSf(test.CriticalValue(data.rules.alpha, evidence.users));
    if (level > 0.0 && is_allowed) {
      const MetricDirection direction = sign > 0.0 ? MetricDirection::kHigherIsBetter : MetricDirection::kLowerIsBetter;
      constexpr double kNormal = std::numeric_limits<double>::infinity();
      TIERWISE_ASSIGN_OR_RETURN(const Guardrail guardrail,
                                TestGuardrail(statistic, 1.0, kNormal, 0.0, direction, level));
      metric.guardrails[variant] = guardrail.verdict;
    }
  }
  Claim(p, absl::StrFormat("guardrail: not worse by %g %%, one-sided", 100.0 * metric.metric->margin),
        metric.guardrails[variant] == GuardrailVerdict::kHolds, RowOf(evidence, metric));
  return absl::OkStatus();
}

struct SecondaryTest {
  MetricAnalysis* metric;
  size_t variant;
};

absl::Status ClaimSecondary(const CampaignData& data, bool is_allowed, absl::Span<const SecondaryTest> tests) {
  std::vector<double> p_values;
  for (const SecondaryTest& each : tests) p_values.push_back(each.metric->overall[each.variant].p);
  // Metrics that this report leaves out stay in the family.
  const size_t family_size = static_cast<size_t>(data.secondary_metrics) * (data.variants.size() - 1);
  if (p_values.size() < family_size) p_values.resize(family_size, 1.0);
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<double> adjusted, AdjustPValues(Multiplicity::kHolm, p_values));
  const double variants = static_cast<double>(data.variants.size() - 1);
  for (size_t i = 0; i < tests.size(); ++i) {
    MetricAnalysis& metric = *tests[i].metric;
    // Holm's last steps are at a level above that of the interval beside them: no claim without an interval that
    // agrees.
    const double p = std::max(adjusted[i], variants * p_values[i]);
    Claim(p, "secondary metrics, Holm", is_allowed && p <= data.rules.alpha,
          RowOf(metric.overall[tests[i].variant], metric));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MakeClaims(const CampaignData& data, const SequentialTest& test, bool is_allowed,
                        absl::Span<MetricAnalysis> metrics) {
  std::vector<SecondaryTest> secondary;
  for (MetricAnalysis& metric : metrics) {
    if (metric.metric->is_uncapped) continue;
    for (size_t variant = 0; variant < data.variants.size(); ++variant) {
      if (variant == static_cast<size_t>(data.control)) continue;
      switch (metric.metric->role) {
        case v1::METRIC_ROLE_PRIMARY:
          TIERWISE_RETURN_IF_ERROR(ClaimChain(data, variant, is_allowed, metric));
          break;
        case v1::METRIC_ROLE_GUARDRAIL:
          TIERWISE_RETURN_IF_ERROR(TestGuardrailOf(data, test, variant, is_allowed, metric));
          break;
        default:
          secondary.push_back({&metric, variant});
      }
    }
  }
  return ClaimSecondary(data, is_allowed, secondary);
}

}  // namespace tierwise
