// SPDX-License-Identifier: Apache-2.0
#include "client/cli/policy_text.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/offer_rule_text.h"
#include "client/cli/progress.h"
#include "client/cli/report_lines.h"
#include "client/cli/text_table.h"

namespace tierwise {
namespace {

using Align = TextTable::Align;

void AddEstimate(const char* name, const v1::PolicyEstimate& estimate, TextTable& table) {
  table.AddRow(
      {{name, {}},
       {PlotNumber(estimate.value()), {}},
       {PlotNumber(estimate.standard_error()), {}},
       {absl::StrCat("[", PlotNumber(estimate.interval().lower()), ", ", PlotNumber(estimate.interval().upper()), "]"),
        {}}});
}

std::string Title(absl::string_view title, const PlotStyle& style) {
  return absl::StrCat(Styled(style.has_color, Style::kBold, title), "\n");
}

}  // namespace

std::string RenderPolicyReport(const v1::PolicyReport& report, const PlotStyle& style) {
  TextTable table({{"per user"}, {"value", Align::kRight}, {"se", Align::kRight}, {"95 % interval"}});
  AddEstimate("the rule, doubly robust", report.doubly_robust(), table);
  AddEstimate("  weights that add up to 1", report.self_normalised(), table);
  AddEstimate("  inverse propensities", report.inverse_propensity(), table);
  AddEstimate("what was done", report.as_logged(), table);
  std::string out = table.Render(style.width, style.has_color, 2);
  absl::StrAppend(
      &out,
      Paragraph(absl::StrFormat("%s users, worth %s after weighting; largest weight %s.", WithThousands(report.users()),
                                PlotNumber(report.effective_users()), PlotNumber(report.largest_weight())),
                style.width, 2),
      "\n");
  for (const std::string& warning : report.warnings()) {
    absl::StrAppend(&out, Styled(style.has_color, Style::kYellow, Paragraph(warning, style.width, 2)), "\n");
  }
  return out;
}

std::string RenderLearntPolicy(const v1::LearnPolicyResponse& learnt, const PlotStyle& style) {
  std::string out = Title("The rule", style);
  for (const v1::OfferBranch& branch : learnt.rule().branches()) {
    v1::OfferRule one;
    *one.add_branches() = branch;
    absl::StrAppend(&out, Paragraph(OfferRuleText(one), style.width, 2), "\n");
  }
  absl::StrAppend(&out, "\n", Title("On users that it was not learnt from", style),
                  RenderPolicyReport(learnt.held_out(), style), "\n",
                  Title("The best variant for each tier, on the same users", style),
                  RenderPolicyReport(learnt.best_per_tier(), style));
  return out;
}

}  // namespace tierwise
