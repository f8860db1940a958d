// SPDX-License-Identifier: Apache-2.0
#include "client/cli/report_footnotes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/report_rows.h"

namespace tierwise {
namespace {

// Distinct, in the order of their coming; empty ones are left out.
void AddOnce(std::string text, std::vector<std::string>& texts) {
  if (!text.empty() && std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
}

std::string PromiseText(v1::IntervalKind kind) {
  switch (kind) {
    case v1::INTERVAL_KIND_FIXED_HORIZON:
      return "right if read once, at a time fixed beforehand";
    case v1::INTERVAL_KIND_ALPHA_SPENDING:
      return "right at every planned look";
    case v1::INTERVAL_KIND_ALWAYS_VALID:
      return "right whenever read";
    case v1::INTERVAL_KIND_CREDIBLE:
      return "credible, given the prior";
    default:
      return "";
  }
}

// Intervals that promise the same, and what they are made by.
struct IntervalGroup {
  std::string promise;
  std::vector<std::string> differences, lifts;
};

IntervalGroup& GroupOf(const v1::Interval& interval, std::vector<IntervalGroup>& groups) {
  const std::string kind = PromiseText(interval.kind());
  const std::string promise =
      absl::StrCat(absl::StrFormat("%g%%", 100 * interval.confidence()), kind.empty() ? "" : ", ", kind);
  const auto found =
      std::find_if(groups.begin(), groups.end(), [&](const IntervalGroup& group) { return group.promise == promise; });
  if (found != groups.end()) return *found;
  return groups.emplace_back(IntervalGroup{promise, {}, {}});
}

std::string IntervalsText(const std::vector<const v1::Comparison*>& rows) {
  std::vector<IntervalGroup> groups;
  for (const v1::Comparison* row : rows) {
    if (row->difference().intervals().empty()) continue;
    const v1::Interval& difference = row->difference().intervals(0);
    IntervalGroup& group = GroupOf(difference, groups);
    AddOnce(difference.method(), group.differences);
    // A lift is read as its difference is.
    if (!row->lift().intervals().empty()) AddOnce(row->lift().intervals(0).method(), group.lifts);
  }
  std::vector<std::string> texts;
  for (const IntervalGroup& group : groups) {
    std::string by = absl::StrJoin(group.differences, ", ");
    if (!group.lifts.empty() && group.lifts != group.differences) {
      absl::StrAppend(&by, " (lift: ", absl::StrJoin(group.lifts, ", "), ")");
    }
    texts.push_back(absl::StrCat(group.promise, by.empty() ? "" : ", by ", by));
  }
  return texts.empty() ? "" : absl::StrCat("Intervals: ", absl::StrJoin(texts, "; "), ".");
}

}  // namespace

std::vector<std::string> Footnotes(const v1::MetricReport& metric, bool is_full) {
  std::vector<const v1::Comparison*> rows;
  std::vector<std::string> overall, tiers, families, tests;
  for (const std::string& variant : VariantsOf(metric)) {
    for (const Scope& scope : ScopesOf(metric, variant)) {
      rows.push_back(scope.main);
      AddOnce(EstimatorTitle(scope.main->estimator()), scope.tier.empty() ? overall : tiers);
      AddOnce(scope.main->family(), families);
      AddOnce(scope.main->test(), tests);
      if (is_full) rows.insert(rows.end(), scope.others.begin(), scope.others.end());
    }
  }
  std::string first = IntervalsText(rows);
  if (!overall.empty()) absl::StrAppend(&first, " All tiers: ", absl::StrJoin(overall, " or "), ".");
  if (!tiers.empty()) absl::StrAppend(&first, " Each tier: ", absl::StrJoin(tiers, " or "), ".");
  std::vector<std::string> lines = {std::move(first)};
  if (is_full) {
    std::string second;
    if (!families.empty()) absl::StrAppend(&second, "Families: ", absl::StrJoin(families, "; "), ". ");
    if (!tests.empty()) absl::StrAppend(&second, "p: ", absl::StrJoin(tests, ", "), ", two-sided, as if read once. ");
    if (metric.metric_revision() > 0) absl::StrAppend(&second, "Metric revision ", metric.metric_revision(), ".");
    lines.push_back(std::move(second));
  }
  return lines;
}

std::string SequentialText(const v1::SequentialState& state) {
  std::string text = absl::StrCat(state.rule(), ": look ", state.looks());
  if (state.has_information_fraction()) {
    absl::StrAppendFormat(&text, ", %.0f%% of the planned information", 100 * state.information_fraction());
  }
  if (state.critical_value() > 0) {
    absl::StrAppendFormat(&text, ", a claim takes %.2f standard errors", state.critical_value());
  }
  if (!state.started()) absl::StrAppend(&text, "; not enough data for a verdict yet");
  return text;
}

std::string StoppedText(const v1::StoppedEstimate& stopped, const NumberStyle& style) {
  std::string text = absl::StrCat("boundary first crossed at look ", stopped.look());
  if (!stopped.has_median_unbiased_difference()) return text;
  absl::StrAppend(&text, ": corrected for stopping there, ", NumberText(stopped.median_unbiased_difference(), style),
                  " ", IntervalText(stopped.interval(), style));
  return absl::StrCat(text, style.is_percent ? " pp" : "");
}

std::string HeterogeneityText(const v1::Heterogeneity& heterogeneity, const NumberStyle& style) {
  NumberStyle unsigned_style = style;
  unsigned_style.is_signed = false;
  std::string text = absl::StrCat(
      absl::StrFormat("between tiers: Q = %.2f on %d degree%s of freedom", heterogeneity.q(),
                      heterogeneity.degrees_of_freedom(), heterogeneity.degrees_of_freedom() == 1 ? "" : "s"),
      ", p = ", PValueText(heterogeneity.p_value()), absl::StrFormat(", I2 = %.0f%%", 100 * heterogeneity.i_squared()),
      ", tau = ", NumberText(heterogeneity.tau(), unsigned_style));
  if (heterogeneity.tau_interval().has_lower() || heterogeneity.tau_interval().has_upper()) {
    absl::StrAppend(&text, " ", IntervalText(heterogeneity.tau_interval(), unsigned_style));
  }
  return absl::StrCat(text, style.is_percent ? " pp" : "");
}

std::vector<std::string> Legend(const v1::Report& report, bool is_full) {
  bool has_claim = false, has_held_guardrail = false, has_adjusted_p = false, has_guardrail_p = false;
  std::vector<std::string> priors;
  for (const v1::MetricReport& metric : report.metrics()) {
    const bool is_guardrail = metric.role() == v1::METRIC_ROLE_GUARDRAIL;
    const bool has_chance = is_full || metric.role() == v1::METRIC_ROLE_PRIMARY;
    for (const v1::Comparison& row : metric.comparisons()) {
      (is_guardrail ? has_held_guardrail : has_claim) |= row.claimed();
      (is_guardrail ? has_guardrail_p : has_adjusted_p) |= row.has_adjusted_p_value();
      if (has_chance && row.has_posterior()) AddOnce(row.posterior().prior(), priors);
    }
  }
  std::vector<std::string> lines;
  const auto add = [&lines](absl::string_view mark, std::initializer_list<absl::string_view> meanings) {
    std::vector<absl::string_view> shown;
    for (const absl::string_view meaning : meanings) {
      if (!meaning.empty()) shown.push_back(meaning);
    }
    if (!shown.empty()) lines.push_back(absl::StrCat(mark, ": ", absl::StrJoin(shown, "; ")));
  };
  add("* claimed", {has_claim ? "survives the sequential rule and the correction over its family" : "",
                    has_held_guardrail ? "of a guardrail, shown not to be worse by more than its margin" : ""});
  add("adjusted p", {has_adjusted_p ? "by the sequential rule, corrected over its family" : "",
                     has_guardrail_p ? "of a guardrail, of being worse by its margin" : ""});
  if (!priors.empty()) {
    // The primary metric comes first; only it can have a prior of its own.
    lines.push_back(absl::StrCat("chance: that the variant beats the control, given ",
                                 absl::StrJoin(priors, "; for other metrics, ")));
  }
  return lines;
}

}  // namespace tierwise
