// SPDX-License-Identifier: Apache-2.0
#include "experiments/analysis/decisions.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "experiments/analysis/days_left.h"

namespace tierwise {
namespace {

std::string Percent(double share) { return absl::StrFormat("%+.2f %%", 100.0 * share); }

std::string EndText(double end, bool is_lift) {
  if (std::isinf(end)) return "unbounded";
  return is_lift ? Percent(end) : absl::StrFormat("%+.4g", end);
}

// What was judged: a variant's evidence on the primary metric.
struct Judged {
  const MetricAnalysis& metric;
  const DecidingEvidence& evidence;
  bool IsClaimed() const { return metric.report.comparisons(evidence.row).claimed(); }
  double Benefit() const {
    return evidence.means.has_value() ? metric.metric->Sign() * (evidence.means->treatment - evidence.means->control)
                                      : 0.0;
  }
  // Of the lift, turned so that higher is better.
  Interval BenefitLift() const {
    const Interval& lift = evidence.intervals.lift;
    return metric.metric->Sign() > 0.0 ? lift : Interval{-lift.upper, -lift.lower};
  }
};

class Decider {
 public:
  Decider(const CampaignData& data, const SequentialTest& test, absl::Span<const v1::HealthCheck> checks,
          absl::Span<const MetricAnalysis> metrics, const MetricAnalysis& primary)
      : data_(data),
        test_(test),
        metrics_(metrics),
        primary_(primary),
        level_(data.rules.alpha / static_cast<double>(data.variants.size() - 1)) {
    for (const v1::HealthCheck& check : checks) {
      if (check.status() != v1::HEALTH_STATUS_FAILED) continue;
      failures_.push_back(check.tier().empty() ? check.check()
                                               : absl::StrCat(check.check(), " in tier ", check.tier()));
    }
  }

  v1::Decision Overall(size_t variant) const {
    v1::Decision decision = failures_.empty() ? Judge(variant, primary_.overall[variant]) : Unhealthy();
    decision.set_variant(data_.variants[variant]);
    if (primary_.tiers_differ[variant]) {
      decision.set_text(absl::StrCat(decision.text(), " Its effect differs between tiers: see each."));
    }
    return decision;
  }

  v1::Decision OfTier(size_t tier, size_t variant, const v1::Decision& overall) const {
    const DecidingEvidence& evidence = primary_.tiers[data_.CellOf(tier, variant)];
    v1::Decision decision = primary_.tiers_differ[variant] ? Judge(variant, evidence) : overall;
    decision.set_variant(data_.variants[variant]);
    decision.set_tier(data_.tiers[tier].id);
    if (primary_.tiers_differ[variant] || !failures_.empty()) return decision;
    if (decision.verdict() == v1::VERDICT_KEEP_RUNNING) {
      SetDays(evidence, decision);
      decision.set_text(absl::StrCat("No answer over all tiers yet, and tiers are not judged before. Here ",
                                     EffectText(evidence), DaysText(decision)));
    } else {
      decision.set_text(absl::StrCat("As over all tiers, since tiers are not shown to differ: ", overall.text(),
                                     " Here ", EffectText(evidence), "."));
    }
    return decision;
  }

 private:
  v1::Decision Unhealthy() const {
    v1::Decision decision;
    decision.set_verdict(v1::VERDICT_UNHEALTHY);
    decision.set_text(absl::StrCat("Nothing can be said: ", absl::StrJoin(failures_, ", "),
                                   " failed. Mend that first, as the check says."));
    decision.set_rule("While a health check fails, nothing is claimed.");
    return decision;
  }

  std::string EffectText(const DecidingEvidence& evidence) const {
    if (!evidence.means.has_value()) return "there is no estimate";
    const v1::Comparison& row = primary_.report.comparisons(evidence.row);
    const bool is_lift = row.lift().has_estimate();
    const double estimate = is_lift ? row.lift().estimate() : row.difference().estimate();
    const Interval& interval = is_lift ? evidence.intervals.lift : evidence.intervals.difference;
    std::string text =
        absl::StrCat(primary_.metric->id, is_lift ? " changes by " : " differs by ", EndText(estimate, is_lift));
    if (interval.IsBounded()) {
      absl::StrAppendFormat(&text, " (%g %% interval %s to %s)", 100.0 * (1.0 - level_),
                            EndText(interval.lower, is_lift), EndText(interval.upper, is_lift));
    }
    return text;
  }

  std::string RuleText(absl::string_view what) const {
    return absl::StrFormat("%s; %s, level %g.", what, test_.RuleName(), level_);
  }

  void SetDays(const DecidingEvidence& evidence, v1::Decision& decision) const {
    decision.clear_days_left();
    const double detectable =
        evidence.means.has_value() ? data_.rules.worthwhile_lift * std::abs(evidence.means->control) : 0.0;
    if (const auto days = DaysLeft(evidence, detectable, test_, {data_.first_exposure, data_.as_of, level_});
        days.has_value()) {
      // It is an estimate: whole days, so that it does not change from one second to the next.
      decision.set_days_left(std::max(1.0, std::ceil(*days - 1e-6)));
    }
  }

  // The end of a sentence about KEEP_RUNNING, with what comes next.
  std::string DaysText(const v1::Decision& decision) const {
    std::string days = decision.has_days_left()
                           ? absl::StrFormat("about %.0f more days at the present pace", decision.days_left())
                           : "for how long can't be told from these numbers";
    if (data_.as_of >= test_.horizon()) {
      return absl::StrCat(". The schedule is over: to learn more, extend it or run it again, ", days, ".");
    }
    return absl::StrCat(". Keep running: ", days, ".");
  }

  v1::Decision KeepRunning(const DecidingEvidence& evidence, absl::string_view why) const {
    v1::Decision decision;
    decision.set_verdict(v1::VERDICT_KEEP_RUNNING);
    decision.set_rule(RuleText("Neither better nor worse can be claimed"));
    SetDays(evidence, decision);
    decision.set_text(absl::StrCat(why, EffectText(evidence), DaysText(decision)));
    return decision;
  }

  v1::Decision Final(v1::Verdict verdict, std::string text, absl::string_view rule) const {
    v1::Decision decision;
    decision.set_verdict(verdict);
    decision.set_text(std::move(text));
    decision.set_rule(RuleText(rule));
    return decision;
  }

  // Ids of the guardrails of `variant` with this verdict.
  std::vector<std::string> Guardrails(size_t variant, GuardrailVerdict verdict) const {
    std::vector<std::string> ids;
    for (const MetricAnalysis& metric : metrics_) {
      const bool is_guardrail = metric.metric->role == v1::METRIC_ROLE_GUARDRAIL && !metric.metric->is_uncapped;
      if (is_guardrail && metric.guardrails[variant] == verdict) ids.push_back(metric.metric->id);
    }
    return ids;
  }

  v1::Decision Judge(size_t variant, const DecidingEvidence& evidence) const {
    const Judged judged{primary_, evidence};
    const std::string effect = EffectText(evidence);
    if (const auto broken = Guardrails(variant, GuardrailVerdict::kBroken); !broken.empty()) {
      return Final(v1::VERDICT_ROLL_BACK,
                   absl::StrCat("Roll back: guardrail ", absl::StrJoin(broken, ", "),
                                " is worse by more than its margin. ", effect, "."),
                   "A guardrail is shown to be worse by more than its margin");
    }
    if (!test_.IsOpen()) return KeepRunning(evidence, "Results are read once, at the end. So far ");
    if (!evidence.has_started) {
      return KeepRunning(evidence,
                         absl::StrFormat("Too little data: %.0f events in the smaller arm, %.0f are needed. So far ",
                                         evidence.events, kEventsToStart));
    }
    const double worthwhile = data_.rules.worthwhile_lift;
    const Interval lift = judged.BenefitLift();
    if (worthwhile > 0.0 && -worthwhile < lift.lower && lift.upper < worthwhile) {
      return Final(
          v1::VERDICT_NO_WORTHWHILE_EFFECT,
          absl::StrFormat("No effect worth having: %s, all of it within %g %% of none.", effect, 100.0 * worthwhile),
          "The interval of the lift lies within the worthwhile lift on both sides");
    }
    if (!judged.IsClaimed()) return KeepRunning(evidence, "No answer yet: ");
    if (judged.Benefit() < 0.0) {
      return Final(v1::VERDICT_ROLL_BACK, absl::StrCat("Roll back, it does harm: ", effect, "."),
                   "It may be claimed to be worse");
    }
    if (const auto open = Guardrails(variant, GuardrailVerdict::kInconclusive); !open.empty()) {
      v1::Decision decision = KeepRunning(evidence, "");
      decision.clear_days_left();
      decision.set_text(absl::StrCat("Better, but guardrail ", absl::StrJoin(open, ", "),
                                     " is not shown to hold yet: ", effect, ". Keep running until it does."));
      decision.set_rule(RuleText("It may be claimed to be better, but not yet that every guardrail holds"));
      return decision;
    }
    return Final(v1::VERDICT_SHIP, absl::StrCat("Ship it: ", effect, "."),
                 "It may be claimed to be better, and every guardrail holds");
  }

  const CampaignData& data_;
  const SequentialTest& test_;
  const absl::Span<const MetricAnalysis> metrics_;
  const MetricAnalysis& primary_;
  const double level_;
  std::vector<std::string> failures_;
};

bool IsTargeted(const CampaignData& data, size_t tier, size_t variant) {
  return data.tiers[tier].expected_share[variant] > 0.0 || data.users[data.CellOf(tier, variant)] > 0;
}

}  // namespace

std::vector<v1::Decision> Decide(const CampaignData& data, const SequentialTest& test,
                                 absl::Span<const v1::HealthCheck> checks, absl::Span<const MetricAnalysis> metrics) {
  const auto primary = std::find_if(metrics.begin(), metrics.end(),
                                    [&data](const MetricAnalysis& metric) { return metric.metric == data.Primary(); });
  if (primary == metrics.end()) return {};
  const Decider decider(data, test, checks, metrics, *primary);
  const auto control = static_cast<size_t>(data.control);
  std::vector<v1::Decision> overall(data.variants.size());
  std::vector<v1::Decision> decisions;
  for (size_t variant = 0; variant < data.variants.size(); ++variant) {
    if (variant == control) continue;
    overall[variant] = decider.Overall(variant);
    decisions.push_back(overall[variant]);
  }
  for (size_t tier = 0; tier < data.tiers.size(); ++tier) {
    if (!IsTargeted(data, tier, control)) continue;
    for (size_t variant = 0; variant < data.variants.size(); ++variant) {
      if (variant == control || !IsTargeted(data, tier, variant)) continue;
      decisions.push_back(decider.OfTier(tier, variant, overall[variant]));
    }
  }
  return decisions;
}

}  // namespace tierwise
