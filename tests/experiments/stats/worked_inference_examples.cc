// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "absl/strings/str_cat.h"
#include "experiments/stats/bayes_effects.h"
#include "experiments/stats/bayes_rates.h"
#include "experiments/stats/bernoulli_e_value.h"
#include "experiments/stats/confidence_sequence.h"
#include "experiments/stats/distributions.h"
#include "experiments/stats/dunnett.h"
#include "experiments/stats/gatekeeping.h"
#include "experiments/stats/group_sequential.h"
#include "experiments/stats/heterogeneity.h"
#include "experiments/stats/multiplicity.h"
#include "experiments/stats/noninferiority.h"
#include "experiments/stats/pooling.h"
#include "experiments/stats/power.h"
#include "experiments/stats/stage_wise.h"
#include "tests/experiments/stats/worked_examples.h"

namespace tierwise {
namespace {

constexpr double kConfidence = 0.95;
constexpr double kAlpha = 0.05;

std::vector<double> Ends(const Interval& interval) { return {interval.lower, interval.upper}; }

std::vector<double> CriticalValues(const std::vector<LookBoundary>& boundaries) {
  std::vector<double> critical;
  for (const LookBoundary& look : boundaries) critical.push_back(look.critical_z);
  return critical;
}

Results AlphaSpending(const Given& given) {
  const std::vector<LookBoundary> looks = *SpendingBoundaries({}, given.List("fractions"), true);
  std::vector<double> spent;
  for (const LookBoundary& look : looks) spent.push_back(look.cumulative_alpha);
  const double drift = NormalQuantile(0.975) + NormalQuantile(0.8);
  return {{"critical_z", CriticalValues(looks)},
          {"spent", spent},
          {"power", {PowerOf(looks, 2, drift)->power}},
          {"inflation", {*InflationFactor(looks, kAlpha, 2, 0.8)}},
          {"interval_at_look_2",
           Ends(RepeatedConfidenceInterval(given.Number("estimate"), given.Number("std_error"), looks[1]))}};
}

Results StageWise(const Given& given) {
  const std::vector<LookBoundary> looks = *SpendingBoundaries({}, given.List("fractions"), false);
  const StageWiseInference result =
      *InferStageWise(looks, 2, given.Number("estimate"), given.Number("std_error"), kConfidence);
  return {{"critical_z", CriticalValues(looks)},
          {"p", {result.p_value}},
          {"median_unbiased", {result.median_unbiased_effect}},
          {"interval", Ends(result.interval)}};
}

Results ConfidenceSequence(const Given& given) {
  const AlwaysValid result = *AsymptoticConfidenceSequence({.estimate = given.Number("estimate"),
                                                            .std_error = given.Number("std_error"),
                                                            .n = given.Number("n"),
                                                            .n_star = given.Number("n_star")});
  return {{"mixture_variance", {MixtureVariance(kAlpha, given.Number("n_star"))}},
          {"multiplier", {result.multiplier}},
          {"interval", Ends(result.interval)},
          {"p", {result.p_value}}};
}

Results MixtureTest(const Given& given) {
  const AlwaysValid result = *MixtureSprt(
      {.estimate = given.Number("estimate"), .std_error = given.Number("std_error"), .tau2 = given.Number("tau2")});
  return {{"multiplier", {result.multiplier}}, {"ln_e", {result.ln_e_value}}, {"p", {result.p_value}}};
}

Results EValue(const Given& given) {
  std::vector<BernoulliBlock> blocks;
  for (int i = 1; given.Has(absl::StrCat("block_", i)); ++i) {
    const std::vector<double>& counts = given.List(absl::StrCat("block_", i));
    blocks.push_back({static_cast<int>(counts[0]), std::llround(counts[1]), std::llround(counts[2]),
                      std::llround(counts[3]), std::llround(counts[4])});
  }
  const BernoulliEValue result = *StratifiedBernoulliEValue(blocks, static_cast<int>(given.Number("strata")));
  return {{"ln_e", {result.ln_e_value}}, {"p", {result.p_value}}};
}

Results BetaBinomial(const Given& given) {
  const BetaPosterior prior{given.List("prior")[0], given.List("prior")[1]};
  const auto posterior = [&](const char* arm) {
    const std::vector<double>& counts = given.List(arm);
    return *UpdateBeta(prior, std::llround(counts[0]), std::llround(counts[1]));
  };
  const BetaPosterior control = posterior("control");
  const RateComparison result = *CompareRates(control, posterior("treatment"));
  return {{"chance_to_beat_control", {result.chance_to_beat_control}},
          {"expected_loss_treatment", {result.expected_loss_treatment}},
          {"expected_loss_control", {result.expected_loss_control}},
          {"control_interval", Ends(CredibleInterval(control, kConfidence))}};
}

Results NormalPrior(const Given& given) {
  const EffectPrior prior{PriorKind::kChosen, given.List("prior")[0], given.List("prior")[1]};
  const EffectPosterior result = *UpdateEffect(prior, given.Number("estimate"), given.Number("std_error"), kConfidence);
  return {{"mean", {result.mean}},
          {"sd", {result.sd}},
          {"interval", Ends(result.interval)},
          {"chance_to_beat_control", {result.chance_to_beat_control}},
          {"expected_loss_treatment", {result.expected_loss_treatment}}};
}

std::vector<TierEffect> TierEffects(const Given& given, const char* effects, const char* std_errors) {
  std::vector<TierEffect> tiers;
  for (size_t k = 0; k < given.List(effects).size(); ++k) {
    tiers.push_back({.effect = given.List(effects)[k], .se = given.List(std_errors)[k]});
  }
  return tiers;
}

Results PastCampaigns(const Given& given) {
  const EffectPrior prior = *PriorFromPastCampaigns(TierEffects(given, "effects", "std_errors"));
  return {{"mean", {prior.mean}}, {"sd", {prior.sd}}};
}

Results FamilyWiseError(const Given& given) {
  const auto adjusted = [&](Multiplicity method) { return *AdjustPValues(method, given.List("p_values")); };
  return {{"bonferroni", adjusted(Multiplicity::kBonferroni)},
          {"holm", adjusted(Multiplicity::kHolm)},
          {"holm_sidak", adjusted(Multiplicity::kHolmSidak)},
          {"hochberg", adjusted(Multiplicity::kHochberg)},
          {"hommel", adjusted(Multiplicity::kHommel)}};
}

Results FalseDiscoveries(const Given& given) {
  const std::vector<double>& p_values = given.List("p_values");
  const auto decisions = *DecideFamily(Multiplicity::kBenjaminiHochberg, p_values, kAlpha);
  return {{"benjamini_hochberg", *AdjustPValues(Multiplicity::kBenjaminiHochberg, p_values)},
          {"benjamini_yekutieli", *AdjustPValues(Multiplicity::kBenjaminiYekutieli, p_values)},
          {"interval_alpha", {decisions[0].interval_alpha}}};
}

Results EValueFamily(const Given& given) { return {{"adjusted", *AdjustLnEValues(given.List("ln_e"))}}; }

Results Dunnett(const Given& given) {
  std::vector<ManyToOne> variants;
  for (size_t i = 0; i < given.List("effects").size(); ++i) {
    variants.push_back({given.List("effects")[i], given.List("treatment_variances")[i]});
  }
  const DunnettResult result = *CompareWithControl(variants, given.Number("control_variance"), kAlpha);
  std::vector<double> adjusted;
  for (const DunnettComparison& comparison : result.comparisons) adjusted.push_back(comparison.adjusted_p);
  return {{"critical_z", {result.critical_z}},
          {"adjusted_p", adjusted},
          {"interval_1", Ends(result.comparisons[0].interval)}};
}

Results Gatekeeping(const Given& given) {
  const Claims claims =
      *GatekeepClaims(given.Number("overall_p"), given.Number("heterogeneity_p"), given.List("tier_p_values"), {});
  std::vector<double> adjusted, is_claimed;
  for (const FamilyDecision& tier : claims.tiers) {
    adjusted.push_back(tier.adjusted_p);
    is_claimed.push_back(tier.is_rejected ? 1.0 : 0.0);
  }
  return {{"tier_alpha", {claims.tier_alpha}}, {"adjusted_p", adjusted}, {"is_claimed", is_claimed}};
}

Results Guardrails(const Given& given) {
  const Guardrail guardrail =
      *TestGuardrail(given.Number("effect"), given.Number("std_error"), HUGE_VAL, given.Number("margin"),
                     MetricDirection::kHigherIsBetter, given.Number("alpha"));
  return {
      {"holds_p", {guardrail.holds_p}}, {"broken_p", {guardrail.broken_p}}, {"worst_effect", {guardrail.worst_effect}}};
}

Results HeterogeneityExample(const Given& given) {
  std::vector<TierEffect> tiers = TierEffects(given, "effects", "std_errors");
  const Heterogeneity result = *TestHeterogeneity(tiers, kConfidence);
  for (size_t k = 0; k < tiers.size(); ++k) tiers[k].df = given.List("degrees_of_freedom")[k];
  const Heterogeneity few_users = *TestHeterogeneity(tiers, kConfidence);
  return {{"q", {result.q}},         {"p", {result.p}},    {"i2", {result.i2}},
          {"tau", Ends(result.tau)}, {"f", {few_users.f}}, {"f_p", {few_users.f_p}}};
}

Results RandomEffectsExample(const Given& given) {
  const std::vector<TierEffect> tiers = TierEffects(given, "effects", "std_errors");
  const auto pool = [&](TauMethod method) { return *PoolEffects(tiers, method, kConfidence); };
  const RandomEffects pooled = pool(TauMethod::kRestrictedLikelihood);
  const KnappHartung knapp_hartung = *KnappHartungMean(tiers, pooled.tau2, true, kConfidence);
  return {{"tau2_dersimonian_laird", {pool(TauMethod::kDerSimonianLaird).tau2}},
          {"tau2_paule_mandel", {pool(TauMethod::kPauleMandel).tau2}},
          {"tau2_reml", {pooled.tau2}},
          {"mean", {pooled.mean}},
          {"se", {pooled.se}},
          {"shrunk", pooled.shrunk},
          {"knapp_hartung_se", {knapp_hartung.se}},
          {"knapp_hartung_interval", Ends(knapp_hartung.interval)}};
}

Results PartialPoolingExample(const Given& given) {
  const PartialPooling pooled =
      *PoolPartially({.effects = TierEffects(given, "effects", "std_errors"), .tau_scale = given.Number("tau_scale")});
  std::vector<double> means, sds;
  for (const Posterior& tier : pooled.tiers) {
    means.push_back(tier.mean);
    sds.push_back(tier.sd);
  }
  return {{"tier_means", means},
          {"tier_sds", sds},
          {"tier_1_interval", Ends(pooled.tiers[0].interval)},
          {"overall_mean", {pooled.overall.mean}},
          {"overall_sd", {pooled.overall.sd}},
          {"tau_mean", {pooled.tau_mean}}};
}

Results SampleSize(const Given& given) {
  const double control = given.List("rates")[0], treatment = given.List("rates")[1];
  const ArmVariances variances = RateVariances(control, treatment);
  const PowerTarget target{.power = given.Number("power")};
  PowerTarget adjusted = target, variants = target;
  adjusted.correlation = given.Number("correlation");
  variants.comparisons = 3;
  return {{"users", {*ControlUsersNeeded(variances, treatment - control, target)}},
          {"users_adjusted", {*ControlUsersNeeded(variances, treatment - control, adjusted)}},
          {"users_pooled", {*ControlUsersNeededPooled(control, treatment, target)}},
          {"users_arcsine", {*ControlUsersNeededArcsine(control, treatment, target)}},
          {"users_three_variants", {*ControlUsersNeeded(variances, treatment - control, variants)}},
          {"users_student",
           {*ControlUsersNeededT(std::pow(given.Number("standard_deviation"), 2.0), given.Number("effect"), target)}}};
}

Results DetectableEffectExample(const Given& given) {
  const double rate = given.Number("control_rate");
  const std::vector<double>& users = given.List("users");
  const PowerTarget target{.power = given.Number("power")};
  const DetectableRates rates = *DetectableRateChange(rate, users[0], users[1], target);
  return {{"increase", {*rates.increase}},
          {"decrease", {*rates.decrease}},
          {"detectable", {*DetectableEffect(RateVariances(rate, rate), users[0], users[1], target)}}};
}

Results OtherSizes(const Given& given) {
  const double control = given.List("rates")[0], treatment = given.List("rates")[1];
  const ArmVariances variances = RateVariances(control, treatment);
  const double effect = treatment - control;
  return {
      {"sequence_users",
       {ControlUsersForConfidenceSequence(variances, effect, given.Number("n_star"), {})->control_users}},
      {"interaction_users", {*ControlUsersForInteraction(variances, variances, effect, {})}},
      {"heterogeneity_power", {*HeterogeneityPower(given.List("tier_effects"), given.List("tier_std_errors"), kAlpha)}},
      {"days", {*DaysUntil(given.Number("users"), given.Number("users_per_day"), given.Number("window_days"))}}};
}

}  // namespace

std::vector<WorkedExample> InferenceExamples() {
  return {{"alpha-spending", AlphaSpending},
          {"stage-wise-inference", StageWise},
          {"confidence-sequences", ConfidenceSequence},
          {"mixture-test", MixtureTest},
          {"bernoulli-e-values", EValue},
          {"beta-binomial", BetaBinomial},
          {"normal-prior", NormalPrior},
          {"prior-from-past-campaigns", PastCampaigns},
          {"family-wise-error", FamilyWiseError},
          {"false-discoveries", FalseDiscoveries},
          {"e-values", EValueFamily},
          {"dunnett", Dunnett},
          {"gatekeeping", Gatekeeping},
          {"guardrails", Guardrails},
          {"heterogeneity", HeterogeneityExample},
          {"random-effects", RandomEffectsExample},
          {"partial-pooling", PartialPoolingExample},
          {"sample-size", SampleSize},
          {"detectable-effect", DetectableEffectExample},
          {"sizes-of-other-questions", OtherSizes}};
}

}  // namespace tierwise
