// SPDX-License-Identifier: Apache-2.0
#include "client/cli/report_health.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/message_text.h"
#include "client/cli/report_lines.h"

namespace tierwise {
namespace {

LabelledText CheckRow(const v1::HealthCheck& check) {
  const bool is_ok = check.status() == v1::HEALTH_STATUS_OK;
  const bool has_failed = check.status() == v1::HEALTH_STATUS_FAILED;
  const Style style = has_failed ? Style::kRed : is_ok ? Style::kGreen : Style::kYellow;
  return {{{is_ok        ? "ok"
            : has_failed ? "FAILED"
                         : "WARNING",
            style},
           {check.check(), {}},
           {check.tier().empty() ? "all tiers" : check.tier(), {}}},
          {check.message(), is_ok ? std::optional<Style>(Style::kDim) : std::nullopt}};
}

// A check that found nothing, in a few words; empty where it had nothing to look at.
std::string OkPhrase(const v1::Report& report, const v1::HealthCheck& check) {
  const std::string& name = check.check();
  if (name == "two_variants") {
    return report.cohort().users_in_two_variants() == 0 ? "no user in two variants" : "few users in two variants";
  }
  if (name == "unknown_cells") {
    return report.cohort().users_in_unknown_cells() == 0 ? "no unknown tiers or variants"
                                                         : "few users in unknown tiers or variants";
  }
  if (name == "sample_size") {
    const bool has_primary =
        std::any_of(report.metrics().begin(), report.metrics().end(),
                    [](const v1::MetricReport& metric) { return metric.role() == v1::METRIC_ROLE_PRIMARY; });
    return has_primary ? "enough events in every arm" : "";
  }
  if (name == "pre_exposure_imbalance") return check.has_p_value() ? "arms alike before exposure" : "";
  if (name == "sample_ratio_sequential") return "kept on every day";
  if (name == "events_before_exposure") return "exposures recorded in time";
  if (name == "zero_variance") return "every metric varies";
  if (name == "weights_changed") return "weights unchanged";
  return absl::StrReplaceAll(name, {{"_", " "}});
}

// "sample ratio (p = 0.90) overall and in 3 tiers"; empty where it was not found in order anywhere.
std::string SampleRatioPhrase(const v1::Report& report) {
  std::string p;
  bool is_overall = false;
  int tiers = 0;
  for (const v1::HealthCheck& check : report.checks()) {
    if (check.check() != "sample_ratio" || check.status() != v1::HEALTH_STATUS_OK) continue;
    if (!check.tier().empty()) {
      ++tiers;
      continue;
    }
    is_overall = true;
    if (check.has_p_value()) p = absl::StrFormat(" (p = %.2f)", check.p_value());
  }
  if (!is_overall && tiers == 0) return "";
  const std::string in_tiers =
      tiers == 0 ? "" : absl::StrCat(is_overall ? " and in " : " in ", tiers, tiers == 1 ? " tier" : " tiers");
  return absl::StrCat("sample ratio", p, is_overall && tiers > 0 ? " overall" : "", in_tiers);
}

std::string OkLine(const v1::Report& report, bool is_all_ok) {
  std::vector<std::string> phrases;
  if (std::string ratio = SampleRatioPhrase(report); !ratio.empty()) phrases.push_back(std::move(ratio));
  for (const v1::HealthCheck& check : report.checks()) {
    if (check.status() != v1::HEALTH_STATUS_OK || check.check() == "sample_ratio") continue;
    std::string phrase = OkPhrase(report, check);
    if (phrase.empty() || std::find(phrases.begin(), phrases.end(), phrase) != phrases.end()) continue;
    phrases.push_back(std::move(phrase));
  }
  if (phrases.empty()) return "";
  return absl::StrCat(is_all_ok ? "healthy: " : "in order: ", absl::StrJoin(phrases, ", "));
}

Style StyleOf(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_SHIP:
      return Style::kGreen;
    case v1::VERDICT_ROLL_BACK:
    case v1::VERDICT_UNHEALTHY:
      return Style::kRed;
    case v1::VERDICT_KEEP_RUNNING:
      return Style::kYellow;
    default:
      return Style::kBold;
  }
}

std::string VerdictTitle(v1::Verdict verdict) {
  return absl::AsciiStrToUpper(absl::StrReplaceAll(ShortName(verdict), {{"_", " "}}));
}

LabelledText DecisionRow(std::string variant, std::string tier, v1::Verdict verdict, std::string text) {
  return {{{std::move(variant), Style::kCyan}, {std::move(tier), {}}, {VerdictTitle(verdict), StyleOf(verdict)}},
          {std::move(text), {}}};
}

// Over all tiers, then tiers. Those that only repeat what is said over all tiers share a row unless `is_full`.
void AppendDecisionsOf(const v1::Report& report, const v1::Decision& overall, bool is_full,
                       std::vector<LabelledText>* rows) {
  rows->push_back(DecisionRow(overall.variant(), "all tiers", overall.verdict(), overall.text()));
  std::vector<std::string> followers;
  for (const v1::Decision& tier : report.decisions()) {
    if (tier.tier().empty() || tier.variant() != overall.variant()) continue;
    const bool is_repetition = tier.verdict() == overall.verdict() && absl::StrContains(tier.text(), overall.text());
    if (is_repetition && !is_full) {
      followers.push_back(tier.tier());
    } else {
      rows->push_back(DecisionRow("", tier.tier(), tier.verdict(), tier.text()));
    }
  }
  if (followers.empty()) return;
  const absl::string_view why = overall.verdict() == v1::VERDICT_UNHEALTHY ? "" : ", not being shown to differ";
  rows->push_back(DecisionRow("", followers.size() == 1 ? "tier" : "tiers", overall.verdict(),
                              absl::StrCat(absl::StrJoin(followers, ", "), ": as over all tiers", why, ".")));
}

}  // namespace

std::string RenderHealth(const v1::Report& report, int width, bool has_color, bool is_full) {
  std::vector<const v1::HealthCheck*> checks;
  for (const v1::HealthCheck& check : report.checks()) checks.push_back(&check);
  std::stable_sort(checks.begin(), checks.end(),
                   [](const auto* a, const auto* b) { return a->status() > b->status(); });
  if (checks.empty()) return "";
  std::string out;
  if (checks.front()->status() == v1::HEALTH_STATUS_FAILED) {
    absl::StrAppend(&out, Styled(has_color, Style::kRed, "DO NOT TRUST THE LIFTS BELOW: a health check failed."), "\n");
  }
  std::vector<LabelledText> rows;
  for (const v1::HealthCheck* check : checks) {
    if (is_full || check->status() != v1::HEALTH_STATUS_OK) rows.push_back(CheckRow(*check));
  }
  absl::StrAppend(&out, RenderLabelled(rows, width, has_color, 0));
  const bool is_all_ok = checks.front()->status() == v1::HEALTH_STATUS_OK;
  const std::string ok = is_full ? "" : OkLine(report, is_all_ok);
  if (!ok.empty()) {
    absl::StrAppend(&out, Styled(has_color, is_all_ok ? Style::kGreen : Style::kDim, Paragraph(ok, width, 0)), "\n");
  }
  return out;
}

std::string RenderDecisions(const v1::Report& report, int width, bool has_color, bool is_full) {
  std::vector<LabelledText> rows;
  std::vector<std::string> rules;
  for (const v1::Decision& decision : report.decisions()) {
    if (std::find(rules.begin(), rules.end(), decision.rule()) == rules.end()) rules.push_back(decision.rule());
    if (decision.tier().empty()) AppendDecisionsOf(report, decision, is_full, &rows);
  }
  if (rows.empty()) return "";
  std::string out = absl::StrCat(Styled(has_color, Style::kBold, "Decisions"), "\n");
  absl::StrAppend(&out, RenderLabelled(rows, width, has_color, 2));
  for (const std::string& rule : rules) {
    if (!rule.empty()) absl::StrAppend(&out, Styled(has_color, Style::kDim, Paragraph(rule, width, 2)), "\n");
  }
  return out;
}

}  // namespace tierwise
