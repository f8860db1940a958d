// SPDX-License-Identifier: Apache-2.0
#include "client/cli/offer_plan_text.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/offer_plan_plots.h"
#include "client/cli/offer_plan_tables.h"
#include "client/cli/progress.h"
#include "client/cli/report_lines.h"
#include "client/cli/time_text.h"
#include "experiments/tuning/offer_words.h"

namespace tierwise {
namespace {

// Writes the parts of a plan one after the other.
class PlanWriter {
 public:
  PlanWriter(const OfferPlanView& view, Detail detail, const PlotStyle& style)
      : view_(view), plan_(view.plan), detail_(detail), style_(style) {}

  std::string Write() && {
    Head();
    Checks();
    Title("The plan");
    absl::StrAppend(&out_, RenderOffers(view_, style_));
    Totals();
    Tiers();
    Frontier();
    Cautious();
    Next();
    Trends();
    Notes();
    return std::move(out_);
  }

 private:
  void Title(absl::string_view title) {
    absl::StrAppend(&out_, "\n", Styled(style_.has_color, Style::kBold, title), "\n");
  }
  void Say(absl::string_view text) { absl::StrAppend(&out_, Paragraph(text, style_.width, 2), "\n"); }

  void Head() {
    int64_t users = 0;
    for (const v1::TierOffer& tier : plan_.tiers()) {
      for (const v1::DoseResult& dose : tier.doses()) users += dose.users();
    }
    std::string head = absl::StrCat("The best offer for each tier, by ", plan_.campaign());
    if (plan_.campaign_revision() > 0) absl::StrAppend(&head, " (revision ", plan_.campaign_revision(), ")");
    absl::StrAppend(&out_, Styled(style_.has_color, Style::kBold, head), "\n");
    // A response that is taken as known has no users worth counting.
    const bool is_counted = users < kMostCounted;
    Say(absl::StrFormat("%sas of %s; intervals hold with %.4g%%.",
                        is_counted ? absl::StrCat(WithThousands(users), " users randomised, ") : "",
                        TimeTitle(FromProto(plan_.as_of())), 100.0 * view_.confidence));
    if (view_.baseline_dose != 0.0) {
      Say(absl::StrFormat("Doses are counted from %.6g, which everyone gets anyway.", view_.baseline_dose));
    }
  }

  void Checks() {
    if (plan_.checks().empty()) return;
    absl::StrAppend(&out_, "\n",
                    Styled(style_.has_color, Style::kRed, "Do not act on this plan: its data failed health checks"),
                    "\n");
    for (const v1::HealthCheck& check : plan_.checks()) {
      Say(absl::StrCat(check.tier().empty() ? "" : absl::StrCat(check.tier(), ": "), check.message()));
    }
  }

  bool HasBudget() const { return plan_.constraints().has_budget(); }

  void Totals() {
    const v1::PlanTotals& totals = plan_.expected();
    Say(absl::StrFormat(
        "%s %s%s (standard error %s) for offers that cost %s%s.", totals.value() < 0.0 ? "Less" : "More",
        ObjectiveName(plan_), Amount(totals.value()), PlotNumber(totals.value_standard_error()),
        PlotNumber(totals.cost()),
        HasBudget() ? absl::StrCat(" of the budget of ", PlotNumber(plan_.constraints().budget())) : ""));
    if (HasBudget()) Say(ShadowPriceText(totals));
    if (totals.has_overspend_probability()) {
      Say(absl::StrFormat("The offers cost more than the budget with a chance of %.0f%%.",
                          100.0 * totals.overspend_probability()));
    }
    if (totals.best_probability() > 0.0) {
      Say(absl::StrFormat("No other plan is better with a chance of %.0f%%.", 100.0 * totals.best_probability()));
    }
    if (!totals.is_optimal()) {
      Say(absl::StrCat("The search was cut short: no plan brings more than ", PlotNumber(totals.bound()), "."));
    }
  }

  static std::string Amount(double value) { return absl::StrCat(": ", value > 0.0 ? "+" : "", PlotNumber(value)); }

  // In units of a hundredth of the budget, rounded down to a power of ten: "one more 100 of budget".
  std::string ShadowPriceText(const v1::PlanTotals& totals) const {
    if (totals.shadow_price() <= 0.0) return "More budget would bring nothing.";
    const double step = std::pow(10.0, std::floor(std::log10(std::max(plan_.constraints().budget() / 50.0, 1.0))));
    return absl::StrFormat("One more %s of budget would bring about %s.", PlotNumber(step),
                           PlotNumber(step * totals.shadow_price()));
  }

  void Tiers() {
    Title("Why");
    for (const v1::TierOffer& tier : plan_.tiers()) {
      Say(absl::StrCat(Styled(style_.has_color, Style::kBold, tier.tier()), ": ", tier.text()));
    }
    for (const v1::TierOffer& tier : plan_.tiers()) {
      // Twenty tiers' curves would hide the plan.
      if (detail_ == Detail::kCompact && plan_.tiers_size() > kMostCurves) break;
      const std::string plot = PlotProfit(view_, tier, style_);
      if (!plot.empty()) absl::StrAppend(&out_, "\n", plot);
      if (detail_ == Detail::kFull) absl::StrAppend(&out_, "\n", RenderDoses(view_, tier, style_));
    }
    if (detail_ == Detail::kCompact && plan_.tiers_size() > kMostCurves) {
      Say("-v shows each tier's profit curve and every dose.");
    }
  }

  void Frontier() {
    const std::string plot = PlotFrontier(view_, style_);
    if (plot.empty()) return;
    Title("What a budget brings");
    absl::StrAppend(&out_, plot);
    if (detail_ == Detail::kFull) absl::StrAppend(&out_, "\n", RenderFrontierTable(view_, style_));
  }

  void Cautious() {
    if (plan_.cautious_doses_size() != plan_.tiers_size()) return;
    std::vector<std::string> doses;
    for (int i = 0; i < plan_.tiers_size(); ++i) {
      doses.push_back(absl::StrCat(plan_.tiers(i).tier(), " ", DoseWords(view_.unit, plan_.cautious_doses(i))));
    }
    Title("The cautious plan");
    if (plan_.tiers_size() <= kMostCurves || detail_ == Detail::kFull)
      Say(absl::StrCat(absl::StrJoin(doses, ", "), "."));
    Say(absl::StrFormat(
        "If every tier is as bad as the lower end of its interval it is the best one: %s %s for offers "
        "that cost %s.",
        ObjectiveName(plan_), PlotNumber(plan_.cautious().value()), PlotNumber(plan_.cautious().cost())));
  }

  void Next() {
    if (plan_.next().text().empty()) return;
    Title("What to try next");
    Say(plan_.next().text());
    for (const v1::NextTier& tier : plan_.next().tiers()) {
      std::vector<std::string> arms;
      for (int i = 0; i < std::min(tier.doses_size(), tier.shares_size()); ++i) {
        arms.push_back(absl::StrFormat("%s %.0f%%", DoseWords(view_.unit, tier.doses(i)), 100.0 * tier.shares(i)));
      }
      Say(absl::StrCat(tier.tier(), ": ", absl::StrJoin(arms, ", "), " of ", WithThousands(tier.users()), " users",
                       tier.extrapolates() ? "; one dose lies beyond those tried" : "", "."));
    }
  }

  void Trends() {
    if (detail_ != Detail::kFull || view_.trends.empty()) return;
    const std::string table = RenderTrends(view_, style_);
    if (table.empty()) return;
    Title("Conversions per user by unit of dose");
    absl::StrAppend(&out_, table);
  }

  void Notes() {
    if (plan_.notes().empty() && view_.notes.empty()) return;
    Title("Notes");
    for (const std::string& note : plan_.notes()) Say(note);
    for (const std::string& note : view_.notes) Say(note);
  }

  static constexpr int kMostCurves = 6;
  static constexpr int64_t kMostCounted = 100'000'000'000;

  const OfferPlanView& view_;
  const v1::OfferPlan& plan_;
  const Detail detail_;
  const PlotStyle& style_;
  std::string out_;
};

}  // namespace

std::string ObjectiveName(const v1::OfferPlan& plan) {
  switch (plan.constraints().objective()) {
    case v1::PLAN_OBJECTIVE_CONVERSIONS:
      return "conversions";
    case v1::PLAN_OBJECTIVE_REVENUE:
      return "revenue";
    default:
      return "profit";
  }
}

std::string RenderOfferPlan(const OfferPlanView& view, Detail detail, const PlotStyle& style) {
  return PlanWriter(view, detail, style).Write();
}

}  // namespace tierwise
